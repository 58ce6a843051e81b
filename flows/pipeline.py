"""The DAG as DVC knows it: which stages a recipe needs, in which order, and which of them are up to date."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError
from rsvlm.lineage.code import fingerprint
from rsvlm.recipes.load import Recipe, item_of
from rsvlm.recipes.schema import STAGES
from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import nearest

CODE = "code"
CODE_FILE = "code.json"


@dataclass(frozen=True)
class StageState:
    """What DVC says about one stage of one item.

    Attributes:
        address: DVC's name of it, `stage@item`, or `code`.
        reasons: why it has to run; empty when it is up to date.
        inputs: what it depends on: paths, and parameter files with the keys that count.
        outputs: the paths it makes.
    """

    address: str
    reasons: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether nothing is to be done."""
        return not self.reasons


def wanted_stages(recipe: Recipe, profile: str, until: str | None = None) -> list[str]:
    """Return the addresses of a recipe's own stages, up to and including `until`.

    Raises:
        ConfigurationError: the recipe has no such profile or stage.
    """
    if profile not in recipe.profiles:
        declared = ", ".join(recipe.profiles)
        raise ConfigurationError(f"{recipe.file}: no profile '{profile}'; declared: {declared}{nearest(profile, recipe.profiles)}")
    stages = recipe.stages(profile)
    if until is not None:
        if until not in stages:
            raise ConfigurationError(f"{recipe.name} has no stage '{until}'; it has: {', '.join(stages)}{nearest(until, stages)}")
        stages = stages[: stages.index(until) + 1]
    return [f"{stage}@{item_of(recipe.name, profile)}" for stage in stages]


class Pipeline:
    """DVC's view of a workspace, read once; make a new one after stages have run."""

    def __init__(self, root: Path) -> None:
        """Read `dvc.yaml` and `dvc.lock` below `root`.

        Raises:
            ConfigurationError: they, or a recipe that they list, cannot be read; one line with the reason.
        """
        _check_variables(root)  # DVC expands anchors without end
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            self._repo = Repo(str(root))
            self._graph = self._repo.index.graph
        except DvcException as error:
            raise ConfigurationError(_explain(root, error)) from None
        self._stages = {stage.addressing: stage for stage in self._graph}
        if CODE not in self._stages:
            raise ConfigurationError(
                f"{root / 'dvc.yaml'}: no stage '{CODE}', so this is not the pipeline of rsvlm; get the file back from git"
            )
        self._root = root
        self._hashes: dict[str, Any] = {}

    def close(self) -> None:
        """Release DVC's databases."""
        self._repo.close()

    def order(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted stages and all they need, each after what it needs, always in the same order.

        Raises:
            ConfigurationError: a wanted stage is not in `dvc.yaml`.
        """
        ordered: dict[str, None] = {}

        def visit(address: str) -> None:
            if address not in ordered:
                for needed in sorted(self.upstream(address), key=_place):
                    visit(needed)
                ordered[address] = None

        for address in wanted:
            if address not in self._stages:
                item = address.partition("@")[2]
                raise ConfigurationError(f"dvc.yaml: no stage {address}; is the recipe file of '{item}' among its vars?")
            visit(address)
        return list(ordered)

    def upstream(self, address: str) -> set[str]:
        """Return the stages that one stage directly needs."""
        return {stage.addressing for stage in self._graph.successors(self._stages[address])}

    def state(self, address: str) -> StageState:
        """Return what DVC says of a stage. Every path is hashed once, however many stages share it."""
        stage = self._stages[address]
        inputs = tuple(_describe(dependency) for dependency in stage.deps)
        outputs = tuple(str(output) for output in stage.outs)
        if not any(output.hash_info for output in stage.outs):
            return StageState(address, ("it has not run yet",), inputs, outputs)
        reasons = [] if not stage.changed_stage() else ["its command changed"]
        for dependency in stage.deps:
            reasons.extend(self._dependency(dependency))
        for output in stage.outs:
            if output.use_cache and output.hash_info and output.changed_cache():
                reasons.append(f"{output} is not in the cache")
            else:
                reasons.extend(self._path(output))
        return StageState(address, tuple(dict.fromkeys(reasons)), inputs, outputs)

    @functools.cached_property
    def code_is_current(self) -> bool:
        """Whether `code.json` holds the fingerprints of the code as it is now."""
        return self.state(CODE).current

    def _dependency(self, dependency: Any) -> list[str]:
        if not hasattr(dependency, "params"):
            return self._path(dependency)
        if str(dependency) == CODE_FILE and not self.code_is_current:
            return self._code(dependency)
        reasons: list[str] = []
        for source, what in dependency.workspace_status().items():
            if isinstance(what, dict):
                reasons.extend(f"{key} in {source} is {state}" for key, state in what.items())
            else:
                reasons.append(f"{source} is {what}")
        return reasons

    def _code(self, dependency: Any) -> list[str]:
        """Compare fingerprints taken now: whoever only asks for the state need not write `code.json` first."""
        recorded = dependency.hash_info.value if dependency.hash_info else None
        changed = [key for key in dependency.params if (recorded or {}).get(key) != fingerprint(self._root, *key.split("."))]
        return [f"the code of {key} changed" for key in changed]

    def _path(self, output: Any) -> list[str]:
        """Compare a path with the hash in `dvc.lock`; the same as DVC's own status, remembered for the next stage."""
        if not output.exists:
            return [f"{output} is missing"]
        if output.fs_path not in self._hashes:
            self._hashes[output.fs_path] = output.get_hash()
        if not output.hash_info:
            return [f"{output} is new"]
        return [] if self._hashes[output.fs_path] == output.hash_info else [f"{output} changed"]


def _check_variables(root: Path) -> None:
    """Read every file among the variables of `dvc.yaml` within the bounds of recipes; of `dvc.yaml` itself, DVC tells the faults.

    Raises:
        ConfigurationError: one of them is not fit to be read, whichever recipe is asked for.
    """
    path = root / "dvc.yaml"
    listed = read_yaml(path).get("vars") if path.is_file() and path.stat().st_size else None
    for entry in listed if isinstance(listed, list) else ():
        name = entry.split(":")[0] if isinstance(entry, str) else ""  # `file.yaml:key,key` takes some keys of a file
        if name.endswith((".yaml", ".yml")) and (root / name).is_file():
            read_yaml(root / name)


def _describe(dependency: Any) -> str:
    keys = getattr(dependency, "params", None)
    return f"{dependency}: {', '.join(keys)}" if keys else str(dependency)


def _place(address: str) -> tuple[int, str]:
    stage, _, item = address.partition("@")
    return (STAGES.index(stage) if stage in STAGES else -1, item)


def _explain(root: Path, error: BaseException) -> str:
    """Return what DVC says against the file that it is about."""
    why = _one_line(error)
    if "dvc.lock" not in why:
        return f"{root / 'dvc.yaml'}: {why}"
    remedy = "get it back from git, or remove it: results in the cache are found again, others are made again"
    return f"{root / 'dvc.lock'}: {why}; {remedy}"


def _one_line(error: BaseException) -> str:
    """Return DVC's message and its cause as one line."""
    parts = [str(error)]
    while error.__cause__ is not None:
        error = error.__cause__
        parts.append(str(error))
    return " ".join(": ".join(part for part in parts if part).split())
