"""Vision tower, connector and language model."""
