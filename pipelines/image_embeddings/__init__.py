"""Picture embeddings: frozen encoders that turn product pictures into vectors."""
