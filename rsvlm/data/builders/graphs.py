"""Conversations about scene graphs: of a file that has them, or of boxes and footprints whose relations geometry decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from PIL import Image

from rsvlm.captioning.scenes import places, whole
from rsvlm.conversations.talk import as_conversations, mixed
from rsvlm.data.certain import labels_by_picture
from rsvlm.data.graph_talks import Seen, talks_of
from rsvlm.data.graphs import Graph, Node, Relate, cut, listed_triples, stored
from rsvlm.data.kinds.graphs import BoxGraphs, FootprintGraphs, SceneGraphs
from rsvlm.data.neighbours import relations
from rsvlm.data.samples import common_fields, origin_of
from rsvlm.data.work import Work
from rsvlm.records.chips import Window, encode_jpeg, windows
from rsvlm.records.geometry import checked_object
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.pictures import load
from rsvlm.records.readers import star
from rsvlm.records.readers.star_names import CATEGORIES
from rsvlm.records.splits import scene_named
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit

Settings = SceneGraphs | BoxGraphs | FootprintGraphs


@dataclass(frozen=True)
class Whole:
    """A picture before it is cut.

    Attributes:
        annotation: its annotation file.
        file: of the picture.
        scene: that it shows.
        picture: decoded.
        nodes: its usable objects.
        labels: classes of all its objects, those that cannot be used among them.
        relate: gives the relations between shown objects.
    """

    annotation: str
    file: str
    scene: str
    picture: Image.Image
    nodes: tuple[Node, ...]
    labels: frozenset[str]
    relate: Relate


def build(settings: Settings, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    wholes = _star(settings, work) if isinstance(settings, SceneGraphs) else _annotated(settings, work)
    for found in wholes:
        for window in windows(*found.picture.size, settings.chips.size, settings.chips.stride):
            yield from _sample(settings, work, found, window)


def _sample(settings: Settings, work: Work, found: Whole, window: Window) -> Iterator[Sample]:
    graph = cut(found.nodes, window, settings.chips.visible_share, found.relate)
    if not graph.shown:
        work.rejected.leave_out(settings.source, "tile without an object")
        return
    try:
        # The published names: 0000__512__x___y.
        stem = PurePosixPath(found.file).stem
        name = safe_id(settings.prefix, f"{stem}__{settings.chips.size}__{window.x}___{window.y}")
    except Unfit as unfit:
        work.drop(found.file, settings.source, unfit)
        return
    if not work.wanted(name, settings.source):
        return
    generator = work.generator("scene-graphs", name)
    talks = talks_of(_seen(settings, found, graph, window), settings.rules, generator)
    if not talks:
        work.rejected.leave_out(settings.source, "nothing can be asked")
        return
    conversations = as_conversations(name, talks)
    if work.split == "train" and generator.random() < settings.rules.mixed_share and (mix := mixed(name, talks, generator)):
        conversations.append(mix)
    part = found.picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
    fields = common_fields(work, settings.source, found.file, scene=found.scene, method="template", builder=settings.kind)
    fields |= {
        "objects": [labelled.as_json() for labelled in stored(graph.shown, graph.width, graph.height)],
        "bounds": None,
        "origin": origin_of(found.file, found.annotation, (window.x, window.y, window.width, window.height)),
        "conversations": conversations,
        "facts": _facts(graph),
    }
    yield Sample(name, encode_jpeg(part, settings.chips.quality), "jpg", fields)


_MOST_FACTS = 500


def _facts(graph: Graph) -> dict[str, object]:
    """Return the relations as the texts were made from them, objects counted as the record lists them."""
    order = {one.node.index: position for position, one in enumerate(graph.shown)}
    triples = [[order[each.subject], each.predicate, order[each.object]] for each in graph.triples]
    return {"relations": triples[:_MOST_FACTS], "relation_count": len(triples)}


def _seen(settings: Settings, found: Whole, graph: Graph, window: Window) -> Seen:
    stem = PurePosixPath(found.file).stem
    gaps = [gap for gap in settings.known.unmarked if gap.picture == stem]
    doubtful = {
        gap.noun
        for gap in gaps
        if gap.box[0] < window.x + window.width
        and gap.box[2] > window.x
        and gap.box[1] < window.y + window.height
        and gap.box[3] > window.y
    }
    anywhere = found.labels | {gap.noun for gap in gaps}
    known: Sequence[str] = settings.known.nouns
    if not known and isinstance(settings, SceneGraphs):
        known = [settings.names.get(name, name) for name in CATEGORIES]
    return Seen(graph, frozenset(doubtful), tuple(noun for noun in known if noun not in anywhere), tuple(known))


# -- boxes and footprints -----------------------------------------------------------------------------------------


def _annotated(settings: BoxGraphs | FootprintGraphs, work: Work) -> Iterator[Whole]:
    labels = labels_by_picture(settings, work)
    raw = work.source(settings.source)
    for place in places(settings, raw):
        if work.in_split(place.scene, settings.shares.as_mapping(), settings.shares.scenes):
            try:
                picture, objects = whole(settings, raw, place, work.rejected)
            except Unfit as unfit:
                work.drop(place.picture, settings.source, unfit)
                continue
            kept = [labelled for labelled in objects if not (labelled.difficult and settings.rules.skip_difficult)]
            nodes = tuple(Node(index, labelled.label, labelled.polygon) for index, labelled in enumerate(kept))
            relate = partial(relations, settings=settings.geometry)
            everything = labels.get(place.picture, frozenset())
            yield Whole(place.annotation, place.picture, place.scene, picture, nodes, everything, relate)


# -- scene graphs of a file ---------------------------------------------------------------------------------------


def _star(settings: SceneGraphs, work: Work) -> Iterator[Whole]:
    raw = work.source(settings.source)
    for annotation in raw.find(settings.annotations):
        for graph in star.read(raw.path(annotation)):
            if isinstance(graph, Unfit):
                work.drop(annotation, settings.source, graph)
                continue
            file = settings.pictures.format(stem=PurePosixPath(graph.picture).stem, name=graph.picture)
            try:
                scene = scene_named(settings.scene, file, settings.prefix, settings.source)
                if work.in_split(scene, settings.shares.as_mapping(), settings.shares.scenes):
                    yield _graph(settings, work, annotation, file, scene, graph)
            except Unfit as unfit:
                work.drop(file, settings.source, unfit)


def _graph(settings: SceneGraphs, work: Work, annotation: str, file: str, scene: str, graph: star.SceneGraph) -> Whole:
    picture = load(work.source(settings.source).path(file), settings.stretch)
    if picture.size != (graph.width, graph.height):
        raise Unfit("picture has another size than its annotation", f"{picture.size}, annotation {graph.width} x {graph.height}")
    nodes, labels = [], set()
    for index, entry in enumerate(graph.objects):
        name = settings.names.get(entry.label, entry.label)
        # What cannot be used is there all the same: its class is not absent.
        labels.update([name] if name else [])
        try:
            if entry.fault is not None:
                raise entry.fault
            labelled = checked_object(class_name(name), entry.corners, *picture.size)
        except Unfit as unfit:
            work.drop(file, settings.source, Unfit(unfit.reason, f"{entry.where}: {unfit.detail}"[:300]), kind="object")
            continue
        if not (entry.difficult and settings.rules.skip_difficult):
            nodes.append(Node(index, labelled.label, labelled.polygon))
    work.rejected.keep(len(nodes), kind="object")
    for relation in graph.relations:
        if relation.fault is not None:
            work.drop(file, settings.source, relation.fault, kind="object")
    triples = [(each.subject, each.predicate, each.object) for each in graph.relations if each.fault is None]
    relate = partial(listed_triples, triples)
    return Whole(annotation, file, scene, picture, tuple(nodes), frozenset(labels), relate)
