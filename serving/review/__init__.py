"""The review desk: lines, choices, orders."""
