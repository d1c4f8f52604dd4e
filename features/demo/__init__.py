"""The generated shop: believable demo data, made on the spot and never downloaded."""
