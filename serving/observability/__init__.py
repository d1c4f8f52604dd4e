"""What can be seen of a running server: its log lines, and figures of what the store holds."""
