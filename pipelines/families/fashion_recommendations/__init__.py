"""Fashion recommendations: a customer's rating of a garment, and the garments they would like."""
