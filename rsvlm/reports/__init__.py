"""The static report of a recipe."""
