"""Spans of requests: from the first byte over the model to the log. Loaded where traces are on."""
