"""Rollouts: a challenger among real requests, by a recorded decision with a clock and an end."""
