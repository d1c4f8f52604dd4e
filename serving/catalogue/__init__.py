"""The catalogue as people search it, by text and by voice."""
