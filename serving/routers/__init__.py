"""One file per interface; each is thin over the slots."""
