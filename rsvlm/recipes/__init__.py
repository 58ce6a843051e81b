"""Recipes: reading, checking and describing them."""
