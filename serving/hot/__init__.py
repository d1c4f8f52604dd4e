"""The fast path: what is asked most, answered without FastAPI's own routing and parsing.

An operation is written once, as a function from a `Call` to a `Reply`. `routes` asks it for plain
requests; the documented FastAPI route asks the same function for all others (`calls.documented`),
so the two cannot differ in what they accept, refuse or answer.
"""
