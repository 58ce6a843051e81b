"""Builders: from raw sources to samples, one module a way of making texts."""
