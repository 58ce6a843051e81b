"""The `register` stage: hold the evaluation against the gates and register the model with the alias that it earned."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.stage import Stage, main
from rsvlm.errors import IntegrityError
from rsvlm.files import MANIFEST, read_manifest, readable_json, verify, write_atomic
from rsvlm.recipes.load import load_recipe, split_item
from rsvlm.registry.settings import RegisterSettings

logger = logging.getLogger("rsvlm.register")


def run(stage: Stage) -> None:
    """Decide on one model, register it, and write `reports/<item>/registration.json`.

    A refused model is registered too, without an alias and with the reason; that is a result, not a failure.
    """
    # MLflow takes seconds to import; a wrong recipe is told first
    from components.tracking import recipe_run
    from rsvlm.registry.database import open_tracking
    from rsvlm.registry.registration import Subject, content_hash, register

    settings = stage.section
    assert isinstance(settings, RegisterSettings)
    reports = stage.root / "reports" / stage.item
    model = stage.root / settings.model
    evidence = reports / "evidence"
    verify(evidence)
    subject = Subject(
        item=stage.item,
        about=stage.about,
        settings=settings,
        root=stage.root,
        model=model,
        model_sha256=content_hash(verify(model)),
        evidence=evidence,
        metrics=_metrics(reports / "metrics.json"),
        facts=_facts(stage),
        code=stage.code,
        significance=stage.parameters.gates.significance,
    )
    tracking = open_tracking(stage.root, stage.parameters.tracking)
    experiment, parent = recipe_run(tracking, stage)
    decision, version = register(tracking, experiment, parent, subject)
    write_atomic(reports / "registration.json", readable_json(decision))
    _say(settings.name, version, decision)


def _metrics(path: Path) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads(path.read_bytes())
        return {key: float(value) for key, value in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise IntegrityError(f"{path}: not a flat table of numbers ({error}); evaluate again") from None


def _facts(stage: Stage) -> Mapping[str, Any]:
    """Return the facts of the data that the model was trained on, where that folder is in the workspace."""
    name, profile = split_item(stage.item)
    sections = load_recipe(stage.root, name).sections[profile]
    data = stage.root / str(sections["evaluate"].model_dump()["data"]) if "evaluate" in sections else stage.root
    return read_manifest(data).facts if (data / MANIFEST).is_file() else {}


def _say(name: str, version: str, decision: Mapping[str, Any]) -> None:
    alias = f", alias {decision['alias']}" if decision["alias"] else ", without alias"
    logger.info("%s version %s: %s%s: %s", name, version, decision["verdict"], alias, "; ".join(decision["reasons"]))


if __name__ == "__main__":
    main("register", run)
