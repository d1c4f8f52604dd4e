"""The decision log: append-only, hash-chained, with its prediction files."""
