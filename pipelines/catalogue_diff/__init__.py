"""What a promotion changes: which answers about the catalogue differ, ranked by sales."""
