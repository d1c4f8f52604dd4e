"""Logs and traces of every process: structured, with the ids that lead from one to the other."""
