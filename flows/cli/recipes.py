"""`rsvlm recipes` and `rsvlm show`: what there is to run."""

from pathlib import Path
from typing import Any

from flows.cli.console import print_fields, print_json, print_line, print_table
from flows.levels import levels
from rsvlm.recipes.load import Recipe, check_recipe, item_of, load_recipe, recipe_files


def list_recipes(root: Path, *, as_json: bool) -> None:
    """Print every recipe: name, family, title, survey table, level, profiles."""
    reached = levels(root)
    entries = [_entry(check_recipe(path), reached) for path in recipe_files(root).values()]
    if as_json:
        print_json(entries)
        return
    columns = ["name", "family", "title", "survey table", "level", "profiles"]
    rows = [[entry[column.replace(" ", "_")] for column in columns[:-1]] + [", ".join(entry["profiles"])] for entry in entries]
    print_table("", columns, rows)


def _entry(recipe: Recipe, reached: dict[str, int]) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "family": recipe.about.family,
        "title": recipe.about.title,
        "survey_table": recipe.about.survey.table if recipe.about.survey else None,
        "level": reached.get(recipe.name, 0),
        "profiles": recipe.profiles,
    }


def show_recipe(root: Path, name: str, profile: str, *, as_json: bool) -> None:
    """Print what a recipe is and every setting of one of its profiles.

    Raises:
        ConfigurationError: no such recipe or profile, or a fault in its file.
    """
    from flows.pipeline import wanted_stages

    recipe = load_recipe(root, name)
    wanted_stages(recipe, profile)
    sections = {stage: section.model_dump(mode="json") for stage, section in recipe.sections[profile].items()}
    entry = _entry(recipe, levels(root)) | {
        "summary": recipe.about.summary,
        "reference": recipe.about.survey.reference if recipe.about.survey else None,
        "section": recipe.about.survey.section if recipe.about.survey else None,
        "licence": recipe.about.licence,
        "file": str(recipe.file.relative_to(root)),
        "profile": profile,
        "item": item_of(name, profile),
        "stages": sections,
    }
    if as_json:
        print_json(entry)
        return
    told = {key: value for key, value in entry.items() if key != "stages" and value is not None}
    print_fields({key: ", ".join(value) if isinstance(value, list) else value for key, value in told.items()})
    for stage, section in sections.items():
        print(f"\n{stage}:")
        for line in _settings(section):
            print_line(f"  {line}")


def _settings(value: dict[str, Any], indent: str = "") -> list[str]:
    """Return nested settings as indented `key: value` lines, long lists cut to what a person reads."""
    lines: list[str] = []
    for key, inner in value.items():
        if key in ("family", "system") and not indent:
            continue
        if isinstance(inner, dict) and inner:
            lines += [f"{indent}{key}:", *_settings(inner, indent + "  ")]
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            lines.append(f"{indent}{key}:")
            for entry in inner:
                nested = _settings(entry, indent + "    ")
                lines += [f"{indent}  - {nested[0].strip()}", *nested[1:]] if nested else []
        else:
            lines.append(f"{indent}{key}: {', '.join(map(str, inner)) if isinstance(inner, list) else inner}")
    return lines
