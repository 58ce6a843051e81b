"""Instruction and caption templates, as files."""
