"""Registering a model, start to end: log it, decide on it against the champion, give it the alias it earned.

The decision is stored with the version before an alias changes, together with the question it answers. So a
registration that was killed half-way, or runs again, comes to the same words, and two that race are decided one after
the other, the second against the first one's champion.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities.model_registry import ModelVersion
from PIL import Image

from rsvlm.files import sha256_of
from rsvlm.imagery.pictures import decode
from rsvlm.lineage.record import lineage
from rsvlm.registry.card import About, model_card
from rsvlm.registry.database import Tracking
from rsvlm.registry.gates import Decision, Evaluation, decide
from rsvlm.registry.origin import origin_tags
from rsvlm.registry.promotion import CHALLENGER, CHAMPION, give_alias, is_rolled_back, promotion_lock, version_with
from rsvlm.registry.settings import RegisterSettings
from rsvlm.registry.store import Candidate, describe_version, load_evaluation, log_version, read_samples
from rsvlm.registry.store import content_hash as content_hash  # what fills `Subject.model_sha256`

_EXAMPLE_SIDE = 64


@dataclass(frozen=True)
class Subject:
    """What is registered.

    Attributes:
        item: the DVC item.
        about: what the system is.
        settings: the register section.
        root: the workspace.
        model: the published model folder.
        model_sha256: hash of its files (`content_hash`).
        evidence: the evaluation's evidence folder.
        metrics: flat metrics.
        facts: facts of the data's manifest.
        code: fingerprint of the code that registers.
        significance: one-sided error rate of comparisons with the champion.
    """

    item: str
    about: About
    settings: RegisterSettings
    root: Path
    model: Path
    model_sha256: str
    evidence: Path
    metrics: Mapping[str, float]
    facts: Mapping[str, Any]
    code: str
    significance: float

    @property
    def question(self) -> str:
        """The hash of everything on this side that the decision depends on."""
        settings = self.settings.model_dump(mode="json", exclude={"terms", "limits", "licence"})
        return sha256_of([self.model_sha256, dict(self.metrics), settings, self.significance])


def register(tracking: Tracking, experiment: str, run_id: str, subject: Subject) -> tuple[dict[str, Any], str]:
    """Register a model; return (its registration record, its version).

    The record holds no version, run id or time: the same model and evidence against the same champion give the same
    bytes everywhere.

    Raises:
        IntegrityError: the model folder is not whole.
        RsvlmError: the champion's artefacts are missing, or somebody changed the champion meanwhile.
    """
    settings = subject.settings
    samples = settings.samples
    evaluation = Evaluation(subject.metrics, read_samples(subject.evidence / samples.file, samples) if samples else {})
    origin = lineage(subject.root, subject.item, settings.family)
    version = log_version(tracking, experiment, run_id, _candidate(subject, origin))
    with promotion_lock(tracking, settings.name):
        record = _decide(tracking, subject, version, evaluation)
        text = json.dumps(record, sort_keys=True)
        tags = {"verdict": record["verdict"], "reason": "; ".join(record["reasons"]), "question": subject.question, "decision": text}
        card = _card(subject, origin, record)
        describe_version(tracking, settings.name, version, tags, card)
        give_alias(tracking, settings.name, version, record["alias"], version_with(tracking, settings.name, CHAMPION))
    return record, version


def _decide(tracking: Tracking, subject: Subject, version: str, evaluation: Evaluation) -> dict[str, Any]:
    """Decide against the standing champion, or return what was decided on the same question before."""
    name = subject.settings.name
    standing = version_with(tracking, name, CHAMPION)
    own = standing == version
    this = tracking.client.get_model_version(name, version)
    champion = tracking.client.get_model_version(name, standing) if standing is not None and not own else None
    against = champion.tags.get("model_sha256", "") if champion else ""
    before = _decided_before(this, subject.question)
    rolled_back = is_rolled_back(this) and not own
    if before is not None and (own or before["against"] == against) and not (rolled_back and before["alias"] == CHAMPION):
        return before
    other = load_evaluation(tracking, champion, subject.settings.samples) if champion else None
    decision = decide(subject.settings, evaluation, other, subject.significance)
    record = _record(subject, decision, against, stays=own)
    if rolled_back and record["alias"] == CHAMPION:
        why = "it was champion before and was rolled back: it becomes champion again only by hand (rsvlm promote)"
        return {**record, "verdict": CHALLENGER, "alias": CHALLENGER, "reasons": [*record["reasons"], why]}
    return record


def _decided_before(version: ModelVersion, question: str) -> dict[str, Any] | None:
    if version.tags.get("question") != question:
        return None
    try:
        stored: dict[str, Any] = json.loads(version.tags["decision"])
        return stored
    except (KeyError, ValueError):  # cut to the length of a tag
        return None


def _record(subject: Subject, decision: Decision, against: str, *, stays: bool) -> dict[str, Any]:
    main = subject.settings.metric
    numbers = {key: value for key, value in subject.metrics.items() if key == main or key.startswith(f"{main}/")}
    record = {
        **decision.as_json(),
        "name": subject.settings.name,
        "model_sha256": subject.model_sha256,
        "against": against,
        "metrics": dict(sorted(numbers.items())),
        "licence": subject.settings.licence,
    }
    if stays and decision.verdict == "refused":
        record["reasons"] = [*record["reasons"], "it stays champion until another version takes its place or somebody rolls it back"]
    elif stays:
        record["reasons"] = ["is the champion and passes every gate"]
    return record


def _candidate(subject: Subject, origin: Mapping[str, Any]) -> Candidate:
    settings = subject.settings
    return Candidate(
        name=settings.name,
        family=settings.family,
        model=subject.model,
        sha256=subject.model_sha256,
        metrics=subject.metrics,
        evidence=subject.evidence,
        kept=("summary.json", *((settings.samples.file,) if settings.samples else ())),
        card=_card(subject, origin, None),
        picture=_picture(subject.evidence),
        tags=_tags(subject, origin),
    )


def _card(subject: Subject, origin: Mapping[str, Any], record: Mapping[str, Any] | None) -> str:
    summary = json.loads((subject.evidence / "summary.json").read_bytes())
    verdict = Decision(record["verdict"], tuple(record["reasons"]), (), None) if record else None
    return model_card(subject.about, subject.item, subject.settings, subject.metrics, summary, subject.facts, origin, verdict)


def _picture(evidence: Path) -> Image.Image:
    """Return a tiny copy of an evaluation picture for the input example; a grey square where the evidence has none."""
    found = sorted((evidence / "images").glob("*"))
    image = decode(found[0].read_bytes(), found[0].name) if found else Image.new("RGB", (_EXAMPLE_SIDE, _EXAMPLE_SIDE), (128, 128, 128))
    image.thumbnail((_EXAMPLE_SIDE, _EXAMPLE_SIDE))
    return image


def _tags(subject: Subject, origin: Mapping[str, Any]) -> dict[str, str]:
    """Return a version's tags: what it is, what it may be used for, and the hashes that lead back to its inputs."""
    settings = subject.settings
    licences = sorted({licence for found in subject.facts.get("licences", {}).values() for licence in found})
    main = subject.metrics.get(settings.metric)
    tags = {
        "item": subject.item,
        "family": settings.family,
        "system": settings.system,
        "licence": settings.licence,
        "data_licences": "; ".join(licences),
        "main_metric": settings.metric,
        "main_value": "" if main is None else repr(main),
        "code": subject.code,
    }
    return tags | origin_tags(subject.root, subject.item, origin)
