"""Checkers: read what a record says and hold it against the annotations; they know nothing of the builders."""
