"""The slots, and how a version comes into one."""
