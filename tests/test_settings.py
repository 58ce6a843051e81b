"""Settings refuse what they do not know, in one line that says what to write instead."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from rsvlm.errors import ConfigurationError
from rsvlm.settings import Inside, Name, Settings, nearest, validate


class Inner(Settings):
    rate: float = 0.1
    kind: Literal["adam", "lion"] = "adam"


class Circle(Settings):
    kind: Literal["circle"]
    radius: int = 1


class Square(Settings):
    kind: Literal["square"]
    side: Inner = Inner()


class Outer(Settings):
    name: Name
    steps: int
    optimiser: Inner = Inner()
    layers: tuple[int, ...] = ()
    parts: tuple[Inner, ...] = ()
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="kind")], ...] = ()


def refused(**data: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        validate(Outer, {"name": "a", "steps": 3, **data}, "recipe.yaml: train.a")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Pictures(Settings):
    """A path of a source."""

    images: Inside


def test_right_settings_pass() -> None:
    settings = validate(Outer, {"name": "a", "steps": 3, "layers": [1, 2], "optimiser": {"rate": 1}}, "here")
    assert (settings.layers, settings.optimiser.rate, settings.optimiser.kind) == ((1, 2), 1.0, "adam")


def test_unknown_key_names_the_nearest() -> None:
    message = refused(stpes=3)
    assert message == (
        "recipe.yaml: train.a: stpes: unknown key; allowed: layers, name, optimiser, parts, shapes, steps (did you mean 'steps'?)"
    )


def test_unknown_key_inside() -> None:
    assert refused(optimiser={"rat": 1}).endswith("optimiser.rat: unknown key; allowed: kind, rate (did you mean 'rate'?)")
    assert refused(parts=[{"rat": 1}]).endswith("parts.0.rat: unknown key; allowed: kind, rate (did you mean 'rate'?)")


def test_unknown_key_of_one_kind_among_several() -> None:
    circle, square = {"kind": "circle"}, {"kind": "square"}
    assert refused(shapes=[circle, {**square, "radius": 1}]).endswith("shapes.1.square.radius: unknown key; allowed: kind, side")
    assert refused(shapes=[{**square, "side": {"rat": 1}}]).endswith("side.rat: unknown key; allowed: kind, rate (did you mean 'rate'?)")


def test_value_outside_the_allowed() -> None:
    assert refused(optimiser={"kind": "adamw"}).endswith(
        "optimiser.kind: 'adamw' is not allowed; allowed: adam, lion (did you mean 'adam'?)"
    )


@pytest.mark.parametrize("value", ["3", 3.5, True, None, [3]])
def test_wrong_type(value: object) -> None:
    assert "steps" in refused(steps=value)


def test_missing_key() -> None:
    with pytest.raises(ConfigurationError, match="name: this key is missing"):
        validate(Outer, {"steps": 3}, "here")


@pytest.mark.parametrize("name", ["../x", "A", "", "a" * 65, ".hidden", "a b", "a/b", "a\nb"])
def test_names_cannot_leave_their_folder(name: str) -> None:
    assert "name" in refused(name=name)


def test_no_nan() -> None:
    assert "recipe.yaml: train.a: optimiser.rate: nan: only text, numbers" in refused(optimiser={"rate": float("nan")})


@pytest.mark.parametrize("path", ["/etc/*", "../../*", "images/../../x", "", "a\0b", "images/**.jpg"])
def test_paths_stay_in_their_source(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"here: images: a path or glob pattern inside the source is needed"):
        validate(Pictures, {"images": path}, "here")


@pytest.mark.parametrize("path", ["*/*.jpg", "**/*.tif", "images/{stem}.png", "a..b/c.jpg"])
def test_patterns_inside_a_source_pass(path: str) -> None:
    assert validate(Pictures, {"images": path}, "here").images == path


def test_several_faults_are_counted() -> None:
    assert refused(stpes=3, steps="x").endswith("(and 1 more)")


def test_nearest_is_silent_when_nothing_is_near() -> None:
    assert nearest("zzz", ["acquire", "caption"]) == ""


def test_settings_cannot_be_changed() -> None:
    settings = Inner()
    with pytest.raises(ValueError, match="frozen"):
        settings.rate = 2.0
