"""Models from code: one file a family, which MLflow stores beside the weights and runs on load; no pickles."""
