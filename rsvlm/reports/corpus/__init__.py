"""The static report of a corpus."""
