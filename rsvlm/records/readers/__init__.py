"""Readers of annotation formats: each turns one file into labelled objects and names file and line when it cannot."""
