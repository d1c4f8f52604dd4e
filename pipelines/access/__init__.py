"""Who may do what: keys with roles, sessions of the console, and the log of who did what."""
