"""YAML files that try something."""

from pathlib import Path

import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.recipes.yaml import read_yaml


def refuse(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_plain_values_and_anchors(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {x: 1, y: 1e-3, z: yes, on: 012}\nb:\n  <<: *a\n  x: 2\n")
    # YAML 1.2: `yes` and `on` are text, 012 is twelve, 1e-3 is a number
    assert read_yaml(path) == {"a": {"x": 1, "y": 0.001, "z": "yes", "on": 12}, "b": {"x": 2, "y": 0.001, "z": "yes", "on": 12}}


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", ", line 3: not valid YAML"),
        ("a: {b: 1, b: 2}\n", "not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        ("a: !custom 3\n", "not valid YAML"),
        ("a: [1, 2\n", "not valid YAML"),
        ("a: *nobody\n", "not valid YAML"),
        ("- a\n- b\n", "holds list; a mapping of keys is needed"),
        ("just text\n", "holds str"),
        ("", "holds NoneType"),
        ("1: a\n", "key 1 is not text"),
        ("a: {true: b}\n", "is not text"),
        (b"a: \xff\xfe\n", "not UTF-8 text (byte 3)"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
        ("#" * 2_000_001, "bytes; a recipe may have"),
        ("a: 2020-13-45\n", "a value that is not what it looks like: month must be in 1..12"),
        ("a: !!int x\n", "a value that is not what it looks like"),
        ("a: !!bool maybe\n", "a value that is not what it looks like"),
        (f"a: {'9' * 6_000}\n", "a value that is not what it looks like"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    assert words in refuse(tmp_path, text)


def test_a_billion_laughs_are_not_laughed(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "anchors expand to more than" in refuse(tmp_path, "\n".join(lines))


def test_an_anchor_inside_itself(tmp_path: Path) -> None:
    refuse(tmp_path, "a: &a [*a]\n")


def test_deep_nesting(tmp_path: Path) -> None:
    refuse(tmp_path, "a: " + "[" * 5000 + "]" * 5000)
