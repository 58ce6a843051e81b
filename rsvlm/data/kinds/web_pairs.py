"""Settings of web pairs: a table of pictures with captions and addresses, and what says whether they are of remote sensing."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Share
from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.settings import Inside, Name, Settings, slots


class Columns(Settings):
    """Names of a table's columns; of a list of captions the first is taken.

    Attributes:
        picture: path of the picture, or what `pictures` makes one of.
        caption: its caption.
        url: where it was found; empty: the table does not tell.
        split: train, validation (val) or test; empty: splits are drawn.
        tags: what a classifier found in it, a list; empty: the table has none.
        confidences: of the tags, 0 to 1.
    """

    picture: Annotated[str, Field(min_length=1)] = "picture"
    caption: Annotated[str, Field(min_length=1)] = "caption"
    url: str = ""
    split: str = ""
    tags: str = ""
    confidences: str = ""


class Examples(Settings):
    """Pictures of a source that a detector learns from.

    Attributes:
        source: the source's name.
        pictures: glob pattern.
        most: so many pictures, drawn by a hash of their names.
        crops: square parts cut from each picture, drawn by its name; 0: the whole picture.
        least_crop: smallest side of a part, as a share of the picture's shorter side.
    """

    source: Name
    pictures: Inside
    most: Annotated[int, Field(ge=1)]
    crops: Annotated[int, Field(ge=0, le=100)] = 0
    least_crop: Annotated[float, Field(gt=0, le=1)] = 0.4


class DetectorSettings(Settings):
    """A logistic regression on image features that tells remote sensing pictures from others.

    Attributes:
        positives: pictures of remote sensing.
        negatives: other pictures.
        ridge: weight of the penalty.
        shares: of the pictures for fitting, validation and test (RS5M: 7 : 1 : 2).
        least_accuracy: over validation and test pictures; below it nothing is built (own choice).
    """

    positives: tuple[Examples, ...] = Field(min_length=1)
    negatives: tuple[Examples, ...] = Field(min_length=1)
    ridge: Annotated[float, Field(gt=0)] = 1.0
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2)
    least_accuracy: Share = 0.9


class WebPairs(Settings):
    """Pictures of the web with their captions (RS5M's PUB11): keywords first, then scores for the cuts of the recipe.

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        file: the table.
        layout: JSON Lines, CSV with a header, or Parquet.
        columns: names of its columns.
        pictures: path of a picture, with `{picture}` as the table has it.
        keywords: keep only captions that name remote sensing (PUB11's words).
        share: of the table's rows, drawn by a hash of the picture's name.
        validation_share: share of the training rows that becomes the validation split.
        similarity: image and text tower of the score `prompts`.
        detector: the score `detector`.
        close_up: undo a tokeniser's spacing ("runways .").
        tag_confidence: tags with it are told, the first of them.
        most_tags: most tags that are told.
        block: pictures worked on at once.
    """

    kind: Literal["web-pairs"]
    source: Name
    prefix: Name
    file: Inside
    layout: Literal["lines", "csv", "parquet"] = "lines"
    columns: Columns = Columns()
    pictures: Annotated[Inside, slots("picture")] = "{picture}"
    keywords: bool = True
    share: Share = 1.0
    validation_share: Share = 0.05
    similarity: SimilaritySettings
    detector: DetectorSettings
    close_up: bool = False
    tag_confidence: Share = 0.9
    most_tags: Annotated[int, Field(ge=1, le=20)] = 3
    block: Annotated[int, Field(ge=1, le=1024)] = 32
