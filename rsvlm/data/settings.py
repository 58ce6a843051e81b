"""Settings of a corpus: its builders, its screens and selections in their order, and what the published one holds."""

from typing import Annotated

from pydantic import Field

from rsvlm.captioning.settings import CopySettings, Subset
from rsvlm.data.kinds.boxes import BoxCaptions
from rsvlm.settings import Section, Settings

# One entry a kind, sorted by its name.
Builder = Annotated[
    BoxCaptions,
    Field(),
]


class PublishedSize(Settings):
    """What the literature says the whole corpus holds; never ours.

    Attributes:
        images: number of images.
        texts: captions or conversations.
        note: where the figures are printed.
    """

    images: Annotated[int, Field(ge=1)]
    texts: Annotated[int, Field(ge=1)]
    note: str


class CorpusSettings(Section):
    """How a corpus is built.

    Attributes:
        builders: where its records come from.
        samples_per_shard: samples in one tar.
        longest: texts of more characters are set aside.
        subset: share of the samples kept.
        copies: near copies of evaluation pictures are dropped from training.
        published: the size of the published corpus, for `rsvlm plan`.
        layouts: parts for which no real sample is at hand, so that only files of the real layout were read; for the card.
        biases: what is known to be lopsided, for the card.
    """

    builders: Annotated[tuple[Builder, ...], Field(min_length=1)]
    samples_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 1000
    longest: Annotated[int, Field(ge=10, le=20_000)] = 2000
    subset: Subset = Subset()
    copies: CopySettings = CopySettings()
    published: PublishedSize | None = None
    layouts: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()


class CorpusEvaluateSettings(Section):
    """How a corpus is examined.

    Attributes:
        data: the corpus, `data/pairs/<item>` or `data/conversations/<item>`.
        model: what is judged: the corpus again.
        judge: what it is held against: `data/raw/<item>`.
        least_precision: the least share of true statements; the stage fails below it.
        shown: records shown in the report.
    """

    data: str
    model: str
    judge: str
    least_precision: Annotated[float, Field(ge=0, le=1)] = 1.0
    shown: Annotated[int, Field(ge=1, le=100)] = 12
