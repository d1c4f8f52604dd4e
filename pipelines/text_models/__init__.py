"""Text models in their learning library's own form: built, fitted, calibrated, compiled."""
