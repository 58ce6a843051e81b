"""Rasters, pictures, chips, bands and georeferences."""
