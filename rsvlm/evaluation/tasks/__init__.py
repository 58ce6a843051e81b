"""One module a task: ask the model through the worker pool, score what it said, show samples."""
