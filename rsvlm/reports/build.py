"""The report of a recipe: one HTML file that needs nothing else, readable on a phone, the same bytes for the same inputs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import jinja2
from markupsafe import Markup

from rsvlm.files import verify, write_atomic
from rsvlm.lineage.record import Provenance, provenance
from rsvlm.reports.curves import curve, read_history, series_of
from rsvlm.reports.gallery import read_gallery
from rsvlm.reports.inputs import SPLITS, read_inputs
from rsvlm.reports.pictures import Album
from rsvlm.reports.scores import main_score, scores_of
from rsvlm.reports.text import figure, size, title_of, visible
from rsvlm.settings import Section

_HERE = Path(__file__).parent


class About(Protocol):
    """What a report says about a system; a recipe's `about` section has it."""

    @property
    def family(self) -> str:
        """The family of systems."""

    @property
    def system(self) -> str:
        """The recipe's name."""

    @property
    def title(self) -> str:
        """The system's name, as its authors write it."""

    @property
    def summary(self) -> str:
        """One sentence on what it is."""

    @property
    def licence(self) -> str:
        """The licence of the recipe."""


@dataclass(frozen=True)
class Training:
    """One training phase: its stage, its last step, and its curves as SVG elements."""

    stage: str
    steps: int
    curves: tuple[str, ...]


def build_report(
    item: str,
    about: About,
    sections: Mapping[str, Section],
    root: Path,
    evidence: Path,
    metrics: Mapping[str, float],
    output: Path,
) -> None:
    """Write a recipe's report.

    Args:
        item: the DVC item, for example `remoteclip` or `remoteclip-smoke`.
        about: what the system is.
        sections: the item's checked recipe sections by stage; `evaluate` names the data and the model.
        root: the workspace.
        evidence: the evaluation's published evidence folder.
        metrics: what `metrics.json` says, flat.
        output: the HTML file to write.

    Raises:
        IntegrityError: the evidence or the data folder is not whole.
        DataError: the gallery names an image that it does not hold.
        RsvlmError: the file cannot be written.
    """
    verify(evidence)
    write_atomic(output, render(item, about, sections, root, evidence, metrics).encode())


def render(item: str, about: About, sections: Mapping[str, Section], root: Path, evidence: Path, metrics: Mapping[str, float]) -> str:
    """Return the report's HTML; arguments as for `build_report`."""
    album = Album()
    inputs = read_inputs(root, str(sections["evaluate"].model_dump()["data"]), album)
    exhibits = read_gallery(evidence, album)
    scores = scores_of(metrics, _summary(evidence))
    main = main_score(scores, _main_metric(sections))
    origin = provenance(root, item, about.family)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters.update(figure=figure, size=size, words=title_of, visible=visible)
    return environment.get_template("report.html").render(
        item=item,
        recipe=about.system,
        profile=item.removeprefix(about.system).lstrip("-") or "laptop",
        last="register" if "register" in sections else "evaluate",
        about=about,
        css=Markup((_HERE / "report.css").read_text("utf-8")),
        inputs=inputs,
        splits=SPLITS,
        scores=sorted(scores, key=lambda score: score is not main),
        main=main,
        trainings=trainings(root, item, origin),
        exhibits=exhibits,
        left_out=album.left_out,
        settings={stage: settings_text(section) for stage, section in sections.items() if stage != "register"},
        origin=origin,
        code={stage: digest for stage, digest in origin.code.items() if stage in sections and stage != "register"},
    )


def trainings(root: Path, item: str, origin: Provenance) -> list[Training]:
    """Return the curves of every training phase whose checkpoint the workspace holds."""
    found = []
    for folder in origin.folders:
        history = root / folder.path / "history.json"
        if folder.path.startswith(f"models/{item}/") and history.is_file():
            steps = read_history(history)
            stage = folder.path.rsplit("/", 1)[-1]
            drawn = (Markup(curve(f"{stage} {name}", *points)) for name, points in series_of(steps).items())
            found.append(Training(stage, int(steps[-1].get("step", len(steps))) if steps else 0, tuple(drawn)))
    return found


def _summary(evidence: Path) -> dict[str, Any]:
    path = evidence / "summary.json"
    summary: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return summary


def _main_metric(sections: Mapping[str, Section]) -> str:
    return str(getattr(sections.get("register"), "metric", ""))


def settings_text(section: Section) -> str:
    """Return a section's settings as readable JSON, without the names of the recipe."""
    return json.dumps(section.model_dump(mode="json", exclude={"family", "system"}), indent=1, ensure_ascii=False, sort_keys=True)
