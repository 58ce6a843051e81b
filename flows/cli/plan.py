"""`rsvlm plan`: what a run would do and need, worked out without doing any of it."""

from pathlib import Path
from typing import Any

from flows.cli.console import print_fields, print_json, print_table, size
from flows.needs import disk, model_needs
from flows.pipeline import CODE, Pipeline, wanted_stages
from rsvlm.data.settings import CorpusSettings
from rsvlm.recipes.load import Recipe, load_recipe
from rsvlm.recipes.parameters import load_parameters
from rsvlm.sources.settings import AcquireSettings


def show_plan(root: Path, name: str, profile: str, *, as_json: bool) -> None:
    """Print a recipe's stages and their state, its models' parameters and memory, or its corpus's sources and hours, and disk.

    Raises:
        ConfigurationError: no such recipe or profile, or a fault in its file.
    """
    recipe = load_recipe(root, name)
    wanted = wanted_stages(recipe, profile)
    stages = _stages(root, wanted)
    models = [
        needs
        for stage, section in recipe.sections[profile].items()
        if stage in ("pretrain", "sft") and (needs := model_needs(recipe.about.family, stage, section))
    ]
    space = disk(root, [stage["stage"] for stage in stages])
    corpus = _corpus(root, recipe, profile)
    if as_json:
        found = {"name": name, "profile": profile, "stages": stages, "models": models, "disk": space}
        print_json({**found, "corpus": corpus} if corpus else found)
        return
    rows = [[s["stage"], s["state"], _why(s["reasons"]), "\n".join(_paths(s["inputs"])), "\n".join(s["outputs"])] for s in stages]
    print_table(f"{recipe.about.title}, profile {profile}", ["stage", "state", "why", "inputs", "outputs"], rows)
    for model in models:
        _print_model(model)
    if corpus:
        _print_corpus(corpus)
    print_fields({"disk, by the last run on record": size(space["made"]), "disk, free": size(space["free"])})


def _stages(root: Path, wanted: list[str]) -> list[dict[str, Any]]:
    """Return every stage that is wanted or needed, with its state."""
    pipeline = Pipeline(root)
    found: list[dict[str, Any]] = []
    to_run: set[str] = set()
    try:
        for address in pipeline.order(wanted):
            state = pipeline.state(address)
            after = sorted(pipeline.upstream(address) & to_run)
            reasons = list(state.reasons) or [f"after {needed}" for needed in after]
            if reasons and address != CODE:
                to_run.add(address)
            if address != CODE:
                word = "to run" if reasons else "up to date"
                inputs, outputs = list(state.inputs), list(state.outputs)
                found.append({"stage": address, "state": word, "reasons": reasons, "inputs": inputs, "outputs": outputs})
    finally:
        pipeline.close()
    return found


def _corpus(root: Path, recipe: Recipe, profile: str) -> dict[str, Any] | None:
    """Return what a corpus recipe would need; None for a recipe of another family."""
    sections = recipe.sections[profile]
    stage = "caption" if "caption" in sections else "instruct"
    section, acquire = sections.get(stage), sections.get("acquire")
    if not isinstance(section, CorpusSettings) or not isinstance(acquire, AcquireSettings):
        return None
    from flows.corpus_needs import corpus_needs

    measured = root / "data" / ("pairs" if stage == "caption" else "conversations") / recipe.name
    threads = load_parameters(root).resources.threads
    return corpus_needs(root, acquire, section, measured, threads, published_size=profile == "full")


def _why(reasons: list[str]) -> str:
    return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "") if reasons else ""


def _paths(inputs: list[str]) -> list[str]:
    """Return the inputs that are data, once each; parameters, written `file: keys`, are in the JSON form."""
    return list(dict.fromkeys(path for path in inputs if ": " not in path))


def _print_model(model: dict[str, Any]) -> None:
    rows = [[block["name"], f"{block['parameters']:,}", "yes" if block["trainable"] else "no"] for block in model["blocks"]]
    rows.append(["all", f"{model['parameters']:,}", f"{model['trainable']:,} trained"])
    print_table(f"{model['stage']}: parameters", ["block", "parameters", "trained"], rows)
    columns = ["workers", "ZeRO", "precision", "weights", "gradients", "optimiser", "in all"]
    cells = [
        [
            p["workers"],
            f"{p['zero']}{' (the recipe)' if p['recipe'] else ''}",
            p["precision"],
            *(size(p[part]) for part in ("weights", "gradients", "optimiser", "total")),
        ]
        for p in model["memory"]
    ]
    print_table(f"{model['stage']}: memory of one worker, without activations", columns, cells)


def _known(known: str, missing: list[str]) -> str:
    """Return a sum over sources in words, with those that it lacks; `known` is empty where nothing is known."""
    unknown = f"unknown: {', '.join(missing)}" if missing else ""
    return " and ".join(part for part in (known, unknown) if part) or "unknown"


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _hours(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f}"


def _pictures(corpus: dict[str, Any]) -> str:
    """Return of how many pictures and texts a corpus is reckoned: the paper's, or the pictures of its sources."""
    if corpus["images_are"] == "the paper's":
        found = f"{corpus['images']:,} ({corpus['images_are']})"
    else:
        counted = "" if corpus["images"] is None else f"{corpus['images']:,}"
        found = f"{_known(counted, corpus['sources_without_images'])} ({corpus['images_are']}"
        found += "; the chips cut from them are not counted)" if corpus["cut"] else ")"
    return f"{found}, some {corpus['texts']:,} texts" if corpus["texts"] is not None else f"{found}, texts unknown"


def _print_corpus(corpus: dict[str, Any]) -> None:
    rows = [
        [
            source["name"],
            "\n".join(source["addresses"]),
            source["licence"],
            "unknown" if source["bytes"] is None else size(source["bytes"]),
            _count(source["images"]),
        ]
        for source in corpus["sources"]
    ]
    print_table("sources", ["source", "address", "licence", "size", "pictures"], rows)
    if notes := [[source["name"], source["note"]] for source in corpus["sources"] if source["note"]]:
        print_table("what the figures rest on", ["source", "stated where"], notes)
    space, hours, rates, published = corpus["disk"], corpus["hours"], corpus["rates"], corpus["published"]
    unsized = corpus["sources_without_size"]
    parts = ", ".join(f"{key} {_hours(value)}" for key, value in hours.items() if key not in ("estimate", "total"))
    shards = "unknown" if space["shards"] is None else f"{size(space['shards'])}, estimated"
    fields: dict[str, object] = {}
    if published:
        images = "images not stated" if published["images"] is None else f"{published['images']:,} images"
        fields["published (the paper's, not ours)"] = f"{images}, {published['texts']:,} texts; {published['note']}"
    fields |= {
        "pictures": _pictures(corpus),
        "disk, sources": _known("" if space["sources"] is None else size(space["sources"]), unsized),
        "disk, shards": f"{shards}: {size(space['a_picture'])} a picture, {space['assumption']}",
        "hours, estimated": f"{_hours(hours['total'])} ({parts})" + ("; transfer of unknown sizes not counted" if unsized else ""),
        "hours assume": (
            f"{rates['transfer'] / 1e6:g} MB/s, {rates['pictures']:g} pictures a second on each of {rates['threads']} threads, "
            f"{rates['texts']:g} texts checked a second" + (f", {rates['answer_seconds']:g} s an answer" if "answers" in hours else "")
        ),
    }
    print_fields(fields)
