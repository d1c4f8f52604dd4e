"""A loaded version, and the ways in which it answers."""
