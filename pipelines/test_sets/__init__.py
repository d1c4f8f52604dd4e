"""Frozen test sets: generations, their renewal, and how far they were over-fitted."""
