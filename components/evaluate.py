"""The evaluate stage: score a model against its recipe's tasks, or a corpus against its annotations; evidence, metrics, report."""

from collections.abc import Mapping
from pathlib import Path

from components.stage import Stage, main
from rsvlm.data.settings import CorpusEvaluateSettings
from rsvlm.evaluation.settings import EvaluateSettings
from rsvlm.files import canonical_json, publish, remove, write_atomic
from rsvlm.recipes.load import load_recipe, split_item


def run(stage: Stage) -> None:
    """Measure, publish the evidence, write the report, and `metrics.json` last: where it is, everything is."""
    section = stage.section
    assert isinstance(section, EvaluateSettings | CorpusEvaluateSettings)
    folder = stage.root / "reports" / stage.item
    evidence, metrics = folder / "evidence", folder / "metrics.json"
    remove(metrics)
    found = _corpus(stage, section, evidence) if isinstance(section, CorpusEvaluateSettings) else _model(stage, section, evidence)
    write_atomic(metrics, canonical_json(dict(found)))
    stage.clear_scratch()


def _model(stage: Stage, section: EvaluateSettings, evidence: Path) -> Mapping[str, float]:
    from rsvlm.evaluation.run import evaluate  # seconds to import, which the examination of a corpus does without
    from rsvlm.reports.build import build_report

    scratch = stage.scratch(*(stage.root / path for path in dict.fromkeys((section.data, section.model, section.judge))))
    facts: dict[str, object] = {}
    with publish(evidence, facts) as partial:
        found = evaluate(section, stage.root, partial, scratch, stage.seed, stage.parameters.resources.ray_address)
        facts.update(found.facts)
    name, profile = split_item(stage.item)
    sections = load_recipe(stage.root, name).sections[profile]
    build_report(stage.item, stage.about, sections, stage.root, evidence, found.metrics, evidence.parent / "report.html")
    return found.metrics


def _corpus(stage: Stage, section: CorpusEvaluateSettings, evidence: Path) -> Mapping[str, float]:
    from rsvlm.data.examine import examine  # what a corpus needs, a model's evaluation does not load
    from rsvlm.reports.corpus.build import build_corpus_report

    name, profile = split_item(stage.item)
    sections = load_recipe(stage.root, name).sections[profile]
    corpus = sections.get("caption") or sections["instruct"]
    facts: dict[str, object] = {}
    with publish(evidence, facts) as partial:
        found = examine(section, corpus, stage.root, partial)
        facts.update(found.facts)
    build_corpus_report(stage.item, stage.about, section, corpus, stage.root, evidence, evidence.parent / "report.html")
    return found.metrics


if __name__ == "__main__":
    main("evaluate", run)
