"""The report of a corpus: one HTML file that needs nothing else, the same bytes for the same inputs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from rsvlm.data.card import METHODS, computed_biases, most, vocabulary_lines
from rsvlm.data.counts import gsd_names
from rsvlm.data.settings import CorpusEvaluateSettings, CorpusSettings
from rsvlm.files import verify, write_atomic
from rsvlm.lineage.record import provenance
from rsvlm.records.models import SPLITS
from rsvlm.records.shards import Shards
from rsvlm.reports.build import About, settings_text
from rsvlm.reports.corpus.drawings import Histogram, bars, histogram, place_map
from rsvlm.reports.corpus.records import false_statements, set_aside, shown_records
from rsvlm.reports.pictures import Album
from rsvlm.reports.text import figure, size, title_of, visible
from rsvlm.settings import Section

_HERE = Path(__file__).parent
_EACH_REASON = 4
_LISTED = 12
_TABLES = (
    ("labels", "Class of the image", "images"),
    ("objects", "Annotated objects", "objects"),
    ("tasks", "Task", "conversations"),
    ("methods", "How texts came about", "images"),
    ("builders", "Builder", "images"),
    ("generators", "Written by", "images"),
    ("sensors", "Sensor", "images"),
    ("gsd", "Ground sample distance", "images"),
    ("sequences", "Sequences", "sequences"),
    ("licences", "Licence", "images"),
)
_LANGUAGES = {"en": ("English", "words"), "zh": ("Chinese", "characters")}


def build_corpus_report(item: str, about: About, section: Section, corpus: Section, root: Path, evidence: Path, output: Path) -> None:
    """Write a corpus's report.

    Args:
        item: the DVC item, for example `rsicap` or `rsicap-smoke`.
        about: what the corpus is.
        section: the recipe's evaluate section.
        corpus: its caption or instruct section.
        root: the workspace.
        evidence: the examination's published evidence folder (`counts.json`, `false.jsonl`).
        output: the HTML file to write.

    Raises:
        IntegrityError: the evidence or the corpus is not whole.
        RsvlmError: the file cannot be written.
    """
    assert isinstance(section, CorpusEvaluateSettings)
    assert isinstance(corpus, CorpusSettings)
    verify(evidence)
    write_atomic(output, render(item, about, section, corpus, root, evidence).encode())


def render(item: str, about: About, section: CorpusEvaluateSettings, corpus: CorpusSettings, root: Path, evidence: Path) -> str:
    """Return the report's HTML; arguments as for `build_corpus_report`."""
    album = Album()
    shards = Shards(root / section.data)
    counts: dict[str, Any] = json.loads((evidence / "counts.json").read_bytes())
    origin = provenance(root, item, about.family)
    stages = {"instruct" if section.data.startswith("data/conversations/") else "caption": corpus, "evaluate": section}
    loader = jinja2.FileSystemLoader([_HERE, _HERE.parent])
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters.update(figure=figure, size=size, words=title_of, visible=visible)
    return environment.get_template("corpus.html").render(
        item=item,
        recipe=about.system,
        profile=item.removeprefix(about.system).lstrip("-") or "laptop",
        last="evaluate",
        about=about,
        css=Markup((_HERE.parent / "report.css").read_text("utf-8") + (_HERE / "corpus.css").read_text("utf-8")),
        counts=counts,
        metrics=counts["metrics"],
        splits=tuple(reversed(SPLITS)),
        tables=_tables(counts),
        methods=METHODS,
        histograms=_histograms(counts["lengths"]),
        vocabulary=vocabulary_lines(counts),
        map=place_map(counts["places"]),
        biases=[*computed_biases(counts), *corpus.biases],
        layouts=corpus.layouts,
        published=corpus.published,
        samples=shown_records(shards, section.shown, album),
        untrue=false_statements(evidence, shards, section.shown, album),
        set_aside=set_aside(root / section.data, root / section.judge, _EACH_REASON, album),
        left_out_pictures=album,
        settings={stage: settings_text(part) for stage, part in stages.items()},
        origin=origin,
        code={stage: digest for stage, digest in origin.code.items() if stage in ("acquire", *stages)},
    )


def _tables(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of counts that say something, as bars."""
    found = []
    for key, title, unit in _TABLES:
        values = counts[key]
        ordered = [(name, values[name]) for name in gsd_names() if name in values] if key == "gsd" else most(values, _LISTED)
        if ordered:
            found.append({"key": key, "title": title, "unit": unit, "bars": bars(ordered, longest=max(values.values()))})
    return found


def _histograms(lengths: Mapping[str, Mapping[str, Any]]) -> list[Histogram]:
    return [
        histogram(f"{kind}, {_LANGUAGES[language][0]}", _LANGUAGES[language][1], summary)
        for kind, by_language in sorted(lengths.items())
        for language, summary in sorted(by_language.items())
    ]
