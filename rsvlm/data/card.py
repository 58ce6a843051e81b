"""The card of a data set: what it holds, where that comes from, how true it is, what was set aside, what it is biased to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rsvlm.data.counts import UNKNOWN, counts_of, gsd_names
from rsvlm.data.settings import CorpusSettings
from rsvlm.records.models import SPLITS
from rsvlm.settings import Section

__all__ = ["METHODS", "card", "computed_biases", "counts_of"]

METHODS: dict[str, str] = {
    "native": "captions or answers that the source brings",
    "b2c": "sentences by rule from annotated boxes",
    "m2b": "sentences by rule from boxes around the regions of masks",
    "label": "sentences by rule from class labels",
    "osm": "sentences by rule from OpenStreetMap tags",
    "cover": "sentences by rule from shares of land cover",
    "meta": "sentences by rule from metadata (place, date, sensor, resolution)",
    "template": "texts from templates filled from the annotations",
    "model": "written by a model from facts it was given, and checked against them",
    "ranked": "chosen among several candidates by a model's score",
}
"""How texts came about, in words, by a record's `method`."""
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_LISTED = 20


def card(corpus: Section, counts: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """Return the card as Markdown; the same bytes for the same arguments.

    Args:
        corpus: the recipe's caption or instruct section.
        counts: what `counts_of` counted.
        metrics: the flat metrics of the examination.
    """
    assert isinstance(corpus, CorpusSettings)
    parts = [
        f"# Data set card: {inline(corpus.system)}",
        _headline(counts, metrics),
        "## Sources and licences",
        _sources(counts),
        "## How the texts were made",
        _made(counts),
        "## Texts",
        _texts(counts),
        "## Checks",
        _checks(metrics),
        "## Set aside",
        _rejected(counts),
        "## What it shows",
        _shown(counts),
        "## Known biases and gaps",
        _bullets([*computed_biases(counts), *corpus.biases]),
        "## Parts read from files of the real layout only",
        _bullets(corpus.layouts) or "None: every kind of source was read from real samples.",
        *_published(corpus),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def inline(text: str) -> str:
    """Return foreign text as one line in which Markdown and HTML mean nothing."""
    flat = "".join(character if character.isprintable() else " " for character in text)
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(flat.split())[:500])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {inline(line)}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [[f"{cell:,}" if isinstance(cell, int) else inline(str(cell)) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *cells))


def most(counts: Mapping[str, int], listed: int = _LISTED) -> list[tuple[str, int]]:
    """Return (value, count), most frequent first; what comes after the first `listed` as one line."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = ordered[listed:]
    return [*ordered[:listed], *([(f"{len(rest):,} others", sum(count for _, count in rest))] if rest else [])]


def _headline(counts: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    lines = [f"{counts['records']:,} images from {len(counts['sources'])} sources, {counts['image_bytes'] / 1e6:,.1f} MB of pictures"]
    if counts["captions"]:
        lines.append(f"{counts['captions']:,} captions")
    if counts["conversations"]:
        lines.append(f"{counts['conversations']:,} conversations of {counts['turns']:,} turns")
    if "facts/precision" in metrics:
        lines.append(f"{_share(metrics['facts/precision'])} of {metrics['statements']:,.0f} checked statements hold")
    return "\n".join(f"- {line}" for line in lines)


def _share(value: float) -> str:
    return f"{100 * value:.2f} %"


def _sources(counts: Mapping[str, Any]) -> str:
    rows = [
        [source, *(splits.get(split, 0) for split in reversed(SPLITS)), ", ".join(counts["source_licences"][source])]
        for source, splits in sorted(counts["sources"].items())
    ]
    return "\n\n".join(
        [
            _table(["source", *reversed(SPLITS), "licence"], rows),
            _table(["licence", "images"], most(counts["licences"])),
            f"Licence unknown: {_share(counts['licence_unknown_share'])} of the images. Every record carries its own licence.",
        ]
    )


def _made(counts: Mapping[str, Any]) -> str:
    methods = _table(["method", "images", "what it is"], [[name, count, METHODS.get(name, "")] for name, count in most(counts["methods"])])
    parts = [methods]
    if set(counts["builders"]) != {UNKNOWN}:
        parts.append(_table(["builder", "images"], most(counts["builders"])))
    if counts["generators"]:
        parts.append(_table(["written by", "images"], most(counts["generators"])))
    if answers := counts["answers"]:
        parts.append(f"{answers['answers']:,} answers of models: {answers['tokens_in']:,} tokens read, {answers['tokens_out']:,} written.")
    if counts["tasks"]:
        parts.append(_table(["task", "conversations"], most(counts["tasks"])))
    return "\n\n".join(parts)


def _texts(counts: Mapping[str, Any]) -> str:
    rows = [
        [f"{kind}, {_LANGUAGES[language]}", found["count"], _unit(language), found["mean"], found["median"], found["longest"]]
        for kind, by_language in sorted(counts["lengths"].items())
        for language, found in sorted(by_language.items())
    ]
    lengths = _table(["texts", "number", "counted in", "mean", "median", "longest"], rows)
    return f"{lengths}\n\n{_bullets(vocabulary_lines(counts))}"


def _unit(language: str) -> str:
    return "characters" if language == "zh" else "words"


def vocabulary_lines(counts: Mapping[str, Any]) -> list[str]:
    """Return one sentence a language: vocabulary and lexical diversity."""
    found = []
    for language, texts in sorted(counts["vocabulary"].items()):
        line = f"{_LANGUAGES[language]}: {texts['vocabulary']:,} different {_unit(language)} among {texts['words']:,}"
        diversity = texts.get("mtld")
        if diversity and diversity["value"] is not None:
            line += f"; lexical diversity (MTLD) {diversity['value']:g}, on {diversity['texts']:,} drawn texts"
        found.append(line)
    return found


def _checks(metrics: Mapping[str, float]) -> str:
    if "facts/precision" not in metrics:
        return "No text of this corpus makes statements that its sources' annotations could be held against; nothing was checked."
    value, low, high = (metrics[f"facts/precision{end}"] for end in ("", "/low", "/high"))
    lines = [
        f"A checker that shares no rule with the builders read {metrics['statements']:,.0f} statements of "
        f"{metrics['checked_records']:,.0f} images again and held them against the annotations: "
        f"{_share(value)} hold (95 % interval {_share(low)} to {_share(high)})."
    ]
    if "facts/precision/baseline" in metrics:
        lines.append(f"Of the same texts put under other pictures, {_share(metrics['facts/precision/baseline'])} hold.")
    kinds = sorted(key.split("/")[1] for key in metrics if re.fullmatch(r"facts/[^/]+/precision", key))
    rows = [[kind, _share(metrics[f"facts/{kind}/precision"])] for kind in kinds]
    return f"{' '.join(lines)}\n\n{_table(['statements about', 'that hold'], rows)}"


def _rejected(counts: Mapping[str, Any]) -> str:
    rows = [[entry["kind"], entry["source"], entry["reason"], entry["count"]] for entry in counts["rejected"]]
    left_out = [
        ["left out", source, reason, count] for source, found in sorted(counts["left_out"].items()) for reason, count in found.items()
    ]
    if not rows and not left_out:
        return "Nothing was set aside."
    return _table(["kind", "source", "reason", "times"], [*rows, *left_out])


def _shown(counts: Mapping[str, Any]) -> str:
    gsd = [(name, counts["gsd"][name]) for name in gsd_names() if name in counts["gsd"]]
    tables = [
        ("class of the image", "images", most(counts["labels"])),
        ("object", "objects", most(counts["objects"])),
        ("sensor", "images", most(counts["sensors"])),
        ("ground sample distance", "images", gsd),
    ]
    copies = counts["near_copies"]
    said = (
        f"Copies inside the corpus: {copies['same_bytes']:,} images share their bytes with another one, "
        f"{copies['near']:,} have a near copy (perceptual hashes that differ in at most one bit of 64)."
    )
    return "\n\n".join([*(_table([name, what], rows) for name, what, rows in tables if rows), said])


def computed_biases(counts: Mapping[str, Any]) -> list[str]:
    """Return what the counts say is lopsided: one sentence each on classes, resolution, places and languages."""
    found = []
    for what, words in (("labels", "labelled images"), ("objects", "annotated objects")):
        ranked, total = most(counts[what], 1), sum(counts[what].values())
        if total:
            name, count = ranked[0]
            found.append(f"Classes: '{name}' is {_share(count / total)} of the {total:,} {words} ({len(counts[what]):,} classes).")
    if counts["gsd_range"]:
        low, high = counts["gsd_range"]
        known = counts["records"] - counts["gsd"].get(UNKNOWN, 0)
        found.append(f"Resolution: {low:.3g} to {high:.3g} m a pixel, known of {_share(known / counts['records'])} of the images.")
    else:
        found.append("Resolution: not known of any image.")
    places = counts["places"]
    if places["known"]:
        west, south, east, north = places["bounds"]
        found.append(
            f"Places: known of {_share(places['known'] / counts['records'])} of the images, between longitudes {west:g} and {east:g} and "
            f"latitudes {south:g} and {north:g}, in {len(places['cells']):,} cells of {places['degrees']} degree."
        )
    else:
        found.append("Places: not known of any image.")
    total = sum(counts["languages"].values())
    shares = [f"{_LANGUAGES[language]} {_share(count / total)}" for language, count in sorted(counts["languages"].items())]
    return [*found, f"Languages: {', '.join(shares)} of the texts."] if shares else found


def _published(corpus: CorpusSettings) -> list[str]:
    if corpus.published is None:
        return []
    size = corpus.published
    words = f"The paper's own corpus holds {size.words} ({inline(size.note)})."
    return ["## The published corpus", f"{words} These are the paper's figures, not ours: nothing above counts them."]
