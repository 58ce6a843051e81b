"""Check FIT-RS conversations: every box, count, relation and word of an answer against the scene graph worked out again."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import shapely
import shapely.affinity

from rsvlm.captioning.grammar import class_words, indefinite, plural
from rsvlm.data.checkers.graph_evidence import Scene, scene_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_ITEM = r"\{<(\d{1,3}\.\d\d)><(\d{1,3}\.\d\d)><(\d{1,3}\.\d\d)><(\d{1,3}\.\d\d)>\|<(\d{1,2})>\}"
_PLAIN = re.sub(r"\((?!\?)", "(?:", _ITEM)
_BOXES = rf"<rbox>\({_PLAIN}(?:, {_PLAIN})*\)</rbox>"
_END = r"(?P<rest>\.|, and due to the context length, the remaining (?:objects|relationships) are not listed\.)"
# An answer of detection ends with its boxes; a sentence of a graph has a full stop.
_DETECTED_END = r"(?P<rest>\.|, and due to the context length, the remaining objects are not listed\.|)"
_DETECTED = re.compile(
    rf"There (?P<be>is|are) (?P<count>\d+) (?P<isolated>isolated )?(?P<name>.+?) in the image: (?P<boxes>{_BOXES}){_DETECTED_END}"
)
_TRIPLE = rf"1 (?:[^<]+?)(?:{_BOXES}) <rel>(?:[^<]+)</rel> 1 (?:[^<]+?)(?:{_BOXES})"
_TRIPLES = re.compile(rf"(?P<all>{_TRIPLE}(?:, {_TRIPLE})*){_END}")
_ONE = re.compile(rf"1 (?P<a>[^<]+?)(?P<first>{_BOXES}) <rel>(?P<word>[^<]+)</rel> 1 (?P<b>[^<]+?)(?P<second>{_BOXES})")
_GROUP = re.compile(rf"(?P<count>\d+) (?P<name>[^<,]+?)(?P<boxes>{_BOXES})")
_REFERENCE = re.compile(rf"<ref>(?P<name>[^<]+)</ref>(?P<boxes>{_BOXES})")
_RELATED = re.compile(r"There (?P<be>is|are) (?P<count>\d+) relationships? between (?P<a>.+?) and (?P<b>.+?): (?P<list>.+)")
_REGION = re.compile(
    r"(?:The region shows a|A) (?P<size>small|medium|large|giant) (?P<name>.+?), (?P<seen>fully|partly) visible, "
    r"on the (?P<place>[a-z ]+) part of the image\.(?: (?P<more>.+))?"
)
_REFUSAL = "I'm sorry, I cannot answer as the given image does not contain any given objects."
_SIZES = ("small", "medium", "large", "giant")
_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")


@dataclass(frozen=True)
class _Reader:
    """One record: its scene, its size in pixels, the recipe's rules."""

    scene: Scene
    width: int
    height: int
    rules: Mapping[str, Any]

    def shapes(self, text: str) -> list[shapely.Polygon]:
        """Return the rectangles of `<rbox>(...)</rbox>`: centre, width, height in percent of the longer side, turned clockwise.

        Angles are cut to whole degrees, upright boxes have 90; half a degree more is the middle of what is meant.
        """
        side = max(self.width, self.height) / 100
        found = []
        for match in re.finditer(_ITEM, text):
            x, y, width, height = (float(value) * side for value in match.groups()[:4])
            box = shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            found.append(shapely.affinity.rotate(box, float(match[5]) + (0.5 if match[5] != "90" else 0.0), origin=(x, y)))
        return found

    def nearest(self, shape: shapely.Polygon, label: str | None = None) -> int | None:
        """Return the object whose rectangle a box shows, or None where it is nobody's."""
        best, place = 0.6, None
        for index, found in enumerate(self.scene.objects):
            if label in (None, found.label):
                shared = found.rectangle.intersection(shape).area
                if (share := shared / (found.rectangle.area + shape.area - shared)) > best:
                    best, place = share, index
        return place

    def each(self, text: str, label: str | None = None) -> list[int | None]:
        return [self.nearest(shape, label) for shape in self.shapes(text)]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    reader = _Reader(scene_of(record, evidence), record["width"], record["height"], evidence.rules(record)[0]["rules"])
    faults, angles = [], []
    for talk in record["conversations"]:
        texts = [turn["text"] for turn in talk["turns"]]
        for question, reply in zip(texts[::2], texts[1::2], strict=True):
            yield from _checked(reader, question, reply)
        angles += [int(match[5]) for text in texts for match in re.finditer(_ITEM, text)]
        if talk["task"] != "mixed" and talk.get("answer") != texts[-1]:
            faults.append(talk["id"])
    yield stated("format", f"{len(angles)} angles", all(angle <= 90 for angle in angles), "not all in (0, 90], cut to whole degrees")
    yield stated("format", "answers", not faults, f"not the last turn: {faults}")


