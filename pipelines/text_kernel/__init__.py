"""The text kernel: what a text model needs to answer, in arrays; no learning library."""
