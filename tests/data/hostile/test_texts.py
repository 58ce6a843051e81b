"""Malformed texts that sets bring: captions, questions and answers, class folders, names of files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.hostile.bench import ALL_TRAIN, Hostile, Outcome, World, as_json, judge, outcome, picture

pytestmark = pytest.mark.integration

PICTURES = {f"{name}.png": picture(number) for number, name in enumerate("abc")}

# -- captions in JSON Lines ------------------------------------------------------------------------------------------------


def pair(image: Any = "a.png", captions: Any = ("A ship .",), split: Any = "train", **more: Any) -> bytes:
    return json.dumps({"image": image, "label": None, "split": split, "captions": list(captions), **more}).encode() + b"\n"


PAIRS = World(
    {**PICTURES, "d.png": picture(3), "pairs.jsonl": b"".join(pair(f"{name}.png", [f"The ship {name} ."]) for name in "abc")},
    {"kind": "native", "validation_share": 0.0},
)


def line(name: str, data: bytes, aside: str) -> Hostile:
    return Hostile(name, {"pairs.jsonl": PAIRS.files["pairs.jsonl"] + data}, aside=f"^record: {aside}$")


def caption(name: str, text: Any, aside: str) -> Hostile:
    return line(f"caption {name}", pair("d.png", ["A good one.", text]), aside)


CAPTIONS = [
    caption("empty", "", "caption is empty"),
    caption("of blanks", " \t\n ", "caption is empty"),
    caption("of full stops", "...", "caption is empty"),
    caption("null", None, "caption is not text"),
    caption("a number", 3, "caption is not text"),
    caption("a list", ["A ship."], "caption is not text"),
    caption("an object", {"raw": "A ship."}, "caption is not text"),
    caption("of 2,001 characters", "ship " * 400 + "s", "caption is too long"),
    caption("of 10,000 words", "ship " * 10_000, "caption is too long"),
    caption("of 900 kB", "s" * 900_000, "caption is too long"),
    caption("turned round", "A ship \u202e.rehtona dna", "caption holds an invisible format character"),
    caption("in an embedding", "A \u202bship\u202c.", "caption holds an invisible format character"),
    caption("of no width", "A\u200b ship.", "caption holds an invisible format character"),
    caption("with a word joiner", "A\u2060 ship.", "caption holds an invisible format character"),
    caption("with a terminal escape", "A \x1b[2Jship.", "caption holds a control character"),
    caption("with a bell", "A ship.\x07", "caption holds a control character"),
    caption("with a C1 control", "A ship.\x9b31m", "caption holds a control character"),
    caption("with a private use", "A \ue0ff ship.", "caption holds a private-use character"),
    caption("with an unassigned character", "A ship \U000effff.", "caption holds an unassigned character"),
    caption("with hidden tags", "A ship.\U000e0069\U000e0067", "caption holds an invisible format character"),
]
LINES = [
    line("caption with NUL", pair("d.png", ["A \0ship."]), "(line is not JSON|caption holds a control character)"),
    line("caption with half a pair", pair("d.png", ["A \ud800 ship."]), "line is not JSON"),
    line("no captions", pair("d.png", []), "caption is empty"),
    line("captions that are a text", b'{"image": "d.png", "label": null, "split": "train", "captions": "A ship."}\n', "line is not a pair"),
    line("no image", b'{"split": "train", "captions": ["A ship."]}\n', "line is not a pair"),
    line("image that is a list", pair(["d.png"]), "line is not a pair"),
    line("split that nobody knows", pair("d.png", split="hidden"), "line is not a pair"),
    line("split that is a number", pair("d.png", split=1), "line is not a pair"),
    line("label that is a number", pair("d.png", label=7), "line is not a pair"),
    line("label turned round", pair("d.png", label="\u202eship"), "label holds an invisible format character"),
    line("label of 1 MB", pair("d.png", label="s" * 1_000_000), "(label is too long|line is too long)"),
    line("image out of the folder", pair("../../../../etc/passwd.png"), "file name leaves its folder"),
    line("image of an absolute path", pair("/etc/passwd"), "file name leaves its folder"),
    line("image that is not there", pair("none.png"), "file is missing"),
    line("image with a slot", pair("{name}.png"), "file is missing"),
    line("image that is an address", pair("https://example.org/d.png"), "file is missing"),
    line("image with a name of 5,000 letters", pair("d" * 5_000 + ".png"), "id is not safe as a file name"),
    line("image that is no picture", pair("pairs.jsonl"), "(picture format is not stored|picture: format)"),
    line("the same image again", pair("a.png", ["Another ship."]), "id is there twice"),
    line("not JSON", b"A ship.\n", "line is not JSON"),
    line("JSON of Python", b"{'image': 'd.png'}\n", "line is not JSON"),
    line("JSON cut short", pair("d.png")[:30] + b"\n", "line is not JSON"),
    line("a list", b'["d.png", "A ship."]\n', "line is not a JSON object"),
    line("NaN", b'{"image": NaN}\n', "line is not JSON"),
    line("a number of 5,000 digits", b'{"image": 1' + b"0" * 5_000 + b"}\n", "line is not JSON"),
    line("depth", b'{"image": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n", "line is not JSON"),
    line("depth beyond the stack", b"[" * 200_000 + b"\n", "line is not JSON"),
    line("not UTF-8", b'{"image": "d\xff.png"}\n', "line is not UTF-8 text"),
    line("Latin-1", b'{"image": "d.png", "captions": ["caf\xe9"]}\n', "line is not UTF-8 text"),
    line("a line of 2 MB", b'{"image": "' + b"d" * (2 << 20) + b'"}\n', "line is too long"),
    Hostile(
        "list that is not there", recipe={"file": "none.jsonl"}, error=r"source 'made'.*file is missing.*none\.jsonl.*check the recipe"
    ),
    Hostile("list out of the folder", recipe={"file": "../index.parquet"}, error="a path or glob pattern inside the source is needed"),
]

# -- questions and answers ---------------------------------------------------------------------------------------------------

GOOD_QUESTIONS = b"".join(b"%s.png: is there a ship?yes\n" % name.encode() for name in "abc")
QUESTIONS = World(
    {**PICTURES, "pairs.jsonl": b"".join(pair(f"{name}.png") for name in "abc"), "questions.txt": GOOD_QUESTIONS},
    {
        "kind": "picture-tasks",
        "style": "geochat",
        "tasks": ["question"],
        "listing": {"validation_share": 0.0},
        "questions": {"layout": "rsivqa", "files": ["questions.txt"]},
    },
)


def asked(name: str, data: str | bytes, aside: str = "", error: str = "") -> Hostile:
    text = data if isinstance(data, bytes) else data.encode()
    return Hostile(
        f"question {name}",
        {"questions.txt": GOOD_QUESTIONS + text + b"\n"},
        aside=f"^(record|screened): {aside}$" if aside else "",
        error=error,
    )


QUESTION_CASES = [
    asked("without an answer", "b.png: is there a ship?", "line is not a question"),
    asked("without a mark", "b.png: is there a ship yes", "line is not a question"),
    asked("without a picture", ": is there a ship?yes", "line is not a question"),
    asked("without words", "b.png: ?yes", "line is not a question"),
    asked("that names nothing", "b.png: how many  in the image?3", "question names nothing"),
    asked("turned round", "b.png: is there a \u202epihs?yes", "caption holds an invisible format character"),
    asked("with an escape", "b.png: is there a \x1b[1mship?yes", "caption holds a control character"),
    asked("whose answer has no width", "b.png: is there a ship?y\u200bes", "caption holds an invisible format character"),
    asked("whose answer is endless", f"b.png: is there a ship?{'yes' * 1_000}", "caption is too long"),
    asked("whose answer is punctuation", "b.png: is there a ship?!!", "caption is empty"),
    asked("with NUL", "b.png: is there a sh\0ip?yes", error=r"questions\.txt, line 4: .*NUL"),
    asked("not UTF-8", b"b.png: is there a sh\xffip?yes", error=r"questions\.txt, line 4: not UTF-8"),
]

# -- RSVQA's three files -------------------------------------------------------------------------------------------------------

RSVQA_FILES: dict[str, list[dict[str, Any]]] = {
    "images": [{"id": number, "active": True} for number in range(3)],
    "questions": [{"id": n, "img_id": n, "type": "presence", "question": "Is there a ship?", "answers_ids": [n], "active": True} for n in range(3)],  # noqa: E501
    "answers": [{"id": n, "question_id": n, "answer": "yes", "active": True} for n in range(3)],
}  # fmt: skip


def rsvqa(**more: dict[str, Any]) -> dict[str, bytes]:
    return {f"{name}.json": as_json({name: [*entries, *([more[name]] if name in more else [])]}) for name, entries in RSVQA_FILES.items()}


RSVQA = World(
    {**{f"{number}.png": picture(number) for number in range(3)}, **rsvqa()},
    {
        "kind": "picture-tasks",
        "style": "geochat",
        "tasks": ["question"],
        "listing": {"layout": "rsvqa", "validation_share": 0.0},
        "questions": {
            "layout": "rsvqa",
            "picture": "{id}.png",
            "splits": {"train": {name: f"{name}.json" for name in RSVQA_FILES}},
        },
    },
)


def joined(name: str, aside: str = "", error: str = "", **question: Any) -> Hostile:
    entry = {"id": 9, "img_id": 1, "type": "presence", "question": "Is there a quay?", "answers_ids": [1], "active": True, **question}
    return Hostile(f"RSVQA: {name}", rsvqa(questions=entry), aside=f"^record: {aside}$" if aside else "", error=error)


RSVQA_CASES = [
    joined("question of no picture", "question has no picture", img_id=77),
    joined("question without an answer", "question has no answer", answers_ids=[]),
    joined("answer that is not there", "question has no answer", answers_ids=[77]),
    joined("answers that are a text", "field has another type", answers_ids="1"),
    joined("question that is a list", "field has another type", question=["Is there?"]),
    joined("question of blanks", "text is empty or not allowed", question="  "),
    joined("question turned round", "caption holds an invisible format character", question="Is there a \u202epihs?"),
    joined("picture in words", "field has another type", img_id="one"),
    joined("picture that is true", "field has another type", img_id=True),
    joined("type that is a number", "field has another type", type=3),
    Hostile("RSVQA: answer twice", rsvqa(answers={"id": 1, "answer": "no", "active": True}), error=r"answers\.json: two answers have the id 1"),  # noqa: E501
    Hostile("RSVQA: answer without an id", rsvqa(answers={"answer": "no", "active": True}), error=r"answers\.json: field is missing"),
    Hostile("RSVQA: no list", {"questions.json": b'{"question": []}'}, error=r"questions\.json"),
]  # fmt: skip

# -- class folders ------------------------------------------------------------------------------------------------------------

FOLDERS = World({f"port/{name}": data for name, data in PICTURES.items()}, {"kind": "scene-classes", "shares": ALL_TRAIN})


def folder(name: str, path: str, aside: str) -> Hostile:
    return Hostile(f"folder {name}", {f"{path}/x.png": picture(9)}, aside=f"^record: {aside}")


FOLDER_CASES = [
    folder("turned round", "\u202etrop", "label holds an invisible format character"),
    folder("of punctuation", "---", "label is empty"),
    folder("of a line break and an escape", "po\x1brt", "label holds a control character"),
    folder("of 200 letters", "p" * 200, "label is too long"),
    folder("of markup", "<b>port", "class name holds a character that no name has"),
    folder("of a slot", "{classes}", "class name holds a character that no name has"),
    folder("in Chinese", "\u6e2f\u53e3", "class name is not in Latin letters"),
    Hostile("folder whose name is no UTF-8", {"po\udcffrt/x.png": picture(9)}, error="name is not UTF-8 text; rename it"),
]

WORLDS: dict[str, tuple[World, list[Hostile]]] = {
    "pairs": (PAIRS, CAPTIONS + LINES),
    "questions": (QUESTIONS, QUESTION_CASES),
    "rsvqa": (RSVQA, RSVQA_CASES),
    "folders": (FOLDERS, FOLDER_CASES),
}
CASES = [(name, hostile) for name, (_, cases) in WORLDS.items() for hostile in cases]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The corpora of the good files alone."""
    return {name: outcome(world, None, tmp_path_factory.mktemp(name)) for name, (world, _) in WORLDS.items()}


