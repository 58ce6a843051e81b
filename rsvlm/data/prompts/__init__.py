"""Prompts for chat models, as versioned files."""
