"""The command `contender` and the supervisor behind `contender up`."""
