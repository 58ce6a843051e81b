"""The page about faults names tests that exist."""

import ast
import re
from pathlib import Path


def test_the_page_names_tests_that_exist(root: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (root / "docs/reliability.md").read_text(encoding="utf-8"))
    assert len(named) > 50
    known: dict[str, set[str]] = {}
    for file, test in named:
        if file not in known:
            tree = ast.parse((root / "tests" / file).read_text(encoding="utf-8"))
            known[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert test in known[file], f"{file}::{test}"
