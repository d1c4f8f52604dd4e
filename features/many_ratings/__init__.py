"""Ratings past one machine's memory: read and cleaned by Spark, handed on in two parts.

The *panel* is a frame like any other, of as many users as one machine holds; every split and every
test set comes from it. The *rest* are the ratings of all other users, chosen by a hash of their id;
only fitting sees them, as arrays. What a test set withholds is withheld from the rest as well: it
may be of an earlier day, when its users were in the panel.
"""
