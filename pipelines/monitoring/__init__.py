"""Is the champion still what it was promoted as? Assessments of what was asked and answered."""
