"""The data engine: corpora of image-text pairs and conversations, built, screened, checked and described."""
