"""The list that people keep, the lock, the page of reasons and the environment say the same."""

import importlib.metadata
import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(path: Path) -> dict[str, Requirement]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    found = [Requirement(line) for line in lines]
    assert len({canonicalize_name(each.name) for each in found}) == len(found), f"{path}: named twice"
    return {canonicalize_name(each.name): each for each in found}


def test_the_lock_pins_everything_exactly_and_names_no_place(root: Path) -> None:
    text = (root / "requirements/lock.txt").read_text()
    assert not re.search(r"://|@|file:|--|\+cpu", text)
    for each in requirements(root / "requirements/lock.txt").values():
        assert re.fullmatch(r"==[^,*]+", str(each.specifier)), each


def test_the_lock_holds_what_people_ask_for(root: Path) -> None:
    lock = requirements(root / "requirements/lock.txt")
    for name, wanted in requirements(root / "requirements/direct.txt").items():
        assert name in lock, name
        assert wanted.specifier.contains(str(lock[name].specifier).removeprefix("=="), prereleases=True), name


def test_the_environment_is_the_lock(root: Path) -> None:
    for file in ("lock.txt", "weights.txt"):
        for name, each in requirements(root / "requirements" / file).items():
            assert importlib.metadata.version(name).partition("+")[0] == str(each.specifier).removeprefix("=="), name


def test_every_dependency_has_its_reason(root: Path) -> None:
    rows = [line.split("|")[1:3] for line in (root / "docs/dependencies.md").read_text().splitlines() if line.startswith("| ")]
    named = {canonicalize_name(name.strip().partition("[")[0]) for row in rows[1:] for name in row[0].split(",") if row[1].strip()}
    asked = {*requirements(root / "requirements/direct.txt"), *requirements(root / "requirements/weights.txt")}
    # "ray[data,train]" holds a comma of its own
    assert {name for name in named if name != "train]"} == asked


def test_the_stack_that_starts_but_does_not_work_is_kept_out(root: Path) -> None:
    lock = requirements(root / "requirements/lock.txt")
    assert "torchvision" not in lock
    assert str(lock["sqlalchemy"].specifier) < "==2.1"
    assert str(lock["fastapi"].specifier) < "==0.151"
