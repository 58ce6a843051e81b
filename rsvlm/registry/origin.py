"""Which data, code and parameters made a version: written into its tags when it is registered, read from them for whoever asks."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.entities.model_registry import ModelVersion

from rsvlm.lineage.dvc import stage_hashes
from rsvlm.lineage.record import lineage

_REGISTER = "register"
_CODE_FILE = "code.json"
_BY_HAND = ("promoted_from", "promoted_reason", "promoted_verdict")


def origin_tags(root: Path, item: str, origin: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that lead from a version back to its inputs; `origin` is the item's `lineage`."""
    tags = {
        "git_commit": origin["git"]["commit"] or "none",
        "git_dirty": str(origin["git"]["dirty"]).lower(),
        "parameters": parameters_hash(root, item),
    }
    tags |= {f"code.{stage}": digest for stage, digest in _code(origin).items()}
    tags |= {f"manifest.{folder['path']}": folder["sha256"] for folder in origin["folders"]}
    return tags | {f"dvc.{path}": digest for path, digest in _paths(origin).items()}


def parameters_hash(root: Path, item: str) -> str:
    """Return one hash for the parameters of an item's stages up to its evaluation, as `dvc.lock` has them; empty without it."""
    stages = {stage: {file: keys for file, keys in hashes.params.items() if file != _CODE_FILE} for stage, hashes in _made(root, item)}
    return hashlib.sha256(json.dumps(stages, sort_keys=True, default=str).encode()).hexdigest() if stages else ""


def origin_of(root: Path, version: ModelVersion) -> dict[str, Any]:
    """Return where a version comes from, as JSON.

    `git`, `parameters`, `code` (by stage), `dvc` and `manifests` (by path) are what was recorded with it; `differs` names
    what is otherwise in this workspace now, `by_hand` is empty unless it was last made champion by hand.
    """
    tags = version.tags
    item = tags.get("item", "")
    recorded = {
        "parameters": tags.get("parameters", ""),
        "code": _under("code.", tags),
        "dvc": _under("dvc.", tags),
    }
    now = lineage(root, item, tags.get("family", ""))
    return {
        "model": version.name,
        "version": str(version.version),
        "aliases": sorted(version.aliases),
        "item": item,
        "verdict": tags.get("verdict", ""),
        "reason": tags.get("reason", ""),
        "by_hand": {key.removeprefix("promoted_"): tags[key] for key in _BY_HAND if key in tags},
        "model_sha256": tags.get("model_sha256", ""),
        "git": {"commit": tags.get("git_commit", "none"), "dirty": tags.get("git_dirty") == "true", "here": now["git"]["commit"]},
        **recorded,
        "manifests": _under("manifest.", tags),
        "differs": _differences(recorded, parameters_hash(root, item), _code(now), _paths(now)),
    }


def _made(root: Path, item: str) -> list[tuple[str, Any]]:
    """Return an item's stages up to its evaluation: what `dvc.lock` says of the registration is about the one before."""
    return [(stage, hashes) for stage, hashes in stage_hashes(root, item).items() if stage != _REGISTER]


def _paths(origin: Mapping[str, Any]) -> dict[str, str]:
    """Return DVC's hash of every path that an item's stages read or made; some are outputs of other items."""
    stages = [hashes for stage, hashes in origin["dvc"].items() if stage != _REGISTER]
    read = {path: digest for hashes in stages for path, digest in hashes["deps"].items()}
    return read | {path: digest for hashes in stages for path, digest in hashes["outs"].items()}


def _code(origin: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of the code of each of an item's stages."""
    return {stage: digest for stage, digest in origin["code"].items() if stage in origin["dvc"] and stage != _REGISTER}


def _under(prefix: str, tags: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in sorted(tags.items()) if key.startswith(prefix)}


def _differences(recorded: Mapping[str, Any], parameters: str, code: Mapping[str, str], paths: Mapping[str, str]) -> list[str]:
    found = [] if recorded["parameters"] in ("", parameters) else ["parameters"]
    found += [f"code of {stage}" for stage, digest in recorded["code"].items() if code.get(stage) != digest]
    return found + [path for path, digest in recorded["dvc"].items() if paths.get(path) != digest]
