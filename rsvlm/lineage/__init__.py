"""Which code, data and parameters made a thing."""