def _checked(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    references, boxes = len(_REFERENCE.findall(question)), question.count("<rbox>")
    if question.startswith("[detection]"):
        yield from _detection(reader, question, reply)
    elif question.endswith("\nAnswer with all applicable classes separated by commas."):
        found = sorted({class_words(one.label) for one in reader.scene.objects})
        hidden = reader.scene.hidden - {one.label for one in reader.scene.objects}
        yield stated("presence", reply, reply.split(", ") == found and not hidden, f"there are {found}, and in part {sorted(hidden)}")
    elif question.endswith("\nAnswer in one word or a short phrase."):
        yield from _short(reader, question.partition("\n")[0], reply)
    elif "<rel>" in question:
        yield from _others(reader, question, reply)
    elif references == 2:
        yield from _between(reader, question, reply)
    elif boxes == 2:
        yield from _reasoned(reader, question, reply)
    elif boxes == 1:
        yield from _region(reader, question, reply)
    elif reply.startswith("The image shows "):
        yield from _caption(reader, reply)
    else:
        yield from _image_graph(reader, reply)


def _class_in(reader: _Reader, question: str, name: str) -> bool:
    """Say whether a question asks for a class: it or its plural stands there, and no longer class's name around it."""
    words = re.findall(r"[\w]+(?: [\w]+)*", question)
    return any(re.search(rf"(?<![\w-]){re.escape(name)}s?(?![\w-])", word) for word in words)


def _detection(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    if reply == _REFUSAL:
        there = sorted(label for label in reader.scene.anywhere if _class_in(reader, question, label))
        yield stated("presence", question, not there, f"the picture shows {there}")
        return
    match = _DETECTED.fullmatch(reply)
    if match is None or match["isolated"]:
        yield unread(reply)
        return
    yield from _listed(reader, match, None)
    name = match["name"] if match["count"] == "1" else match["name"][:-1]
    yield stated("format", question, _class_in(reader, question, name), f"the answer is about {name}")


def _listed(reader: _Reader, match: re.Match[str], among: set[int] | None) -> Iterator[Statement]:
    """Check `There are N names in the image: boxes`; `among` are the objects that may be meant, all where None."""
    count, most = int(match["count"]), reader.rules["most_boxes"]
    name = match["name"] if count == 1 else match["name"].removesuffix("s")
    right = match["be"] == "is" if count == 1 else match["be"] == "are" and match["name"].endswith("s")
    meant = [i for i, found in enumerate(reader.scene.objects) if found.label == name and (among is None or i in among)]
    yield stated("count", match[0], len(meant) == count and name not in reader.scene.doubtful, f"{len(meant)} {name}")
    places = reader.each(match["boxes"], name)
    yield stated("geometry", match[0], _distinct(places) and set(places) <= set(meant), f"boxes show objects {places}, meant are {meant}")
    end = "" if among is None else "."
    whole = len(places) == min(count, most) and (match["rest"] != end) == (count > most) and right
    yield stated(
        "count", match[0], whole, f"{len(places)} boxes for {count}, at most {most}; plurals are the name and an s, ends with {end!r}"
    )


def _distinct(places: list[int | None]) -> bool:
    return None not in places and len(set(places)) == len(places)


def _short(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    labels = {label: class_words(label) for label in sorted(reader.scene.anywhere)}
    present = {one.label for one in reader.scene.objects}
    if match := re.fullmatch(r"(?:Is there (?P<a>.+) in the image|Does the image show (?P<b>.+))\?", question):
        noun = match["a"] or match["b"]
        asked = [label for label, words in labels.items() if indefinite(words) == noun]
        truth = "yes" if any(label in present for label in asked) else "no" if not asked else "in part"
        yield stated("presence", f"{question} {reply}", reply == truth, truth)
    elif match := re.fullmatch(r"How many (.+) are there in the image\?", question):
        counts = [
            reader.scene.count(label) for label, words in labels.items() if plural(words) == match[1] and label not in reader.scene.doubtful
        ]
        yield stated("count", f"{question} {reply}", [reply] == [str(count) for count in counts], f"{counts}")
    else:
        yield unread(question)


def _related(reader: _Reader, first: int | None, second: int | None) -> list[str]:
    return sorted(word for a, word, b in reader.scene.relations if (a, b) == (first, second))


def _between(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    (a, first), (b, second) = ((match["name"], match["boxes"]) for match in _REFERENCE.finditer(question))
    i, j = reader.each(first, a)[0], reader.each(second, b)[0]
    yield stated("geometry", question, i is not None and j is not None, "a box is nobody's")
    match = _RELATED.fullmatch(reply)
    words = [re.fullmatch(rf"{re.escape(a)} <([^<>]+)> {re.escape(b)}", part) for part in match["list"].split(", ")] if match else []
    if match is None or not all(words):
        yield unread(reply)
        return
    said = sorted(word[1] for word in words if word)
    yield stated("relation", reply, said == _related(reader, i, j) and (match["a"], match["b"]) == (a, b), f"{_related(reader, i, j)}")
    yield stated("count", reply, int(match["count"]) == len(said) and (match["be"] == "is") == (len(said) == 1), f"{len(said)}")


def _reasoned(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    match = re.fullmatch(r"subject: ([^<,]+), object: ([^<,]+), relationship: <rel>([^<]+)</rel>", reply)
    if match is None:
        yield unread(reply)
        return
    i, j = reader.each(question)
    yield stated("geometry", question, i is not None and j is not None, "a box is nobody's")
    if i is not None and j is not None:
        names = reader.scene.objects[i].label, reader.scene.objects[j].label
        yield stated("presence", reply, (match[1], match[2]) == names, f"{names}")
        yield stated("relation", reply, [match[3]] == _related(reader, i, j), f"{_related(reader, i, j)}")


def _others(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    subject, word = _REFERENCE.search(question), re.search(r"<rel>([^<]+)</rel>", question)
    end = re.search(_END + "$", reply)
    groups = list(_GROUP.finditer(reply))
    if subject is None or word is None or end is None or ", ".join(group[0] for group in groups) + end[0] != reply:
        yield unread(reply)
        return
    i = reader.each(subject["boxes"], subject["name"])[0]
    truth = {b for a, other, b in reader.scene.relations if a == i and other == word[1]}
    said: list[int | None] = []
    for group in groups:
        count = int(group["count"])
        name = group["name"] if count == 1 else group["name"].removesuffix("s")
        places = reader.each(group["boxes"], name)
        yield stated("count", group[0], len(places) == count, f"{len(places)} boxes")
        said += places
    most = reader.rules["most_boxes"]
    held = _distinct(said) and set(said) <= truth and len(said) == min(len(truth), most) and (end["rest"] != ".") == (len(truth) > most)
    yield stated("relation", reply, held, f"objects {sorted(truth)}, said {said}")


def _region(reader: _Reader, question: str, reply: str) -> Iterator[Statement]:
    match = _REGION.fullmatch(reply)
    place = reader.each(question)[0]
    if match is None:
        yield unread(reply)
        return
    yield stated("geometry", question, place is not None, "the box is nobody's")
    if place is None:
        return
    found = reader.scene.objects[place]
    yield stated("presence", reply, found.label == match["name"], found.label)
    size = _SIZES[sum(found.visible.area >= limit for limit in reader.rules["sizes"])]
    yield stated("size", reply, size == match["size"], f"{found.visible.area:.0f} square pixels")
    yield stated("attribute", reply, (match["seen"] == "fully") == found.whole, f"whole: {found.whole}")
    yield stated("position", reply, match["place"] == _place(reader, found.rectangle), _place(reader, found.rectangle))
    if match["more"] is not None:
        mine = {triple for triple in reader.scene.relations if place in (triple[0], triple[2])}
        yield from _triples(reader, match["more"], mine)


def _place(reader: _Reader, rectangle: shapely.Polygon) -> str:
    centre = rectangle.centroid
    column = min(math.floor(3 * centre.x / reader.width), 2)
    row = min(math.floor(3 * centre.y / reader.height), 2)
    return " ".join(word for word in (_ROWS[max(row, 0)], _COLUMNS[max(column, 0)]) if word) or "central"


def _triples(reader: _Reader, text: str, truth: set[tuple[int, str, int]]) -> Iterator[Statement]:
    match = _TRIPLES.fullmatch(text)
    if match is None:
        yield unread(text)
        return
    said, most = [], reader.rules["most_boxes"]
    for one in _ONE.finditer(match["all"]):
        triple = (reader.each(one["first"], one["a"])[0], one["word"], reader.each(one["second"], one["b"])[0])
        said.append(triple)
        yield stated("relation", one[0], triple in truth, "no such relation")
    complete = len(set(said)) == len(said) == min(len(truth), most) and (match["rest"] != ".") == (len(truth) > most)
    yield stated("count", text, complete, f"{len(truth)} relations, {len(set(said))} said")


def _image_graph(reader: _Reader, reply: str) -> Iterator[Statement]:
    match = _TRIPLES.match(reply)
    if match is None:
        yield unread(reply)
        return
    yield from _triples(reader, match[0], reader.scene.relations)
    named = {place for a, _, b in reader.scene.relations for place in (a, b)}
    alone = set(range(len(reader.scene.objects))) - named
    labels, rest = Counter(reader.scene.objects[place].label for place in alone), reply[match.end() :].strip()
    while rest:
        found = _DETECTED.match(rest)
        if found is None or not found["isolated"]:
            yield unread(rest)
            return
        yield from _listed(reader, found, alone)
        labels.pop(found["name"] if found["count"] == "1" else found["name"].removesuffix("s"), None)
        rest = rest[found.end() :].strip()
    yield stated("count", reply, not labels, f"without a relation, and not said: {dict(labels)}")


def _caption(reader: _Reader, reply: str) -> Iterator[Statement]:
    match = re.fullmatch(
        r"The image shows (?P<list>.+?)\.(?: The largest object is (?P<noun>.+?) on the (?P<place>[a-z ]+) part of the image\.)?", reply
    )
    if match is None:
        yield unread(reply)
        return
    truth = Counter(class_words(found.label) for found in reader.scene.objects)
    phrases = sorted(indefinite(noun) if count == 1 else f"{count} {plural(noun)}" for noun, count in truth.items())
    said = sorted(re.split(r", | and ", match["list"]))
    yield stated("count", reply, said == phrases and not reader.scene.doubtful, f"{phrases}")
    if match["noun"]:
        largest = max(reader.scene.objects, key=lambda found: found.visible.area)
        yield stated("size", reply, indefinite(class_words(largest.label)) == match["noun"], largest.label)
        yield stated("position", reply, _place(reader, largest.rectangle) == match["place"], _place(reader, largest.rectangle))
