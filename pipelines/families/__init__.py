"""Model families, one package each; found by name through the catalogue, never imported."""
