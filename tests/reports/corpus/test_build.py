"""The report of a corpus: self-contained, escaped, deterministic, complete."""

import re
import shutil
from pathlib import Path

import pytest

from rsvlm.data.card import counts_of
from rsvlm.data.settings import CorpusEvaluateSettings
from rsvlm.errors import IntegrityError
from rsvlm.files import canonical_json, publish, readable_json
from rsvlm.records.rejected import Rejected
from rsvlm.reports.corpus.build import build_corpus_report
from tests.data.corpora import make_raw, publish_corpus, sample, settings, talk
from tests.reports.test_build import Page

MARKUP = "<script>alert('x')</script> <img src=http://evil.example/x onerror=1>"
HOSTILE = MARKUP + " \u202egnp.exe \x1b[31m"
METRICS = {
    "statements": 40.0,
    "checked_records": 4.0,
    "facts/precision": 0.975,
    "facts/precision/low": 0.87,
    "facts/precision/high": 0.9956,
    "facts/precision/baseline": 0.3,
    "facts/count/precision": 0.975,
}


class About:
    family = "data"
    system = "tiny"
    title = "Tiny & small"
    summary = "A & B <tag>"
    licence = "Apache-2.0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    make_raw(root / "data/raw/tiny")
    rejected = Rejected()
    rejected.add("pictures/P00.png", "made", f"odd {HOSTILE}", HOSTILE)
    rejected.add("pictures/broken.png", "made", "picture: truncated", "no pixels")
    rejected.add("tiny-p01", "made", "near copy of an evaluation picture", "a-1", kind="duplicate")
    rejected.leave_out("made", "chip without an object", 3)
    box = [[4.0, 8.0], [20.0, 8.0], [20.0, 40.0], [4.0, 40.0]]
    samples = [
        sample("a-1", 1, [MARKUP, "A ship."], "test", objects=[{"label": "<b>ship", "polygon": box}], licence="use <only>"),
        sample("a-2", 2, ["مطار كبير", "港口里有船。"], languages=["en", "zh"], bounds=[10.0, 50.0, 10.2, 50.2], label="Port"),
        sample("a-3", 3, [], conversations=[talk("a-3-0", "counting", "How many?", "Two & more.")]),
        sample("a-4", 4, ["quiet"], source="second"),
    ]
    counts = counts_of(publish_corpus(root / "data/pairs/tiny", samples, rejected))
    facts = {"statements": {"count": 40}, "held": {"count": 39}, "metrics": METRICS}
    with publish(root / "reports/tiny/evidence") as out:
        (out / "counts.json").write_bytes(readable_json({**counts, **facts}))
        (out / "false.jsonl").write_bytes(
            canonical_json({"id": "a-1", "kind": "count", "text": f"nine {HOSTILE}", "why": "the file has 1"})
        )
        (out / "card.md").write_text("# Card\n")
    return root


def build(root: Path) -> str:
    folders = {"data": "data/pairs/tiny", "model": "data/pairs/tiny", "judge": "data/raw/tiny"}
    section = CorpusEvaluateSettings(family="data", system="tiny", **folders)
    corpus = settings(biases=["Ports & ships <only>."], published={"images": 987_654, "texts": 1, "note": "Table IX"})
    output = root / "reports/tiny/report.html"
    build_corpus_report("tiny", About(), section, corpus, root, root / "reports/tiny/evidence", output)
    return output.read_text("utf-8")


def test_nothing_is_fetched_and_nothing_runs(root: Path) -> None:
    page = Page(build(root))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    policy = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("data:image/jpeg;base64,", "#")), attributes


def test_hostile_text_is_shown_not_obeyed(root: Path) -> None:
    text = build(root)
    assert "<script" not in text
    assert "<b>ship" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert text.count("&lt;script&gt;") >= 4  # caption, false statement, reason, particulars
    assert "[U+202E]gnp.exe" in text
    assert "use &lt;only&gt;" in text


def test_same_inputs_same_bytes_wherever_they_lie(root: Path, tmp_path: Path) -> None:
    first = build(root)
    shutil.copytree(root, tmp_path / "another/place")
    assert build(tmp_path / "another/place") == first
    assert str(tmp_path) not in first


def test_it_says_what_was_counted_and_checked(root: Path) -> None:
    page = Page(build(root))
    text = re.sub(r"\s+", " ", page.text)
    assert "Statements that hold 97.50 % of 40; 95 % interval 87.00 % to 99.56 %" in text
    assert "The same under other pictures 30.00 %" in text
    assert "count 40 39 97.50 %" in text
    assert "made CC0, use <only> 2 0 1 3" in text
    assert "Statements that do not hold" in text
    assert "the file has 1" in text
    assert "picture: truncated (record, 1)" in text
    assert "made chip without an object 3" in text
    assert "Known of 1 images, in 1 cells of 1°" in text
    assert "Ports & ships <only>." in text
    assert "rsvlm run tiny" in text
    assert "assistant: Two & more." in text
    assert "港口里有船。" in text
    assert all(text.count(f" {name}: ") == 1 + (name == "a-1") for name in ("a-1", "a-2", "a-3", "a-4")), "a-1 also makes a false statement"
    assert "987,654 images and 1 texts (Table IX). These are the paper's figures, not ours" in text


def test_objects_are_outlined_in_thousandths_of_the_picture(root: Path) -> None:
    page = Page(build(root))
    assert ("polygon", {"class": "outline truth", "points": "100,200 500,200 500,1000 100,1000"}) in page.tags


def test_pictures_of_what_was_set_aside_are_found_in_the_raw_folder(root: Path) -> None:
    text = build(root)
    aside = text[text.index('id="aside"') : text.index('id="biases"')]
    assert aside.count("<img ") == 2  # by its path, and by a record's id; the broken one has none to show
    assert aside.count("no picture to show") == 1


def test_manifest_hashes_are_on_the_page(root: Path) -> None:
    from rsvlm.files import read_manifest

    text = build(root)
    for folder in ("data/pairs/tiny", "data/raw/tiny"):
        assert read_manifest(root / folder).sha256 in text


def test_changed_evidence_is_refused(root: Path) -> None:
    (root / "reports/tiny/evidence/counts.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"counts\.json"):
        build(root)
