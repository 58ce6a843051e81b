"""From ids back to picture files."""

from pathlib import Path

import pytest

from rsvlm.captioning.settings import ChipSettings
from rsvlm.data.origins import Naming, RawFiles, made_from
from rsvlm.records.models import safe_id
from tests.data.corpora import make_raw


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("dota-p0706-0_160", "images/P0706.png", True),
        ("dota-p0706", "images/P0706.png", True),
        ("aid-port_7", "images/Port/port_7.jpg", True),
        ("dota-p07061-0_160", "images/P0706.png", False),
        ("dota-p0706-0_160-x", "images/P0706.png", False),
        ("dior-00011-00011", "images/Old Town (2).png", False),
        ("x-old-town-2", "images/Old Town (2).png", True),
        (safe_id("x", "港", "0_160"), "images/港.png", True),
        (safe_id("x", "港"), "images/船.png", False),
    ],
)
def test_which_ids_can_stand_for_a_file(name: str, file: str, expected: bool) -> None:
    assert made_from(name, file) is expected


def test_ids_of_a_picture_that_is_cut() -> None:
    naming = Naming("made", "tiny", ChipSettings(size=64, stride=48))
    assert naming.ids("pictures/large.png", 112, 64) == ["tiny-large-0_0", "tiny-large-48_0"]
    assert naming.ids("pictures/small.png", 64, 40) == ["tiny-small"]
    assert Naming("made", "tiny").ids("pictures/large.png", 900, 900) == ["tiny-large"]
    assert Naming("made", "tiny").ids("pictures/" + "x" * 200 + ".png", 9, 9) == []


def test_files_are_found_by_path_name_stem_and_id(tmp_path: Path) -> None:
    make_raw(tmp_path / "raw")
    files = RawFiles(tmp_path / "raw")
    wanted = ("made", "pictures/P03.png")
    for name in ("pictures/P03.png", "P03.png", "P03"):
        assert files.named(name) == [wanted]
    assert files.behind("tiny-p03") == wanted
    assert files.behind("pictures/P03.png", "made") == wanted
    assert files.behind("tiny-large-48_0") == ("made", "pictures/large.png")
    assert files.behind("tiny-p03", "other") is None
    assert files.behind("tiny-q03") is None
    assert not [file for _, file in files.files() if file.endswith(".txt")]
