"""The house's order, and what a reader of it relies on."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rsvlm.recipes.schema import FAMILIES


def modules(root: Path) -> list[Path]:
    return sorted(path for package in ("rsvlm", "components", "flows") for path in (root / package).rglob("*.py"))


def test_packages_import_nothing(root: Path) -> None:
    for path in modules(root):
        if path.name == "__init__.py":
            nodes = ast.walk(ast.parse(path.read_bytes()))
            assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes), f"{path}: imports slow every user down"


HEAVY = ("torch", "transformers", "ray", "mlflow", "prefect", "dvc", "numpy", "pandas", "pyarrow", "rasterio", "PIL", "scipy")


@pytest.mark.parametrize("module", ["rsvlm.recipes.load", "rsvlm.recipes.parameters", "flows.cli.app", "flows.cli.recipes"])
def test_reading_recipes_is_light(root: Path, module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(name for name in {HEAVY!r} if name in sys.modules)))"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(outcome.stdout) == []


def test_no_unsafe_loading(root: Path) -> None:
    forbidden = ("trust_remote_code=True", "weights_only=False", "allow_pickle=True", "yaml.load(", "shell=True", "extractall(")
    for path in modules(root):
        text = path.read_text(encoding="utf-8")
        for word in forbidden:
            assert word not in text, f"{path}: {word}"
        for node in ast.walk(ast.parse(text)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads"), path


def test_every_recipe_is_in_the_pipeline(root: Path) -> None:
    listed = [line.strip("- \n") for line in (root / "dvc.yaml").read_text().splitlines() if line.strip().startswith("- recipes/")]
    assert sorted(listed) == sorted(
        str(path.relative_to(root)) for family in FAMILIES for path in (root / "recipes" / family).glob("*.yaml")
    )


def test_modules_are_small(root: Path) -> None:
    lines = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in modules(root) if path.name != "__init__.py")
    assert lines[-1] <= 400, "split the longest module"
    assert lines[len(lines) // 2] <= 200
