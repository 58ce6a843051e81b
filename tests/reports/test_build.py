"""The report: self-contained, escaped, deterministic, complete."""

import html.parser
import re
import shutil
from pathlib import Path

import pytest

from rsvlm.errors import DataError, IntegrityError
from rsvlm.reports.build import build_report
from tests.reports.conftest import GALLERY, METRICS, About, picture, write_evidence


class Page(html.parser.HTMLParser):
    """Collects tags with attributes and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data + " "


def build(root: Path, sections) -> bytes:
    output = root / "reports/remoteclip/report.html"
    build_report("remoteclip", About(), sections, root, root / "reports/remoteclip/evidence", METRICS, output)
    return output.read_bytes()


def test_nothing_is_fetched_and_nothing_runs(workspace, sections):
    page = Page(build(workspace, sections).decode())
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    policy = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("data:image/jpeg;base64,", "#")), attributes


def test_hostile_text_is_shown_not_obeyed(workspace, sections):
    text = build(workspace, sections).decode()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "[U+202E]gnp.exe" in text
    assert "academic use &lt;only&gt;" in text
    assert "A &amp; B &lt;tag&gt;" in text


def test_same_inputs_same_bytes_wherever_they_lie(workspace, sections, tmp_path):
    first = build(workspace, sections)
    shutil.copytree(workspace, tmp_path / "another/place")
    assert build(tmp_path / "another/place", sections) == first
    assert str(tmp_path).encode() not in first


def test_it_says_what_went_in_and_what_came_out(workspace, sections):
    page = Page(build(workspace, sections).decode())
    text = re.sub(r"\s+", " ", page.text)
    assert "20 samples with 40 captions" in text
    assert "first CC-BY-4.0 11 0 2 13" in text
    assert "second academic use <only> 5 0 2 7" in text
    assert "first picture: truncated 2" in text
    assert "0.660 0.033 chance 0.630 to 0.690" in text
    assert "0.865 AID at 600 px" in text
    assert "features efficientnet-lite0" in text
    assert "rsvlm run remoteclip" in text
    assert len([tag for tag, a in page.tags if tag == "img"]) == 12 + 3
    assert {"polygon", "svg"} <= {tag for tag, _ in page.tags}
    assert ("polygon", {"class": "outline truth", "points": "100,200 500,200 500,900"}) in page.tags


def test_manifest_hashes_are_on_the_page(workspace, sections):
    from rsvlm.files import read_manifest

    text = build(workspace, sections).decode()
    for folder in ("data/pairs/remoteclip", "models/remoteclip/pretrain"):
        assert read_manifest(workspace / folder).sha256 in text


def test_readable_on_a_phone(workspace, sections):
    text = build(workspace, sections).decode()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert text.count("<table") == text.count('<div class="box"><table')


def test_many_large_images_keep_the_page_below_five_megabytes(workspace, sections):
    pictures = {f"{n}.png": picture(str(n), 500) for n in range(6)}
    items = [{"image": f"images/{n % 6}.png", "text": str(n)} for n in range(60)]
    gallery = [{"title": f"row {n}", "kind": "confusion", "items": items} for n in range(3)]
    write_evidence(workspace, gallery, pictures)
    page = build(workspace, sections)
    assert b"24 more in the evidence folder" in page
    assert b"images left out" in page
    assert len(page) < 5_000_000


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "images/../x.png", "http://x/y.png", "images/.hidden"])
def test_an_image_outside_the_evidence_is_refused(workspace, sections, name):
    write_evidence(workspace, [{"title": "t", "kind": "pairs", "items": [{"image": name, "text": ""}]}], {})
    with pytest.raises(DataError, match="allowed: images/"):
        build(workspace, sections)


def test_a_missing_image_is_named(workspace, sections):
    write_evidence(workspace, [{"title": "t", "kind": "pairs", "items": [{"image": "images/gone.png"}]}], {})
    with pytest.raises(DataError, match=r"gone\.png: named in gallery.json but missing"):
        build(workspace, sections)


def test_changed_evidence_is_refused(workspace, sections):
    (workspace / "reports/remoteclip/evidence/summary.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"summary\.json"):
        build(workspace, sections)


def test_an_undecodable_image_is_left_out_and_said(workspace, sections):
    write_evidence(workspace, GALLERY, {"a.png": b"not a picture", "b.png": picture("b")})
    text = build(workspace, sections).decode()
    assert "image left out" in text
    assert "2 images left out" in text
