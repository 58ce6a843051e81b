"""Settings of scene graphs in words, as FIT-RS asks for them: objects with oriented boxes and the relations between them."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, ChipSettings, FootprintPictures, Percent, Share, SplitShares
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.settings import Inside, Name, Pattern, Settings, slots

Asked = Literal[
    "detection", "relation-detection", "relation-reasoning", "object-reasoning", "region-graph", "image-graph",
    "region-caption", "caption", "question", "multi-label",
]  # fmt: skip
ALL_TASKS: tuple[Asked, ...] = (
    "detection", "relation-detection", "relation-reasoning", "object-reasoning", "region-graph", "image-graph",
    "region-caption", "caption", "question", "multi-label",
)  # fmt: skip


class GraphRules(Settings):
    """What is asked about a graph, and in which words.

    Published by FIT-RS: tiles of 512 pixels that overlap by 100, 55 % of an object in its tile, 20 boxes an answer, one absent
    class a picture, the words of the answers and of detection's 13 questions, difficult objects skipped. The other numbers and
    the words of the other questions are ours.

    Attributes:
        tasks: which are asked.
        most_boxes: boxes (or triples) of one answer; the rest is said to be not listed.
        absent: questions for one class that the picture does not show, of each task that has such a question.
        detections: classes asked for in one picture.
        pairs: pairs of objects asked about in one picture, by each of the two relation tasks.
        reasonings: subjects and relations of object reasoning in one picture.
        regions: regions captioned, and regions with a graph, in one picture.
        mixed_share: share of training pictures with one conversation of several tasks.
        sizes: areas (square pixels of the tile) from which an object is medium, large and giant; below the first it is small.
        size_margin: an object within this share of such an area has no size in words.
        cell_margin: an object has a position in words where its centre is so far (share of the side) from the lines that
            divide the picture into nine.
        skip_difficult: leave difficult objects out, as the published tool does; otherwise they are objects like others.
        least_side: objects with a shorter side (pixels) have no box in an answer, as the public scorers drop them.
    """

    tasks: tuple[Asked, ...] = ALL_TASKS
    most_boxes: Annotated[int, Field(ge=1, le=100)] = 20
    absent: Annotated[int, Field(ge=0, le=5)] = 1
    detections: Annotated[int, Field(ge=0, le=48)] = 3
    pairs: Annotated[int, Field(ge=0, le=20)] = 2
    reasonings: Annotated[int, Field(ge=0, le=20)] = 2
    regions: Annotated[int, Field(ge=0, le=20)] = 2
    mixed_share: Share = 0.05
    sizes: tuple[float, float, float] = (1024.0, 9216.0, 65536.0)
    size_margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.03
    skip_difficult: bool = True
    least_side: Annotated[float, Field(ge=0, le=50)] = 2.0


class Alongside(Settings):
    """Two parallel neighbours of a class are said to be, say, `docked alongside with` each other.

    Attributes:
        noun: their class.
        words: of the relation.
        at: class of an object that both must touch or neighbour; empty: of none.
    """

    noun: str
    words: str
    at: str = ""


class GeometrySettings(Settings):
    """Relations by geometry alone, for annotations that have none; all limits are ours.

    A pair of objects has at most one relation of contact, the first of: `inside`, one of `alongside`, `parallel to`,
    `adjacent`; and at most one of direction: `left of`, `right of`, `above`, `below`.

    Attributes:
        inside: share of an object's area that lies in the other.
        near: neighbours have a gap of at most this many shorter sides of the one that has the lesser shorter side.
        overlap: and neither covers more than this share of the other.
        parallel: their long axes differ by at most so many degrees.
        elongated: and both are at least so many times as long as wide.
        reach: directions are said of objects with a gap of at most this many longer sides of the one with the lesser.
        straight: and the shorter offset of their centres is at most this share of the longer one.
        alongside: relations of parallel neighbours by class.
    """

    inside: Annotated[float, Field(gt=0.5, le=1)] = 0.9
    near: Annotated[float, Field(ge=0, le=5)] = 0.5
    overlap: Annotated[float, Field(gt=0, lt=1)] = 0.5
    parallel: Annotated[float, Field(ge=0, le=45)] = 10.0
    elongated: Annotated[float, Field(ge=1)] = 1.5
    reach: Annotated[float, Field(ge=0, le=10)] = 1.0
    straight: Annotated[float, Field(gt=0, lt=1)] = 0.25
    alongside: tuple[Alongside, ...] = ()


class SceneGraphs(Settings):
    """Graphs of a file of scene graphs (STAR).

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        annotations: glob pattern of the files.
        pictures: path of a picture, with `{stem}` or `{name}` of its file name in the graph.
        names: class in the file -> class in the texts; others keep their names, underscores and all.
        scene: regular expression; its first group, found in the picture's name, names the scene.
        shares: of scenes by split.
        stretch: percentiles that 16-bit rasters are stretched between.
        chips: how pictures are cut; the published tiles unless said otherwise.
        known: which classes the annotation is complete for; none named: all of STAR's.
        rules: what is asked.
    """

    kind: Literal["scene-graphs"]
    source: Name
    prefix: Name
    annotations: Inside
    pictures: Annotated[Inside, slots("stem", "name")]
    names: dict[str, str] = Field(default_factory=dict)
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares(test=0.2, validation=0.0)
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    chips: ChipSettings = ChipSettings(size=512, stride=412, visible_share=0.55)
    known: KnownClasses = KnownClasses()
    rules: GraphRules = GraphRules()


class BoxGraphs(BoxPictures):
    """Graphs of annotated boxes, their relations by geometry."""

    kind: Literal["box-graphs"]
    chips: ChipSettings = ChipSettings(size=512, stride=412, visible_share=0.55)
    known: KnownClasses = KnownClasses()
    geometry: GeometrySettings = GeometrySettings()
    rules: GraphRules = GraphRules()


class FootprintGraphs(FootprintPictures):
    """Graphs of footprints on a raster, their relations by geometry."""

    kind: Literal["footprint-graphs"]
    chips: ChipSettings = ChipSettings(size=512, stride=412, visible_share=0.55)
    known: KnownClasses = KnownClasses()
    geometry: GeometrySettings = GeometrySettings()
    rules: GraphRules = GraphRules()
