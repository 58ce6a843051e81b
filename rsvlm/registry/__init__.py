"""MLflow models, gates and cards."""
