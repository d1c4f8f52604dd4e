"""Failure drills: faults caused on purpose in a throw-away stack, and what is promised of each."""
