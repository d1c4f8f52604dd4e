"""Product descriptions to product codes."""
