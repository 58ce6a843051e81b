from pathlib import Path

import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.settings import validate
from rsvlm.sources import catalogue
from rsvlm.sources.definition import ArchiveAddress, HttpAddress
from rsvlm.sources.settings import AcquireSettings

GOOD = """
name: sample
title: a sample
licence: CC0
terms: none
citation: nobody
homepage: []
parts:
  - address: {kind: http, base: https://example.org/}
  - {prefix: images/, address: {kind: archive, url: https://example.org/a.tar.gz}}
"""


@pytest.mark.parametrize("name", catalogue.names())
def test_every_definition_is_valid_and_every_listed_file_has_an_address(name: str) -> None:
    source = catalogue.load(name)
    if source.files is None:
        return
    without = [file.path for file in source.files if source.definition.part_of(file.path) is None]
    assert without == (["rsicd_all.jsonl", "rsitmd_all.jsonl", "rsivqa_aid_subset.txt"] if name == "captions-text" else [])


def test_the_longest_prefix_wins(tmp_path: Path) -> None:
    (tmp_path / "sample.yaml").write_text(GOOD)
    definition = catalogue.load("sample", tmp_path).definition
    assert isinstance(getattr(definition.part_of("images/a"), "address", None), ArchiveAddress)
    assert isinstance(getattr(definition.part_of("a"), "address", None), HttpAddress)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("licence: CC0", "license: CC0"), r"sample\.yaml: .*licen"),
        (("kind: http,", "kind: htpp,"), r"'htpp' is not allowed; allowed: .*did you mean 'http'"),
        (("https://example.org/}", "https://user:word@example.org/}"), "base"),
        (("prefix: images/", "prefix: ../images/"), "stays inside"),
        (("name: sample", "name: simple"), "must be the file's name"),
        (("name: sample", "name: [sample"), "not valid YAML"),
        (("terms: none", "terms: 2020-13-45"), "holds a value that is not what it looks like: month must be in 1..12"),
        (("terms: none", f"terms: {'9' * 5_000}"), "holds a value that is not what it looks like"),
        (("terms: none", "terms: " + "[" * 5_000 + "]" * 5_000), "nested too deep"),
        (("title: a sample", "title: a sample\ntitle: twice"), "not valid YAML"),
    ],
)
def test_faults_are_named(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    (tmp_path / "sample.yaml").write_text(GOOD.replace(*change))
    with pytest.raises(ConfigurationError, match=words) as caught:
        catalogue.load("sample", tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unknown_source_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'minilm'"):
        catalogue.load("minilmm")
    with pytest.raises(ConfigurationError, match="did you mean 'minilm'"):
        validate(AcquireSettings, {"family": "contrastive", "system": "a", "sources": ["minilmm"]}, "recipe")
    with pytest.raises(ConfigurationError, match="twice"):
        validate(AcquireSettings, {"family": "contrastive", "system": "a", "sources": ["minilm", "minilm"]}, "recipe")


@pytest.mark.parametrize(
    "line", ["short 1 a", f"{'0' * 64} x a", f"{'0' * 64} 1 ../a", f"{'0' * 64} 1 /a", f"{'0' * 64} 1 b\n{'0' * 64} 1 a",
     f"{'z' * 64} 1 a", f"{'0' * 64} \u00b2 a", f"{'0' * 64} \u0663 a", f"{'0' * 64} {'9' * 5_000} a"],
)  # fmt: skip
def test_lists_are_checked(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.sha256").write_text(line + "\n")
    with pytest.raises(ConfigurationError, match=r"a\.sha256"):
        catalogue.read_list(tmp_path / "a.sha256")


def test_anchors_that_expand_without_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (tmp_path / "sample.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigurationError, match=r"sample\.yaml: anchors expand to more than"):
        catalogue.load("sample", tmp_path)


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.sha256").write_bytes(b"0" * 64 + b" 1 \xff\n")
    with pytest.raises(ConfigurationError, match=r"a\.sha256: not UTF-8 text \(byte 67\)"):
        catalogue.read_list(tmp_path / "a.sha256")


def test_the_documented_example_is_valid(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    (tmp_path / "my-scenes.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    assert catalogue.load("my-scenes", tmp_path).definition.gsd == 0.1
