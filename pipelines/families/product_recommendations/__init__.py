"""Product recommendations: what a user would give an item, and which items to show them."""
