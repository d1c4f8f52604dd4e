"""MLflow's registry over HTTP: versions, aliases, files."""
