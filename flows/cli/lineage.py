"""`rsvlm show --lineage`: which data, code and parameters made a registered version, and the command that rebuilds it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.cli.console import print_fields, print_json
from flows.models import open_registry
from flows.pipeline import wanted_stages
from flows.results import read_object
from rsvlm.errors import ConfigurationError
from rsvlm.recipes.load import item_of, load_recipe, recipe_files, split_item

_UNKNOWN = "not recorded"


def show_lineage(root: Path, name: str, profile: str, *, as_json: bool) -> None:
    """Print where a registered version comes from.

    Args:
        root: the workspace.
        name: a recipe (the version that its latest registration made), or a model: NAME, NAME/VERSION, NAME@ALIAS.
        profile: the recipe's profile.
        as_json: JSON for programs.

    Raises:
        ConfigurationError: there is no such recipe, profile or version, or the recipe is not registered
            or has no stage that registers.
    """
    item = _item(root, name, profile)
    registration = read_object(root / "reports" / item / "registration.json") if item else {}
    if item and "model_sha256" not in registration:
        raise ConfigurationError(f"'{item}' is not registered yet; do it: rsvlm run {name} --profile {profile}")
    from rsvlm.registry.origin import origin_of

    found = origin_of(root, _version(root, name, registration))
    found["rebuild"] = rebuild_command(found["item"], found["git"])
    if as_json:
        print_json(found)
    else:
        _print(found)


def _item(root: Path, name: str, profile: str) -> str:
    """Return the DVC item of a recipe's profile; empty where the name is no recipe's, so a model's."""
    if name not in recipe_files(root):
        return ""
    recipe = load_recipe(root, name)
    wanted_stages(recipe, profile)
    if "register" not in recipe.stages(profile):
        raise ConfigurationError(
            f"'{name}', profile {profile}, registers no model, so it has no lineage there; its manifests and dvc.lock say what made it, "
            f"rsvlm plan {name} names its inputs"
        )
    return item_of(name, profile)


def _version(root: Path, name: str, registration: Mapping[str, Any]) -> Any:
    from rsvlm.registry.store import find_version, resolve

    registry = open_registry(root)
    if not registration:
        return resolve(registry, name)
    found = find_version(registry, registration["name"], registration["model_sha256"])
    if found is None:
        raise ConfigurationError(
            f"{registration['name']}: the registry here lacks the version that reports/ tells of; rsvlm models lists those it has"
        )
    return resolve(registry, f"{found.name}/{found.version}")  # a search leaves the aliases out


def rebuild_command(item: str, git: Mapping[str, Any]) -> str:
    """Return the one command that builds a version again; it goes to the version's commit where that is another one."""
    if not item:
        return _UNKNOWN
    name, profile = split_item(item)
    command = f"rsvlm run {name} --profile {profile}"
    return command if git["commit"] in ("none", git["here"]) else f"git checkout {git['commit']} && {command}"


def _print(found: Mapping[str, Any]) -> None:
    aliases = f" ({', '.join(found['aliases'])})" if found["aliases"] else ""
    fields = {
        "model": f"{found['model']} version {found['version']}{aliases}",
        "item": found["item"] or _UNKNOWN,
        "verdict": f"{found['verdict'] or _UNKNOWN}{': ' if found['reason'] else ''}{found['reason']}",
        **_by_hand(found["by_hand"]),
        "weights": f"sha256 {found['model_sha256']}" if found["model_sha256"] else _UNKNOWN,
        "commit": found["git"]["commit"] + (", with changes in the working tree" if found["git"]["dirty"] else ""),
        "parameters": f"sha256 {found['parameters']}" if found["parameters"] else _UNKNOWN,
        "here": _here(found),
        "rebuild": found["rebuild"],
    }
    print_fields(fields)
    for title, hashes in (("code", found["code"]), ("DVC", found["dvc"]), ("manifests", found["manifests"])):
        if hashes:
            print(f"\n{title}:")
            print_fields({f"  {name}": digest for name, digest in hashes.items()})


def _by_hand(note: Mapping[str, str]) -> dict[str, str]:
    if not note:
        return {}
    reason = f": {note['reason']}" if note.get("reason") else ""
    return {"by hand": f"champion after version {note['from']}; the gates said {note.get('verdict') or 'nothing'}{reason}"}


def _here(found: Mapping[str, Any]) -> str:
    if not found["dvc"]:
        return "unknown: no DVC hash was recorded with it"
    if not found["differs"]:
        return "this workspace holds the same data, code and parameters"
    return f"this workspace differs: {', '.join(found['differs'])}"
