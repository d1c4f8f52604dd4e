"""What the champion board and its pages tell."""
