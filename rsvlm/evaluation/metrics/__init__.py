"""Pure metric functions: arrays and texts in, numbers and per-sample vectors out. No models, no files."""
