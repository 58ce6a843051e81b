"""The evaluate stage: score a model against its recipe's tasks, and write evidence, metrics and report."""

from pathlib import Path

from components.stage import Stage, main
from rsvlm.evaluation.run import evaluate
from rsvlm.evaluation.settings import EvaluateSettings
from rsvlm.files import canonical_json, publish, remove, write_atomic
from rsvlm.recipes.load import load_recipe, split_item
from rsvlm.reports.build import build_report


def run(stage: Stage) -> None:
    """Measure, publish the evidence, write the report, and `metrics.json` last: where it is, everything is."""
    section = stage.section
    assert isinstance(section, EvaluateSettings)
    folder = stage.root / "reports" / stage.item
    evidence, metrics = folder / "evidence", folder / "metrics.json"
    scratch = stage.scratch(*_inputs(stage.root, section))
    remove(metrics)
    facts: dict[str, object] = {}
    with publish(evidence, facts) as partial:
        found = evaluate(section, stage.root, partial, scratch, stage.seed, stage.parameters.resources.ray_address)
        facts.update(found.facts)
    name, profile = split_item(stage.item)
    sections = load_recipe(stage.root, name).sections[profile]
    build_report(stage.item, stage.about, sections, stage.root, evidence, found.metrics, folder / "report.html")
    write_atomic(metrics, canonical_json(found.metrics))
    stage.clear_scratch()


def _inputs(root: Path, section: EvaluateSettings) -> list[Path]:
    return [root / folder for folder in dict.fromkeys((section.data, section.model, section.judge))]


if __name__ == "__main__":
    main("evaluate", run)
