"""Labels on request: an undecided verdict asks for the labels that would decide it."""
