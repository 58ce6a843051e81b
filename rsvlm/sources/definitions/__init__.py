"""Definitions of public sources, and the sha256 of every file they list."""
