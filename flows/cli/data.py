"""`rsvlm data`: what happened to one image of a corpus, what changed between two versions of it, and corpora for other programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.console import print_fields, print_json, print_table
from flows.versions import corpus, corpus_folder
from rsvlm.captioning.settings import Subset
from rsvlm.errors import ConfigurationError
from rsvlm.recipes.load import load_recipe, split_item
from rsvlm.recipes.parameters import load_parameters
from rsvlm.settings import Section

_MADE_BY_STAGES = ("data", "models", "reports")

if TYPE_CHECKING:
    from rsvlm.data.origins import Naming


def explain_record(root: Path, item: str, name: str, *, as_json: bool) -> None:
    """Print what happened to a record or picture.

    Raises:
        ConfigurationError: no such recipe, no corpus of it yet, or nobody knows the id.
    """
    from rsvlm.data.explain import Draw, explain

    recipe, profile = split_item(item)
    sections = load_recipe(root, recipe).sections.get(profile, {})
    folder = corpus_folder(root, item)
    section = sections.get("instruct" if folder.parent.name == "conversations" else "caption")
    draw = Draw(getattr(section, "subset", Subset()), load_parameters(root).seed, _namings(section))
    fates = [fate.as_json() for fate in explain(folder, root / "data" / "raw" / item, name, draw)]
    if as_json:
        print_json(fates)
        return
    for position, fate in enumerate(fates):
        if position:
            print()
        print_fields(dict(_lines(fate)))


def _namings(section: Section | None) -> "tuple[Naming, ...]":
    """Return how a section's builders name records: those whose ids begin with a prefix and the picture's name."""
    from rsvlm.data.origins import Naming

    builders = getattr(section, "builders", ())
    named = [builder for builder in builders if isinstance(getattr(builder, "prefix", None), str) and hasattr(builder, "source")]
    return tuple(Naming(builder.source, builder.prefix, getattr(builder, "chips", None)) for builder in named)


def _lines(fate: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return a fate as names and values; several texts as numbered lines."""
    found: list[tuple[str, object]] = []
    for key, value in fate.items():
        words = key.replace("_", " ")
        if key == "conversations":
            turns = [f"{turn['role']}: {turn['text']}" for talk in value for turn in talk["turns"]]
            found += [(f"turn {number}", turn) for number, turn in enumerate(turns, 1)]
        elif key == "captions":
            found += [(f"caption {number}", text) for number, text in enumerate(value, 1)]
        elif isinstance(value, Mapping):
            found += [(f"{words}: {inner}", each) for inner, each in value.items() if each is not None]
        elif key == "not_drawn":
            found += [(f"{words}: {each['id']}", f"draw {each['draw']}, outside in {', '.join(each['splits'])}") for each in value]
        elif isinstance(value, list):
            found.append((words, ", ".join(map(str, value)) or "none"))
        else:
            found.append((words, value))
    return found


def diff_corpora(root: Path, first: str, second: str, *, as_json: bool) -> None:
    """Print what changed from one corpus to another.

    Raises:
        ConfigurationError: one of them cannot be found.
        IntegrityError: one of them is not whole.
    """
    from rsvlm.data.diff import KINDS, compare

    with corpus(root, first) as before, corpus(root, second) as after:
        found = compare(before, after).as_json()
    if as_json:
        print_json({"first": first, "second": second, **found})
        return
    rows = [[kind, f"{found['counts'][kind]:,}", "\n".join(_example(entry) for entry in found["examples"].get(kind, ()))] for kind in KINDS]
    print_table(f"{first} -> {second}", ["change", "records", "first of them"], [*rows, ["unchanged", f"{found['same']:,}", ""]])


def _example(entry: Mapping[str, Any]) -> str:
    if "before" in entry:
        return f"{entry['id']}: {_short(entry['before'])} -> {_short(entry['after'])}"
    return f"{entry['id']}: {', '.join(entry['fields'])}" if "fields" in entry else f"{entry['id']} ({entry['split']})"


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def export_corpus(
    root: Path, item: str, folder: Path, layout: str, *, licences: Sequence[str], boxes: str, as_json: bool, private: bool = False
) -> None:
    """Write a corpus for another program and print what was written.

    Raises:
        ConfigurationError: no such corpus, format or licence, the folder holds something else or belongs to the pipeline, or
            pictures may not be passed on.
        IntegrityError: the corpus is not whole.
    """
    from rsvlm.data.export import export

    _check_folder(root, folder)
    before, colon, after = boxes.partition(":")
    if boxes and not (before and colon and after):
        raise ConfigurationError(f"--boxes '{boxes}': two formats with a colon between are allowed, as geochat:teochat")
    with corpus(root, item) as found:
        rewriting = (before, after) if boxes else None
        facts = export(found, folder, layout, name=item, licences=licences, boxes=rewriting, private=private)
    if as_json:
        print_json({"folder": str(folder), **facts})
        return
    entries = {f"entries: {split}": f"{count:,}" for split, count in facts["entries"].items()}
    licence_counts = {f"licence: {licence}": f"{sum(by_source.values()):,} pictures" for licence, by_source in facts["licences"].items()}
    kept_back = {"not to be passed on": ", ".join(facts["private"])} if facts.get("private") else {}
    left_out = {f"left out: {reason}": f"{count:,}" for reason, count in facts["left_out"].items()}
    print_fields({"folder": str(folder), **entries, "pictures": f"{facts['pictures']:,}", **licence_counts, **kept_back, **left_out})


def _check_folder(root: Path, folder: Path) -> None:
    """Refuse a folder among those that stages make: what is added there changes their outputs, or is taken for one."""
    place = folder.resolve()
    for name in _MADE_BY_STAGES:
        if place.is_relative_to((root / name).resolve()):
            raise ConfigurationError(f"{folder}: {name}/ belongs to the pipeline's stages; name a folder outside it")
