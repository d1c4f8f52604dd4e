"""The model lifecycle: contract, training, gate, decision log, packaging, registry."""
