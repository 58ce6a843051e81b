"""Settings of captions that are chosen from several candidates of one picture (RS5M's RS3)."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, Share, SplitShares
from rsvlm.chat.settings import ChatSettings
from rsvlm.data.kinds.meta import MetaCaptions
from rsvlm.data.kinds.scene_words import SceneWords
from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.settings import Inside, Name, Pattern, Settings


class NeighbourCandidates(Settings):
    """Captions of the training pictures whose features are nearest: a captioner that needs no training.

    Attributes:
        source: a source of captioned pictures.
        file: its list (JSON Lines of image, split and captions).
        pictures: so many of its training pictures, drawn by a hash of their names.
        neighbours: nearest pictures whose captions are taken.
        count: candidates; of nearer pictures first, each text once.
    """

    kind: Literal["neighbours"]
    source: Name
    file: Inside = "pairs.jsonl"
    pictures: Annotated[int, Field(ge=2, le=1_000_000)] = 150
    neighbours: Annotated[int, Field(ge=1, le=100)] = 4
    count: Annotated[int, Field(ge=1, le=100)] = 20


class ChatCandidates(Settings):
    """Captions that a model draws, which sees the picture (RS5M: 20 by nucleus sampling with top_k 50 and top_p 0.95).

    Attributes:
        model: the model; its temperature, top_k and top_p say how it draws.
        prompt: file name in `rsvlm/data/prompts`, without ending.
        draws: candidates.
    """

    kind: Literal["chat"]
    model: ChatSettings
    prompt: Name = "short-caption"
    draws: Annotated[int, Field(ge=1, le=100)] = 20


Candidates = Annotated[NeighbourCandidates | ChatCandidates, Field(discriminator="kind")]


class Ranked(Settings):
    """The best of several captions by two models, one after the other, and the one that turning the picture does not move.

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        pictures: glob pattern.
        scene: regular expression; its first group, found in the file's name, names the scene, which lies in one split.
        share: of the pictures, drawn by a hash of their names.
        shares: of scenes by split.
        candidates: where captions come from.
        classes: candidates that name another class than the picture's path tells, or none, are passed over; null: all are ranked.
        first: the model that ranks all candidates.
        second: the model that ranks what the first one keeps, and measures the change under rotation.
        keep_first: captions that the first model keeps.
        keep: captions that the second model keeps of these.
        rotations: the picture is turned by as many equal steps of a whole turn (12: every 30 degrees).
        fill: what fills the corners of a turned picture: its own reflection at the edges (not published; own choice).
        metadata: a sentence from metadata that goes before every caption (RS5M: meta-caption, space, caption).
        stretch: lower and upper percentile that rasters are stretched between.
        longest_side: larger pictures are reduced to this many pixels.
        quality: JPEG quality of pictures that are rendered.
    """

    kind: Literal["ranked"]
    source: Name
    prefix: Name
    pictures: Inside
    scene: Pattern = "^(.*)$"
    share: Share = 1.0
    shares: SplitShares = SplitShares()
    candidates: Candidates
    classes: SceneWords | None = None
    first: SimilaritySettings
    second: SimilaritySettings
    keep_first: Annotated[int, Field(ge=1)] = 10
    keep: Annotated[int, Field(ge=1)] = 5
    rotations: Annotated[int, Field(ge=1, le=360)] = 12
    fill: Literal["reflect"] = "reflect"
    metadata: MetaCaptions | None = None
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    longest_side: Annotated[int, Field(ge=64, le=4096)] = 512
    quality: Annotated[int, Field(ge=50, le=100)] = 92
