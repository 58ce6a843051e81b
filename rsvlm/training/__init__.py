"""One loop, its engines, checkpoints and sample order."""
