"""Questions about the scene graph of a picture with their answers, in FIT-RS's tasks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rsvlm.captioning.grammar import class_words, indefinite, listed
from rsvlm.captioning.grammar import counted as counted_words
from rsvlm.captioning.grammar import plural as plural_words
from rsvlm.conversations.attributes import PLACES
from rsvlm.conversations.talk import Talk
from rsvlm.data import graph_words as words
from rsvlm.data.graphs import Graph, Shown, Triple
from rsvlm.data.kinds.graphs import GraphRules
from rsvlm.data.wording import drawn, wording
from rsvlm.records.models import Polygon

_LARGER = 1.1  # the largest object must be larger than any other by so much


@dataclass(frozen=True)
class Seen:
    """A tile's graph and what else is known about it.

    Attributes:
        graph: of the tile.
        doubtful: classes of which more may show than is marked.
        absent: classes that the whole picture does not show.
        known: classes that the annotation marks wherever they are; only these can be listed as all that there is.
    """

    graph: Graph
    doubtful: frozenset[str]
    absent: tuple[str, ...]
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Asker:
    """A graph, the recipe's rules, and the random choices."""

    seen: Seen
    rules: GraphRules
    generator: np.random.Generator

    @property
    def graph(self) -> Graph:
        return self.seen.graph

    def question(self, task: str, **fields: str) -> str:
        return drawn(wording("scene-graphs")[task], self.generator).format(**fields)

    def some(self, found: Sequence[int], most: int) -> list[int]:
        """Draw at most so many, in their order."""
        return sorted(self.generator.permutation(np.asarray(found, dtype=np.int64))[:most].tolist()) if found else []

    def complete(self) -> dict[str, list[Shown]]:
        """Classes of which every object is marked and has a box in text."""
        small = {one.label for one in self.graph.shown if not self.writable(one)}
        return {label: shown for label, shown in words.by_label(self.graph.shown).items() if label not in small | self.seen.doubtful}

    def writable(self, shown: Shown) -> bool:
        return words.writable(shown, self.graph, self.rules.least_side)

    def triples(self) -> list[Triple]:
        """The relations between objects that have a box in text."""
        named = {one.node.index for one in self.graph.shown if self.writable(one)}
        return [triple for triple in self.graph.triples if triple.subject in named and triple.object in named]

    def polygons(self, shown: Sequence[Shown]) -> tuple[Polygon, ...] | None:
        """The boxes that an answer is scored against; none where not all could be listed, as the scorers skip those."""
        return tuple(one.rectangle for one in shown) if len(shown) <= self.rules.most_boxes else None

    def place(self, shown: Shown) -> str | None:
        """Return the cell of the 3 x 3 grid with the centre of what shows; None near a line."""
        found = []
        for value, extent in zip(shown.centre, (self.graph.width, self.graph.height), strict=True):
            share = min(max(value / extent, 0.0), 1.0)
            if any(abs(share - line) < self.rules.cell_margin for line in (1 / 3, 2 / 3)):
                return None
            found.append(min(int(3 * share), 2))
        return PLACES[found[1]][found[0]]

    # -- tasks ----------------------------------------------------------------------------------------------------

    def detection(self, absent: Sequence[str]) -> Iterator[Talk]:
        complete = self.complete()
        labels = list(complete)
        for position in self.some(range(len(labels)), self.rules.detections):
            label, shown = labels[position], complete[labels[position]]
            reply = words.detected(label, shown, self.graph, self.rules.most_boxes)
            yield Talk("detection", self._detect(label), reply, reply, self.polygons(shown))
        for label in absent:
            yield Talk("detection", self._detect(label), words.ABSENT, words.ABSENT)

    def _detect(self, label: str) -> str:
        return self.question("detection", noun=label, nouns=words.plural(label))

    def pairs(self) -> dict[tuple[int, int], list[str]]:
        found: dict[tuple[int, int], list[str]] = {}
        for triple in self.triples():
            found.setdefault((triple.subject, triple.object), []).append(triple.predicate)
        return found

    def relation_detection(self, absent: Sequence[str]) -> Iterator[Talk]:
        pairs = list(self.pairs().items())
        for position in self.some(range(len(pairs)), self.rules.pairs):
            (first, second), predicates = pairs[position]
            subject, target = self.graph.of(first), self.graph.of(second)
            fields = {"subject": words.reference(subject, self.graph), "object": words.reference(target, self.graph)}
            reply = words.related(subject.label, target.label, predicates)
            yield Talk("relation", self.question("relation_detection", **fields), reply, reply)

    def relation_reasoning(self, absent: Sequence[str]) -> Iterator[Talk]:
        pairs = [(pair, predicates[0]) for pair, predicates in self.pairs().items() if len(predicates) == 1]
        for position in self.some(range(len(pairs)), self.rules.pairs):
            (first, second), predicate = pairs[position]
            subject, target = self.graph.of(first), self.graph.of(second)
            fields = {"subject": words.rbox([subject], self.graph), "object": words.rbox([target], self.graph)}
            reply = words.reasoned(subject.label, target.label, predicate)
            yield Talk("reasoning", self.question("relation_reasoning", **fields), reply, reply)

    def object_reasoning(self, absent: Sequence[str]) -> Iterator[Talk]:
        if not self._all_known():
            return
        found: dict[tuple[int, str], list[int]] = {}
        for triple in self.triples():
            found.setdefault((triple.subject, triple.predicate), []).append(triple.object)
        asked = list(found.items())
        for position in self.some(range(len(asked)), self.rules.reasonings):
            (first, predicate), others = asked[position]
            shown = [one for one in self.graph.shown if one.node.index in others]
            fields = {"subject": words.reference(self.graph.of(first), self.graph), "relation": words.relation(predicate)}
            reply = words.grouped(shown, self.graph, self.rules.most_boxes)
            yield Talk("reasoning", self.question("object_reasoning", **fields), reply, reply, self.polygons(shown))

    def _all_known(self) -> bool:
        return len(self.complete()) == len({one.label for one in self.graph.shown}) and not self.seen.doubtful

    def region_graph(self, absent: Sequence[str]) -> Iterator[Talk]:
        triples = self.triples()
        candidates = [one for one in self.graph.shown if any(one.node.index in (each.subject, each.object) for each in triples)]
        for shown, phrase in self._regions(candidates if self._all_known() else []):
            mine = [triple for triple in triples if shown.node.index in (triple.subject, triple.object)]
            reply = f"The region shows {phrase}. {words.triples(mine, self.graph, self.rules.most_boxes)}"
            yield Talk("scene_graph", self.question("region_graph", region=words.rbox([shown], self.graph)), reply, reply)

    def region_caption(self, absent: Sequence[str]) -> Iterator[Talk]:
        for shown, phrase in self._regions(self.graph.shown):
            reply = f"{phrase[0].upper()}{phrase[1:]}."
            yield Talk("region_caption", self.question("region_caption", region=words.rbox([shown], self.graph)), reply, reply)

    def _regions(self, candidates: Sequence[Shown]) -> Iterator[tuple[Shown, str]]:
        described = []
        for shown in candidates:
            size, place = words.size_of(shown, self.rules), self.place(shown)
            if size and place and self.writable(shown):
                described.append((shown, words.described(shown, size, place)))
        for position in self.some(range(len(described)), self.rules.regions):
            yield described[position]

    def image_graph(self, absent: Sequence[str]) -> Iterator[Talk]:
        triples = self.triples()
        if not triples or not self._all_known():
            return
        named = {index for triple in triples for index in (triple.subject, triple.object)}
        isolated = words.by_label([one for one in self.graph.shown if one.node.index not in named])
        most = self.rules.most_boxes
        parts = [words.triples(triples, self.graph, most)]
        parts += [words.detected(label, shown, self.graph, most, isolated=True) for label, shown in isolated.items()]
        reply = " ".join(parts)
        yield Talk("scene_graph", self.question("image_graph"), reply, reply)

    def caption(self, absent: Sequence[str]) -> Iterator[Talk]:
        counts = {label: len(shown) for label, shown in self.complete().items()}
        if not counts or not self._all_known() or self.graph.cut - set(counts):
            return
        ordered = sorted(counts, key=lambda label: (-counts[label], label))
        reply = f"The image shows {listed([counted_words(class_words(label), counts[label]) for label in ordered])}."
        largest, *others = sorted(self.graph.shown, key=lambda one: -one.area)
        if (place := self.place(largest)) and others and largest.area >= _LARGER * others[0].area:
            reply += f" The largest object is {indefinite(class_words(largest.label))} {words.part_of(place)}."
        yield Talk("caption", self.question("caption"), reply, reply)

    def visual_question(self, absent: Sequence[str]) -> Iterator[Talk]:
        short, complete = wording("scene-graphs")["short"], self.complete()
        present = sorted({one.label for one in self.graph.shown})
        for label, answer in [*((present[index], "yes") for index in self.some(range(len(present)), 1)), *((one, "no") for one in absent)]:
            question = self.question("presence", one=indefinite(class_words(label)))
            yield Talk("presence", f"{question}{short}", answer, answer)
        labels = list(complete)
        for index in self.some(range(len(labels)), 1):
            answer = str(len(complete[labels[index]]))
            question = self.question("counting", nouns=plural_words(class_words(labels[index])))
            yield Talk("counting", f"{question}{short}", answer, answer)

    def multi_label(self, absent: Sequence[str]) -> Iterator[Talk]:
        present = {one.label for one in self.graph.shown}
        options = present | set(self.seen.known)
        if not present or len(options) < 2 or (self.graph.cut | self.seen.doubtful) - present:
            return
        reply, classes = (", ".join(sorted(class_words(label) for label in labels)) for labels in (present, options))
        question = self.question("multi_label", classes=classes)
        yield Talk("multi_label", f"{question}{wording('scene-graphs')['all_classes']}", reply, reply)


def talks_of(seen: Seen, rules: GraphRules, generator: np.random.Generator) -> list[Talk]:
    """Return all questions about a tile.

    Args:
        seen: its graph, and which classes are in doubt or absent.
        rules: of the recipe.
        generator: makes all random choices.
    """
    asker = _Asker(seen, rules, generator)
    drawn_absent = [seen.absent[index] for index in asker.some(range(len(seen.absent)), rules.absent)]
    ways: dict[str, Callable[[Sequence[str]], Iterator[Talk]]] = {
        "detection": asker.detection,
        "relation-detection": asker.relation_detection,
        "relation-reasoning": asker.relation_reasoning,
        "object-reasoning": asker.object_reasoning,
        "region-graph": asker.region_graph,
        "image-graph": asker.image_graph,
        "region-caption": asker.region_caption,
        "caption": asker.caption,
        "question": asker.visual_question,
        "multi-label": asker.multi_label,
    }
    return [talk for task in rules.tasks for talk in ways[task](drawn_absent)]
