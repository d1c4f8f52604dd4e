"""One reader for each kind of source; every one hands on text, and the schema gives it types."""
