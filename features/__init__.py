"""Data and features: knows no model, no MLflow, no Prefect and no HTTP server."""