@pytest.mark.parametrize(("name", "hostile"), CASES, ids=[f"{name}: {hostile.name}" for name, hostile in CASES])
def test_texts_are_set_aside_with_their_reason(name: str, hostile: Hostile, tmp_path: Path, good: dict[str, Outcome]) -> None:
    assert len(good[name].records) == 3, good[name]
    judge(hostile, outcome(WORLDS[name][0], hostile, tmp_path), good[name])


# -- lawful -------------------------------------------------------------------------------------------------------------------

SCRIPTS = {
    "Chinese": "许多飞机停在机场。",
    "Arabic": "مرفأ فيه سفن",
    "Hebrew": "אוניות בנמל",
    "Devanagari": "बंदरगाह में जहाज़",
    "Thai": "ท่าเรือ",
    "emoji": "A harbour with 12 ships \N{SHIP}.",
    "code": "A ship {objects} %s ${HOME} <script>alert(1)</script> __import__('os').",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_captions_of_any_script_are_kept_as_they_are(script: str, tmp_path: Path) -> None:
    world = World({"d.png": picture(3), "pairs.jsonl": pair("d.png", [SCRIPTS[script]])}, PAIRS.builder)
    (record,) = outcome(world, None, tmp_path).records
    assert record["captions"] == [SCRIPTS[script]]


def test_names_of_any_script_have_ids_of_their_own(tmp_path: Path) -> None:
    names = ["港口", "机场", "σκάφος", "Ⅷ", "cafe\u0301"]
    files = {f"{name}.png": picture(number) for number, name in enumerate(names)}
    lines = b"".join(pair(f"{name}.png", [f"Picture {number}."]) for number, name in enumerate(names))
    found = outcome(World({**files, "pairs.jsonl": lines}, PAIRS.builder), None, tmp_path)
    assert len({record["id"] for record in found.records}) == len(names)
    assert not found.rejected
    assert {record["origin"]["picture"] for record in found.records} == set(files)
