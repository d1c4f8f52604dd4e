"""Jobs: a whole file or the whole catalogue scored by one champion, apart from the requests."""
