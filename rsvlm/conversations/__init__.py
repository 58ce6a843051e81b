"""Instruction building."""
