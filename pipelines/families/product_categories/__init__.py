"""Hardware-store product names to categories."""
