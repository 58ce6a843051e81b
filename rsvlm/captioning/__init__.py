"""Captions from boxes, masks, labels and retrieval sets."""
