"""Published encoders that several families build on."""
