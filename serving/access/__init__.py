"""Who is let in: callers by key or session, roles of routes, rates, and the trail of what was done.

Nothing is allowed that is not declared in `rules`.
"""
