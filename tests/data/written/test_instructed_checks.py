"""The checker of given captions with their requests: what the file has for the picture, and nothing else, holds."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.tinyraw import Made, make, noise, write_source

REQUESTS = ["Describe this image in detail.", "Take a look at this image and describe what you notice."]
TEXTS = ["A harbor with  two boats.", "Caf\u00e9 roofs beside a road.", "A field."]


def entries(layout: str) -> Any:
    if layout == "rsicap":
        return {
            "annotations": [
                {"image_id": str(place), "filename": f"P{place}.png", "text_input": REQUESTS[place % 2], "text_output": text}
                for place, text in enumerate(TEXTS)
            ]
        }
    said = [
        [{"from": "human", "value": f"<image>\n{REQUESTS[place % 2]}"}, {"from": "gpt", "value": text}] for place, text in enumerate(TEXTS)
    ]
    return [{"id": str(place), "image": f"P{place}.png", "conversations": turns} for place, turns in enumerate(said)]


def built(raw: Path, layout: str) -> Made:
    pictures = {f"images/P{place}.png": noise(place, 24, 24) for place in range(3)}
    write_source(raw, "given", {**pictures, "captions.json": json.dumps(entries(layout)).encode()})
    rule = {"kind": "instructed-captions", "layout": layout, "source": "given", "prefix": "tiny", "file": "captions.json"}
    return make(raw, {**rule, "pictures": "images/{name}", "instructions": REQUESTS})


@pytest.mark.system("rsicap", 2)
@pytest.mark.parametrize("layout", ["rsicap", "llava"])
def test_true_records_pass_and_texts_of_other_pictures_fail(tmp_path: Path, layout: str) -> None:
    made = built(tmp_path, layout)
    assert len(made.records) == 3
    assert [[each.holds for each in made.statements(record)] for record in made.records] == [[True]] * 3
    for record, other in zip(made.records, made.records[1:] + made.records[:1], strict=True):
        assert [each.holds for each in made.statements({**record, "captions": other["captions"]})] == [False]


@pytest.mark.system("rsicap", 2)
@pytest.mark.parametrize("layout", ["rsicap", "llava"])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda record: record.__setitem__("captions", ["A harbor with three boats."]), "text"),
        (lambda record: record["facts"].__setitem__("instruction", REQUESTS[1]), "format"),
        (lambda record: record["facts"].__setitem__("instruction", "Tell me a story."), "format"),
        (lambda record: record["facts"].__setitem__("given_id", "7"), "format"),
        (lambda record: record["origin"].__setitem__("picture", "images/P1.png"), "format"),
        (lambda record: record["facts"].__setitem__("row", "[9]"), "text"),
    ],
)
def test_planted_lies_are_found(tmp_path: Path, layout: str, change: Any, kind: str) -> None:
    made = built(tmp_path, layout)
    record = copy.deepcopy(made.records[0])
    change(record)
    assert kind in [each.kind for each in made.statements(record) if not each.holds]


@pytest.mark.system("rsicap", 2)
def test_a_request_that_the_recipe_does_not_allow_is_found(tmp_path: Path) -> None:
    made = built(tmp_path, "rsicap")
    (rule,) = made.evidence.settings[("instructed-captions", "given")]
    strict = type(made.evidence)(made.evidence.raw, {("instructed-captions", "given"): ({**rule, "instructions": REQUESTS[:1]},)})
    assert [each.text for each in Made(made.records, made.rejected, strict).false()] == [REQUESTS[1]]
