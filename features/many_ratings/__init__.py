"""Ratings past one machine's memory: read and cleaned by Spark, handed on in two parts.

The *panel* is a frame like any other: users of whom some ratings may be tested, as many of them as
one machine holds. The *rest* are all ratings of users whom no split ever tests; only fitting sees
them, as arrays. A user is in one or the other by a hash of their id, for ever, so that nothing that
is tested can be among the rest.
"""
