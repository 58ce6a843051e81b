"""Tasks, metrics, intervals and baselines."""
