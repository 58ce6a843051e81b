"""Hostile fields of a recipe are refused before any work, in one line that names the key and what it may hold."""

from pathlib import Path
from typing import Any

import pytest

from tests.data.hostile.bench import Hostile, Outcome, judge, outcome
from tests.data.hostile.test_annotations import DOTA, MASKS
from tests.data.hostile.test_texts import PAIRS, QUESTIONS

pytestmark = pytest.mark.integration

WORLDS = {"boxes": DOTA, "masks": MASKS, "native": PAIRS, "picture-tasks": QUESTIONS}
FILE = r"^recipes/data/tiny\.yaml: builders\.0\.[\w-]+\."


def field(name: str, error: str, **recipe: Any) -> Hostile:
    return Hostile(name, recipe=recipe, error=error)


def template(text: str, error: str = r"slots: \{stem\}, \{name\}") -> Hostile:
    return field(f"pictures {text!r}", rf"{FILE}pictures: .*{error}", pictures=text)


def pattern(text: str, error: str) -> Hostile:
    return field(f"scene {text[:40]!r}", rf"{FILE}scene: .*{error}", scene=text)


def noun(text: Any) -> Hostile:
    return field(f"noun {str(text)[:40]!r}", rf"{FILE}names\.ship: ", names={"ship": text})


CASES: dict[str, list[Hostile]] = {
    "boxes": [
        template("{0.__class__}.png"),
        template("{stem.__class__.__mro__}.png"),
        template("{stem[0]}.png"),
        template("{stem!r}.png"),
        template("{stem:>1000000000}.png"),
        template("{objects}.png"),
        template("{}.png"),
        template("pictures/{stem.png"),
        template("pictures/stem}.png"),
        template("{stem:{name}}.png"),
        field("pictures without a slot", "pictures: .*slots|file is missing", pictures="pictures/%s.png"),
        field("pictures of an absolute path", "a path or glob pattern inside the source is needed", pictures="/etc/{stem}.png"),
        field("pictures out of the folder", "a path or glob pattern inside the source is needed", pictures="../../{stem}.png"),
        field("pictures with NUL", "a path or glob pattern inside the source is needed", pictures="\0{stem}.png"),
        pattern("(", "a regular expression is needed"),
        pattern("*", "a regular expression is needed"),
        pattern("(?P<a>", "a regular expression is needed"),
        pattern("^.*$", "a group in parentheses is needed"),
        pattern("(" * 5_000 + ")" * 5_000, "(a regular expression is needed|string should have)"),
        field("scene that does not match", "scene pattern .* does not match", scene="^(x)$"),
        field("scene whose group is not there", "scene pattern .* does not match", scene="^p(x)?"),
        field("annotations out of the folder", "a path or glob pattern inside the source is needed", annotations="../../*"),
        field("annotations of an absolute path", "a path or glob pattern inside the source is needed", annotations="/etc/*"),
        field("annotations of nothing", "a path or glob pattern inside the source is needed", annotations=""),
        field("annotations with NUL", "a path or glob pattern inside the source is needed", annotations="\0"),
        noun(""),
        noun("{objects}"),
        noun("{0.__class__}"),
        noun("<b>ship</b>"),
        noun("\u8239"),
        noun("\u202epihs"),
        noun("s" * 101),
        noun("ship\x1b[0m"),
        noun(7),
        noun(["ship"]),
        field("prefix of a path", rf"{FILE}prefix: ", prefix="../x"),
        field("prefix of blanks", rf"{FILE}prefix: ", prefix=" "),
        field("prefix of 100 letters", rf"{FILE}prefix: ", prefix="x" * 100),
        field("source out of the folder", rf"{FILE}source: ", source="../made"),
        field("source that was not acquired", "no readable index of source .other.* run the acquire stage again", source="other"),
        field("kind that nobody knows", r"builders\.0: 'boxed' is not allowed; allowed: .*did you mean 'boxes'", kind="boxed"),
        field("key that nobody knows", rf"{FILE}picture: unknown key; allowed: .*did you mean 'pictures'", picture="x"),
        field("chips of no size", rf"{FILE}chips\.size: ", chips={"size": 0}),
        field("chips of 10^9 pixels", rf"{FILE}chips\.size: ", chips={"size": 10**9}),
        field("share of NaN", "only text, numbers", chips={"visible_share": float("nan")}),
        field("share in words", rf"{FILE}b2c\.central_share: ", b2c={"central_share": "half"}),
        field("shares of more than all", "shares", shares={"validation": 0.7, "test": 0.7}),
        field("format that nobody knows", rf"{FILE}format: 'yolo' is not allowed; allowed: ", format="yolo"),
    ],
    "masks": [
        field("classes of nothing", "classes", classes={}),
        field("class value below nothing", rf"{FILE}classes\.-1", classes={"-1": "building"}),
        field("class value in other digits", rf"{FILE}classes\.", classes={"\u0661": "building"}),
    ],
    "native": [
        field("pictures with a slot of another kind", rf"{FILE}pictures: .*slots: \{{name\}}, \{{label\}}", pictures="{name.__class__}"),
        field("layout that nobody knows", rf"{FILE}layout: 'pickle' is not allowed", layout="pickle"),
    ],
    "picture-tasks": [
        field("path with a slot of another kind", rf"{FILE}listing\.path: .*slots: ", listing={"path": "{0}"}),
        field("name that is no pattern", rf"{FILE}listing\.name: .*regular expression", listing={"name": "["}),
        field("label without a group", rf"{FILE}listing\.label: .*group", listing={"label": ".*"}),
        field(
            "picture with a slot of another kind",
            rf"{FILE}questions\.picture: .*slots: \{{id\}}",
            questions={"layout": "rsvqa", "picture": "{id.__class__}"},
        ),
        field("questions from nowhere", "file is missing.*none\\.txt", questions={"layout": "rsivqa", "files": ["none.txt"]}),
        field("style that nobody knows", rf"{FILE}style: ", style="__import__('os')"),
    ],
}
EVERY = [(name, hostile) for name, cases in CASES.items() for hostile in cases]


@pytest.mark.parametrize(("name", "hostile"), EVERY, ids=[f"{name}: {hostile.name}" for name, hostile in EVERY])
def test_it_is_refused_in_one_line(name: str, hostile: Hostile, tmp_path: Path) -> None:
    judge(hostile, outcome(WORLDS[name], hostile, tmp_path), Outcome())
