"""Prefect flows and the command line: they order and watch stages, and know nothing of what a stage does."""
