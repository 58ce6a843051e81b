"""Find, read and check recipes.

A recipe file is written stage first, because DVC merges all recipe files into one set of variables and runs each stage
over the items that have it:

    about:    {remoteclip: {...}}
    acquire:  {remoteclip: {...}, remoteclip-full: {...}, remoteclip-smoke: {...}}
    pretrain: {remoteclip: {...}, ...}

The item named like the system is its `laptop` profile; `-full` and `-smoke` name the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError
from rsvlm.recipes.schema import FAMILIES, PROFILES, STAGES, About, section_model
from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import Section, nearest, validate
from rsvlm.sources.settings import AcquireSettings


@dataclass(frozen=True)
class Recipe:
    """One checked recipe: the system it describes and its sections by profile and stage."""

    name: str
    file: Path
    about: About
    sections: Mapping[str, Mapping[str, Section]]

    @property
    def profiles(self) -> list[str]:
        """The profiles that the file declares, in the order laptop, full, smoke."""
        return [profile for profile in PROFILES if profile in self.sections]

    def stages(self, profile: str) -> list[str]:
        """The stages of a profile, in pipeline order."""
        return [stage for stage in STAGES if stage in self.sections[profile]]


def item_of(name: str, profile: str) -> str:
    """Return the DVC item of a recipe's profile: the plain name for `laptop`, a suffixed one for the others."""
    return name if profile == "laptop" else f"{name}-{profile}"


def split_item(item: str) -> tuple[str, str]:
    """Return (recipe name, profile) of a DVC item."""
    for profile in PROFILES[1:]:
        if item.endswith(f"-{profile}"):
            return item.removesuffix(f"-{profile}"), profile
    return item, "laptop"


def recipe_files(root: Path) -> dict[str, Path]:
    """Return every recipe file below `root/recipes`, by recipe name, sorted.

    Raises:
        ConfigurationError: two files have one name, or one is called like a profile of another.
    """
    files: dict[str, Path] = {}
    for family in FAMILIES:
        for path in sorted((root / "recipes" / family).glob("*.yaml")):
            if split_item(path.stem)[1] != "laptop":
                raise ConfigurationError(f"{path}: a recipe's name may not end in -full or -smoke: those name profiles")
            if path.stem in files:
                raise ConfigurationError(f"{path}: the recipe name '{path.stem}' is taken by {files[path.stem]}")
            files[path.stem] = path
    return dict(sorted(files.items()))


def load_recipe(root: Path, name: str) -> Recipe:
    """Read and check one recipe by its name.

    Raises:
        ConfigurationError: there is no such recipe, or its file has a fault; one line with the nearest match.
    """
    files = recipe_files(root)
    if name not in files:
        known = list(files)
        raise ConfigurationError(f"no recipe '{name}'; known: {', '.join(known)}{nearest(name, known)}")
    return check_recipe(files[name])


def check_recipe(path: Path) -> Recipe:
    """Read and check a recipe file, every profile and section of it.

    Raises:
        ConfigurationError: one line with file, key, allowed values and the nearest match.
    """
    name, family = path.stem, path.parent.name
    data = read_yaml(path)
    allowed = ["about", *STAGES]
    for key in data:
        if key not in allowed:
            raise ConfigurationError(f"{path}: {key}: unknown section; allowed: {', '.join(allowed)}{nearest(key, allowed)}")
    about = validate(About, _item(path, data, "about", name), f"{path}: about.{name}")
    _check_place(about, f"{path}: about.{name}", family, name)
    items = {item_of(name, profile): profile for profile in PROFILES}
    sections: dict[str, dict[str, Section]] = {}
    for stage in STAGES:
        for item in _items(path, data, stage):
            if item not in items:
                raise ConfigurationError(f"{path}: {stage}.{item}: unknown item; allowed: {', '.join(items)}{nearest(item, list(items))}")
            where = f"{path}: {stage}.{item}"
            section = validate(section_model(stage, family), _item(path, data, stage, item), where)
            _check_place(section, where, family, name)
            sections.setdefault(items[item], {})[stage] = section
    if "laptop" not in sections:
        raise ConfigurationError(f"{path}: no section for '{name}'; a recipe needs at least its laptop profile")
    for profile, stages in sections.items():
        _check_sources(path, item_of(name, profile), stages)
        if family == "data":
            _check_corpus(path, item_of(name, profile), stages)
    return Recipe(name, path, about, sections)


def _check_place(section: Section, where: str, family: str, name: str) -> None:
    """Refuse a section that says another family or system than its file."""
    if (section.family, section.system) != (family, name):
        raise ConfigurationError(f"{where}: says {section.family}/{section.system}; this file is {family}/{name}")


def _check_corpus(path: Path, item: str, stages: Mapping[str, Section]) -> None:
    """Refuse a data set that is two, and an examination of other folders than its own."""
    if "caption" in stages and "instruct" in stages:
        raise ConfigurationError(f"{path}: {item}: caption and instruct; a data set is one of them, pairs or conversations")
    if (evaluate := stages.get("evaluate")) is None:
        return
    corpus = f"data/{'pairs' if 'caption' in stages else 'conversations'}/{item}"
    for key, folder in (("data", corpus), ("model", corpus), ("judge", f"data/raw/{item}")):
        if (given := getattr(evaluate, key)) != folder:
            raise ConfigurationError(f"{path}: evaluate.{item}: {key}: '{given}' is not this data set's own; allowed: {folder}")


def _check_sources(path: Path, item: str, stages: Mapping[str, Section]) -> None:
    """Refuse a builder that reads a source which its item does not acquire."""
    if not isinstance(acquire := stages.get("acquire"), AcquireSettings):
        return
    for stage in ("caption", "instruct"):
        for position, builder in enumerate(getattr(stages.get(stage), "builders", ())):
            for key in ("source", "map_source"):
                named = getattr(builder, key, None)
                if named and named not in acquire.sources:
                    acquired = list(acquire.sources)
                    raise ConfigurationError(
                        f"{path}: {stage}.{item}: builders.{position}.{key}: '{named}' is not acquired; acquire.{item}.sources has: "
                        f"{', '.join(acquired)}{nearest(named, acquired)}"
                    )


def _items(path: Path, data: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    """Return the items of a stage; none where the file has no such stage."""
    items = data.get(stage, {})
    if not isinstance(items, Mapping):
        raise ConfigurationError(f"{path}: {stage}: a mapping of recipe items is needed, not {str(items)[:40]!r}; or leave the stage out")
    return items


def _item(path: Path, data: Mapping[str, Any], section: str, item: str) -> Mapping[str, Any]:
    value = data.get(section)
    if not isinstance(value, Mapping) or not isinstance(value.get(item), Mapping):
        raise ConfigurationError(f"{path}: {section}.{item}: this mapping is missing")
    found: Mapping[str, Any] = value[item]
    return found


def load_section(root: Path, stage: str, item: str) -> Section:
    """Return the checked section of one DVC item, for the component that runs it.

    Raises:
        ConfigurationError: no such recipe or section, or a fault in the file.
    """
    name, profile = split_item(item)
    recipe = load_recipe(root, name)
    stages = recipe.sections.get(profile)
    if stages is None:
        raise ConfigurationError(f"{recipe.file}: no profile '{profile}'; declared: {', '.join(recipe.profiles)}")
    if stage not in stages:
        raise ConfigurationError(f"{recipe.file}: no section {stage}.{item}; this recipe has: {', '.join(recipe.stages(profile))}")
    return stages[stage]
