"""Verdicts at rest: how they are recorded, found again and replayed."""
