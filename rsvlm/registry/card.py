"""The model card: data and licences, numbers with intervals and baselines, limits, how to use it, how to make it again."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rsvlm.registry.gates import Decision
from rsvlm.registry.settings import RegisterSettings
from rsvlm.reports.scores import Score, scores_of
from rsvlm.reports.text import figure, visible

_USES = {
    "contrastive": 'model.predict(pandas.DataFrame({"image": [base64_image], "text": [None]}))  # or task="zero_shot", see its class',
    "instruction": 'model.predict(pandas.DataFrame({"image": [base64_image], "prompt": ["What is in this image?"]}))',
    "generation": 'model.predict(pandas.DataFrame({"prompt": ["an airport with parked planes"], "seed": [1]}))',
}


class About(Protocol):
    """What a card says about a system; a recipe's `about` section has it."""

    @property
    def system(self) -> str:
        """The recipe's name."""

    @property
    def title(self) -> str:
        """The system's name, as its authors write it."""

    @property
    def summary(self) -> str:
        """One sentence on what it is."""


def model_card(
    about: About,
    item: str,
    settings: RegisterSettings,
    metrics: Mapping[str, float],
    summary: Mapping[str, Any],
    facts: Mapping[str, Any],
    origin: Mapping[str, Any],
    decision: Decision | None,
) -> str:
    """Return the card as Markdown.

    Args:
        about: what the system is.
        item: the DVC item that made the model.
        settings: the register section.
        metrics: flat metrics.
        summary: the words that go with them, nested, from the evidence's `summary.json`.
        facts: facts of the training data's manifest (`samples`, `sources`, `licences`); empty where it is not here.
        origin: the lineage record.
        decision: what the gates said; None before they did.
    """
    parts = [
        f"# {_inline(about.title)} ({item})",
        _inline(about.summary),
        _verdict(decision),
        "## Licence and terms",
        f"Weights: {_inline(settings.licence)}. {_inline(settings.terms)}".strip(),
        "## Data",
        _data(facts),
        "## Numbers",
        "Measured on held-out scenes; 95 % bootstrap intervals. Published numbers were had on other data and are no yardstick for these.",
        _numbers(scores_of(metrics, summary)),
        "## Limits",
        _bullets(settings.limits) or "None stated.",
        "## Use",
        _usage(settings),
        "## Make it again",
        _again(about, item, origin),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _inline(text: str) -> str:
    """Return foreign text as one line in which Markdown and HTML mean nothing."""
    flat = " ".join(visible(text).split())
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", flat)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_inline(line)}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _verdict(decision: Decision | None) -> str:
    return "" if decision is None else f"Verdict: **{decision.verdict}**.\n\n{_bullets(decision.reasons)}"


def _data(facts: Mapping[str, Any]) -> str:
    sources: Mapping[str, Mapping[str, int]] = facts.get("sources", {})
    if not sources:
        return "The data folder was not in the workspace at registration; its hashes are below."
    licences: Mapping[str, Sequence[str]] = facts.get("licences", {})
    rows = [
        [
            _inline(source),
            *(figure(counts.get(split, 0)) for split in ("train", "validation", "test")),
            _inline(", ".join(licences.get(source, ()))),
        ]
        for source, counts in sorted(sources.items())
    ]
    return _table(["source", "train", "validation", "test", "licence"], rows)


def _numbers(scores: Sequence[Score]) -> str:
    rows = [
        [
            f"`{score.key}`",
            figure(score.value),
            score.interval,
            f"{figure(score.baseline)} {_inline(score.baseline_name)}".strip(),
            f"{figure(score.n)}" if score.n is not None else "",
            _inline(score.note),
            f"{figure(score.published)} {_inline(score.published_note)}".strip() if score.published is not None else "",
        ]
        for score in scores
    ]
    return _table(["metric", "value", "interval", "trivial baseline", "n", "note", "published elsewhere"], rows)


def _usage(settings: RegisterSettings) -> str:
    address = f"models:/{settings.name}@champion"
    return (
        f'```python\nimport mlflow, pandas\nmodel = mlflow.pyfunc.load_model("{address}")\n{_USES[settings.family]}\n```\n\n'
        f"```sh\nmlflow models serve -m {address} --env-manager local\n```"
    )


def _again(about: About, item: str, origin: Mapping[str, Any]) -> str:
    commit = origin.get("git", {}).get("commit") or "the commit"
    dirty = "  # there were uncommitted changes" if origin.get("git", {}).get("dirty") else ""
    folders = [[f"`{folder['path']}`", f"`{folder['sha256']}`"] for folder in origin.get("folders", ())]
    profile = item.removeprefix(about.system).lstrip("-")
    command = f"rsvlm run {about.system}" + (f" --profile {profile}" if profile else "")
    table = _table(["folder", "sha256 of its manifest"], folders) if folders else ""
    return f"```sh\ngit checkout {commit}{dirty}\nmake venv\n.venv/bin/{command}\n```\n\n{table}"
