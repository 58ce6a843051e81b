"""Geometry and time in text: how each system writes boxes, polygons, marks and image sequences, and exact converters."""
