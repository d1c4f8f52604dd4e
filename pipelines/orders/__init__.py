"""Incoming order lines and the catalogue that they are matched with."""
