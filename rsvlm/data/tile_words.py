"""Captions of located tiles by rule, and the facts that a chat model is given instead."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rsvlm.captioning.grammar import counted, indefinite, listed
from rsvlm.captioning.quantities import decimal, measured
from rsvlm.data.cover_words import called
from rsvlm.data.kinds.located_tiles import LocatedTiles
from rsvlm.data.metadata import slots_of
from rsvlm.data.wording import drawn, wording

_KILOMETRE = 1000.0


def length_words(metres: float) -> str:
    """Return a length: `640 metres`, from a kilometre on `2.56 kilometres`."""
    return measured(metres, "metre") if metres < _KILOMETRE else measured(metres / _KILOMETRE, "kilometre", decimals=2)


def told_cover(facts: Mapping[str, Any], settings: LocatedTiles) -> list[tuple[str, int]]:
    """Return (class, whole percentage) of the land cover that is told, most first."""
    shares = [(name, share) for name, share in (facts.get("cover") or {}).items() if share >= settings.least_share]
    return [(name, int(100 * share + 0.5)) for name, share in shares[: settings.told]]


def rule_caption(facts: Mapping[str, Any], size: tuple[int, int], settings: LocatedTiles, generator: np.random.Generator) -> str:
    """Return the caption of a tile.

    Args:
        facts: of the tile, with gsd (metres) and level of the picture as it is stored.
        size: width and height of that picture in pixels.
        settings: of the builder.
        generator: chooses among wordings.
    """
    words, slots = wording("located-tiles"), slots_of(facts, settings.decimals)
    kind = "place" if facts.get("place") else "sensor" if facts.get("sensor") else "bare"
    said = [words["opening"][kind].format(**{"zone": "unknown", **slots})]
    across, down = (length_words(side * float(facts["gsd"])) for side in size)
    resolution = drawn(words["resolution"], generator)
    said.append(resolution.format(gsd=slots["gsd"], level=facts["level"], across=across, down=down))
    if told := told_cover(facts, settings):
        said.append(drawn(words["cover"], generator).format(list=listed([f"{share}% {called(name)}" for name, share in told])))
    if facts.get("buildings") is not None:
        buildings = counted("building", facts["buildings"]) if facts["buildings"] else "no buildings"
        said.append(words["buildings"].format(buildings=buildings))
    if facts.get("label"):
        said.append(words["label"].format(label=indefinite(facts["label"])))
    return " ".join(said)


def prompt_values(facts: Mapping[str, Any], settings: LocatedTiles) -> dict[str, str]:
    """Return the slots of a captioner's prompt: a line of metadata, and semantic information."""
    slots = slots_of(facts, settings.decimals)
    metadata = [f"{slots['latitude']}, {slots['longitude']}", f"{slots['gsd']} a pixel, resolution level {facts['level']}"]
    metadata = [*filter(None, (facts.get("place"), facts.get("sensor"))), *metadata]
    semantics = [f"{share}% {called(name)}" for name, share in told_cover(facts, settings)]
    if facts.get("buildings"):
        semantics.append(counted("building", facts["buildings"]))
    if facts.get("label"):
        semantics.append(str(facts["label"]))
    return {"metadata": "; ".join(metadata), "semantics": listed(semantics) or "none"}


def granted_numbers(facts: Mapping[str, Any], settings: LocatedTiles) -> frozenset[float]:
    """Return the numbers that a model's caption may hold."""
    numbers = {float(share) for _, share in told_cover(facts, settings)} | {float(facts["level"])}
    for key in ("longitude", "latitude"):
        numbers |= {float(decimal(abs(float(facts[key])), places)) for places in range(settings.decimals + 1)}
    return frozenset(numbers | {float(decimal(float(facts["gsd"]), places)) for places in range(3)})
