"""Encoders and objectives that put images and text in one space."""
