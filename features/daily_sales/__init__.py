"""Daily sales: one row per product and day, read as such or made from order lines by an engine."""
