"""Pair and conversation records, shards, splits and leak checks."""
