"""Settings of the image-text similarity that candidates are ranked by and records selected by."""

from typing import Annotated

from pydantic import Field

from rsvlm.contrastive.settings import Text, Vision, Weights
from rsvlm.settings import Inside, Name, Settings


class FitSettings(Settings):
    """How image features are brought into the space of texts where the two towers were never trained together.

    Attributes:
        source: a source of images with captions.
        file: its list of pairs (JSON Lines of image, split and captions).
        pictures: so many of its training pictures, drawn by a hash of their names.
        penalty: ridge penalty, in units of the number of pictures.
    """

    source: Name
    file: Inside = "pairs.jsonl"
    pictures: Annotated[int, Field(ge=10, le=100_000)] = 600
    penalty: Annotated[float, Field(gt=0)] = 1.0


class SimilaritySettings(Settings):
    """An image tower and a text tower whose cosine says how well a text fits a picture.

    Attributes:
        vision: the image tower.
        text: the text tower.
        weights: their published weights; with `whole`, a CLIP checkpoint whose projections make the shared space.
        embedding: size of a CLIP's shared space.
        fit: the ridge regression that stands in for projections where there are none.
    """

    vision: Vision
    text: Text
    weights: Weights
    embedding: Annotated[int, Field(ge=1)] = 512
    fit: FitSettings | None = None
