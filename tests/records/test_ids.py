import hashlib
import unicodedata

import pytest

from rsvlm.records.models import safe_id
from rsvlm.records.unfit import Unfit


@pytest.mark.parametrize(
    ("parts", "id"),
    [
        (("dota", "P0706", "0_160"), "dota-p0706-0_160"),
        (("ucm", "Dense Residential 07.v2"), "ucm-dense-residential-07-v2"),
        (("a", "(x)_y."), "a-x-_y"),
        (("p", "..."), "p-"),
    ],
)
def test_names_in_ascii_keep_their_letters(parts: tuple[str, ...], id: str) -> None:
    assert safe_id(*parts) == id


def test_pictures_named_in_any_script_have_ids_of_their_own() -> None:
    names = ["船", "港", "船 1", "港 1", "порт", "Порт", "مطار", "São Paulo", "Sao Paulo", "Sào Paulo", "🚢", "ship–1"]
    found = [safe_id("ships", name) for name in names]
    assert len(set(found)) == len(names)
    assert all(id.isascii() and id == id.lower() for id in found)
    assert found[0] == f"ships-{hashlib.sha256('船'.encode()).hexdigest()[:12]}"
    assert found[2] == f"ships-1-{hashlib.sha256('船 1'.encode()).hexdigest()[:12]}"
    assert found[7].startswith("ships-s-o-paulo-")


def test_one_name_written_in_two_ways_is_one_id() -> None:
    """File systems differ: `é` is one character or a letter and an accent."""
    assert safe_id("p", unicodedata.normalize("NFD", "Orlé")) == safe_id("p", unicodedata.normalize("NFC", "Orlé"))


def test_a_name_that_is_no_text_has_an_id() -> None:
    assert safe_id("p", "\udcff") != safe_id("p", "\udcfe")


@pytest.mark.parametrize("parts", [("", "a"), ("a", "x" * 91), ("a", "船" + "x" * 80)])
def test_what_gives_no_id_is_unfit(parts: tuple[str, ...]) -> None:
    with pytest.raises(Unfit, match="id is not safe"):
        safe_id(*parts)
