"""Fingerprints of code: which modules a stage's result depends on, and one hash for what they do.

Comments, docstrings, blank lines and formatting do not count; names, values and logic do. So a stage runs again when a
helper three imports away changes its meaning, and does not when somebody improves a comment.
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

FAMILY_PACKAGES = (
    "rsvlm.contrastive", "rsvlm.instruction", "rsvlm.generation", "rsvlm.adaptation", "rsvlm.data", "rsvlm.reports.corpus",
)  # fmt: skip
# A family whose outputs are scored by another family's model runs that family's code too.
_JUDGES = {("evaluate", "generation"): "rsvlm.contrastive"}
# A corpus is scored by an image-text model, and captioned by a registered conversation model.
_LENDERS = {"data": ("rsvlm.reports.corpus", "rsvlm.contrastive", "rsvlm.instruction")}

# Tracking writes to MLflow only, never to a stage's outputs.
_ASIDE = ("components.tracking",)
# It knows the settings of all stages; a stage depends on its own, which its component names.
_NOT_FOLLOWED = ("rsvlm.recipes.schema",)


class _Strip(ast.NodeTransformer):
    """Drop docstrings, the one thing an AST keeps that does not change what code does."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


@functools.cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))


@functools.cache
def module_digest(path: Path) -> str:
    """Return the hex sha256 of what a module does (its syntax tree without docstrings)."""
    return hashlib.sha256(ast.dump(_Strip().visit(ast.parse(path.read_bytes()))).encode()).hexdigest()


def _path_of(root: Path, module: str) -> Path | None:
    base = root.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def imports_of(root: Path, module: str) -> frozenset[str]:
    """Return the workspace's own modules that a module imports, anywhere in it, with their parent packages."""
    path = _path_of(root, module)
    if path is None:
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    own = {name for name in names if name.split(".")[0] in ("rsvlm", "components") and _path_of(root, name)}
    parents = {name.rsplit(".", depth)[0] for name in own for depth in range(1, name.count(".") + 1)}
    return frozenset(own | parents)


@functools.cache
def external_imports(root: Path, module: str) -> frozenset[str]:
    """Return the top-level names that a module imports, anywhere in it, from outside the workspace and Python itself."""
    path = _path_of(root, module)
    if path is None:
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    tops = {name.split(".")[0] for name in names}
    return frozenset(tops - {"rsvlm", "components", "flows"} - sys.stdlib_module_names)


def reachable(root: Path, start: str, skip: Iterable[str] = ()) -> list[str]:
    """Return the workspace's modules that `start` reaches by imports, itself included, sorted.

    Args:
        root: the workspace.
        start: the module to begin at.
        skip: modules and packages that are left out.
    """
    skipped = tuple(skip)
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in found or any(module == s or module.startswith(f"{s}.") for s in skipped):
            continue
        found.add(module)
        if module not in _NOT_FOLLOWED:
            waiting.extend(imports_of(root, module))
    return sorted(found)


def fingerprint(root: Path, stage: str, family: str) -> str:
    """Return the hash of the code that one stage runs for one family of systems.

    Other families' packages are left out: a change to diffusion does not retrain contrastive models. Only the code of
    a model that judges another family's outputs counts for that evaluation. Data files that travel with the code
    (templates, source definitions, word lists) count by their bytes.
    """
    own = (f"rsvlm.{family}", _JUDGES.get((stage, family)), *_LENDERS.get(family, ()))
    others = [package for package in FAMILY_PACKAGES if package not in own]
    digest = hashlib.sha256()
    for module in reachable(root, f"components.{stage}", (*others, *_ASIDE)):
        path = _path_of(root, module)
        if path is None:
            continue
        digest.update(f"{module} {module_digest(path)}\n".encode())
        if path.name == "__init__.py":
            for data in sorted(path.parent.iterdir()):
                if data.is_file() and data.suffix not in (".py", ".pyc"):
                    digest.update(f"{data.name} {hashlib.sha256(data.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
