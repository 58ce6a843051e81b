"""Settings of the quality steps: screens in their order, copies, percentiles and balance; every threshold is here."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Name, Settings

Share = Annotated[float, Field(ge=0, le=1)]
KeptShare = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Level = Annotated[int, Field(ge=0, le=255)]
Positive = Annotated[float, Field(gt=0)]
Phrases = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
Language = Literal["english", "chinese"]


class LengthScreen(Settings):
    """Captions too short or too long.

    Attributes:
        least_words: fewest words; a Chinese character counts as a word.
        most_words: most words.
        least_characters: fewest characters.
        most_characters: most characters.
    """

    kind: Literal["length"]
    least_words: Count = 1
    most_words: Count = 1_000
    least_characters: Count = 1
    most_characters: Count = 2_000

    @model_validator(mode="after")
    def _ordered(self) -> "LengthScreen":
        if self.least_words > self.most_words or self.least_characters > self.most_characters:
            raise ValueError("the least length is above the most")
        return self


class LanguageScreen(Settings):
    """Captions in another language.

    Attributes:
        allowed: languages that captions may have.
        least_share: share of the letters that must be of the language's script.
        foreign_words: a text in Latin letters with this many function words of other languages, and more than of
            English, is not English.
    """

    kind: Literal["language"]
    allowed: Annotated[tuple[Language, ...], Field(min_length=1)] = ("english",)
    least_share: KeptShare = 0.9
    foreign_words: Annotated[int, Field(ge=1)] = 3


class KeywordScreen(Settings):
    """Captions that name nothing of remote sensing; a record stays when one of its captions does.

    Attributes:
        pub11: accept the keywords by which RS5M chose PUB11 (`keywords.yaml`).
        phrases: further phrases that are accepted, as they stand, at word boundaries; case ignored.
    """

    kind: Literal["keyword"]
    pub11: bool = True
    phrases: Phrases = ()

    @model_validator(mode="after")
    def _something(self) -> "KeywordScreen":
        if not self.pub11 and not self.phrases:
            raise ValueError("without pub11 there must be phrases, or nothing is kept")
        return self


class WordScreen(Settings):
    """Captions with words that they may not have.

    Attributes:
        lists: word lists of `words.yaml`: what a chat model says when it refuses, vague words, words of map data.
        words: further words or phrases, at word boundaries; case ignored.
    """

    kind: Literal["words"]
    lists: tuple[Literal["refusal", "vague", "map-data"], ...] = ("refusal",)
    words: Phrases = ()

    @model_validator(mode="after")
    def _something(self) -> "WordScreen":
        if not self.lists and not self.words:
            raise ValueError("name a list or give words")
        return self


class LinkScreen(Settings):
    """Captions that are a web address or a file name.

    Attributes:
        most_share: largest share of the characters that addresses and file names may take.
    """

    kind: Literal["link"]
    most_share: Share = 0.5


class SizeScreen(Settings):
    """Pictures too small or too long; needs only the record's width and height.

    Attributes:
        least_side: shortest side in pixels.
        least_area: pixels.
        most_aspect: longer side over shorter side.
    """

    kind: Literal["size"]
    least_side: Count = 0
    least_area: Count = 0
    most_aspect: Annotated[float, Field(ge=1)] = 10.0


class BrokenScreen(Settings):
    """Pictures that cannot be decoded; the other picture screens say the same, this one does nothing else."""

    kind: Literal["broken"]


class BlankScreen(Settings):
    """Pictures of one grey value, or with much black or white without data at the border.

    Attributes:
        most_constant: largest share of pixels with the most frequent grey value.
        most_missing: largest share of black or white pixels that hang together with the border.
        dark: all channels up to this level are black.
        light: all channels from this level on are white.
    """

    kind: Literal["blank"]
    most_constant: Share = 0.9
    most_missing: Share = 0.25
    dark: Level = 2
    light: Level = 254


class CloudScreen(Settings):
    """RGB pictures with much bright ground without colour, as clouds are.

    Attributes:
        most_share: largest share of such cells.
        bright: level of the brightest channel from which on a cell is bright.
        saturation: most difference of the channels, as a share of the brightest.
    """

    kind: Literal["cloud"]
    most_share: Share = 0.3
    bright: Level = 220
    saturation: Share = 0.15


class CloudBandsScreen(Settings):
    """Sentinel-2 pictures with many cloudy pixels, by their bands (see `rsvlm.quality.clouds`).

    Attributes:
        most_share: largest share of cloudy pixels.
        green: reflectance of B03 above which a pixel with B03 > B04 is cloud.
        bright: reflectance of B03 above which a pixel is cloud whatever its colour.
        infrared: reflectance of B11 that clouds exceed and snow does not.
        blue_to_red: B02 / B04 that clouds exceed and bright sand does not.
        cirrus: reflectance of B10 above which a pixel is cirrus; only where there is such a band.
    """

    kind: Literal["cloud-bands"]
    most_share: Share = 0.3
    green: Positive = 0.175
    bright: Positive = 0.39
    infrared: Annotated[float, Field(ge=0)] = 0.2
    blue_to_red: Annotated[float, Field(ge=0)] = 0.7
    cirrus: Positive = 0.01


class OceanScreen(Settings):
    """Pictures of open water: mostly blue, and with little to see.

    Attributes:
        most_share: largest share of pixels that are bluer than red by `margin`.
        margin: levels.
        least_entropy: bits of the grey values; a picture with more shows something besides water.
    """

    kind: Literal["ocean"]
    most_share: Share = 0.9
    margin: Level = 10
    least_entropy: Annotated[float, Field(ge=0, le=8)] = 5.0


class UniformScreen(Settings):
    """Pictures with little to see, of any colour.

    Attributes:
        least_entropy: bits of the grey values (0 to 8).
    """

    kind: Literal["uniform"]
    least_entropy: Annotated[float, Field(ge=0, le=8)] = 3.0


class SharpScreen(Settings):
    """Blurred pictures.

    Attributes:
        least_variance: of the Laplacian of the grey values (0 to 255), at the picture's own size.
    """

    kind: Literal["sharp"]
    least_variance: Annotated[float, Field(ge=0)] = 20.0


Screen = Annotated[
    LengthScreen
    | LanguageScreen
    | KeywordScreen
    | WordScreen
    | LinkScreen
    | SizeScreen
    | BrokenScreen
    | BlankScreen
    | CloudScreen
    | CloudBandsScreen
    | OceanScreen
    | UniformScreen
    | SharpScreen,
    Field(discriminator="kind"),
]


class EqualCopies(Settings):
    """Records that agree in a value: the bytes of the picture, its address, or what the caption says."""

    kind: Literal["equal"]
    value: Literal["sha256", "url", "caption"] = "sha256"


class PerceptualCopies(Settings):
    """Pictures whose perceptual hashes differ in fewer than `below` of 64 bits.

    Attributes:
        below: the limit.
        segments: into how many parts a hash is cut to find candidates; at least `below`. Fewer are faster.
    """

    kind: Literal["perceptual"]
    below: Annotated[int, Field(ge=1, le=16)] = 2
    segments: Literal[1, 2, 4, 8, 16] = 2

    @model_validator(mode="after")
    def _enough(self) -> "PerceptualCopies":
        if self.below > self.segments:
            raise ValueError("segments must be at least below, or copies are missed")
        return self


class EmbeddingCopies(Settings):
    """Pictures whose embeddings point the same way.

    Attributes:
        least_cosine: pictures at least this alike are joined.
        neighbours: join a picture with at most so many nearest ones (RS5M: 5); none: with all that are alike.
    """

    kind: Literal["embedding"]
    least_cosine: Annotated[float, Field(gt=0, le=1)] = 0.95
    neighbours: Annotated[int, Field(ge=1, le=100)] | None = None


CopyStep = Annotated[EqualCopies | PerceptualCopies | EmbeddingCopies, Field(discriminator="kind")]


class Copies(Settings):
    """What counts as a copy, and which of several copies stays.

    Attributes:
        steps: in their order; each looks at what the earlier ones left.
        prefer: sources whose copies stay, the best first; sources not named come after them.
        last: sources whose copies go first.
        builder: compare the records of this kind of builder alone; the others stay.
    """

    steps: Annotated[tuple[CopyStep, ...], Field(min_length=1)]
    prefer: tuple[Name, ...] = ()
    last: tuple[Name, ...] = ()
    builder: Name | None = None

    @model_validator(mode="after")
    def _apart(self) -> "Copies":
        if shared := sorted(set(self.prefer) & set(self.last)):
            raise ValueError(f"{shared[0]} is both preferred and last")
        return self


class Percentile(Settings):
    """Keep the records with the highest scores.

    Attributes:
        score: the score's name.
        keep: share of the records.
        groups: cut in each source or class on its own.
        builder: cut the records of this kind of builder alone; the others stay.
    """

    score: Name
    keep: KeptShare
    groups: Literal["source", "label"] | None = None
    builder: Name | None = None


class Balance(Settings):
    """Caps of what is too frequent.

    Attributes:
        most_of_class: most records of one class.
        most_of_cluster: most records of one cluster of embeddings.
        most_texts: source -> most captions and conversations of it to train with; whole records, drawn by a hash of their ids.
        clusters: so many clusters, by spherical k-means.
        tag_threshold: a tag that occurs more often keeps about so many of its occurrences.
    """

    most_of_class: Annotated[int, Field(ge=1)] | None = None
    most_of_cluster: Annotated[int, Field(ge=1)] | None = None
    most_texts: dict[Name, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    clusters: Annotated[int, Field(ge=1, le=100_000)] = 20
    tag_threshold: Annotated[int, Field(ge=1)] | None = None


class QualitySettings(Settings):
    """All quality steps of a dataset, in the order in which they run.

    Attributes:
        screens: on single records; the first that drops one ends it.
        copies: which records are copies of others.
        percentiles: each over the same records; a record must be in the kept share of all of them.
        balance: caps.
        seed: of every draw.
    """

    screens: tuple[Screen, ...] = ()
    copies: Copies | None = None
    percentiles: tuple[Percentile, ...] = ()
    balance: Balance = Balance()
    seed: Count = 0
