"""Every kind of builder that a recipe can name is built, checked and described."""

import json
import re

import pytest

from rsvlm.data.build import _BUILD
from rsvlm.data.checking import CHECKS, statements_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.settings import CorpusSettings
from rsvlm.errors import DataError


def kinds() -> set[str]:
    """The kinds that the settings allow, as their JSON schema lists them."""
    schema = json.loads(json.dumps(CorpusSettings.model_json_schema()))
    return set(schema["properties"]["builders"]["items"]["discriminator"]["mapping"])


def test_every_kind_has_a_builder() -> None:
    assert set(_BUILD) == kinds()


def test_every_kind_but_own_captions_has_a_checker() -> None:
    assert set(CHECKS) == kinds() - {"native"}


def test_the_documentation_lists_every_kind(root) -> None:
    text = (root / "docs/data-engine.md").read_text("utf-8")
    listed = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", text.partition("## Kinds of texts")[2], re.MULTILINE)
    assert {kind for cell in listed for kind in re.findall(r"`([a-z-]+)`", cell)} == kinds()


def test_texts_without_a_checker_are_not_passed_over(tmp_path) -> None:
    assert statements_of({"id": "a", "builder": "native"}, Evidence(tmp_path)) == []
    with pytest.raises(DataError, match=r"a: kind 'densest-quarter' has no checker in rsvlm/data/checking\.py"):
        statements_of({"id": "a", "builder": "densest-quarter"}, Evidence(tmp_path))
