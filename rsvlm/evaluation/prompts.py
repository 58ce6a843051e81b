"""Prompt ensembles for zero-shot classification, by the names they are known under, and how class names are written."""

import re

_GEORSCLIP_PHRASES = ("a remote sensing image", "an aerial image", "a satellite image")
_GEORSCLIP_QUALITIES = (
    "low resolution",
    "bad",
    "cropped",
    "bright",
    "dark",
    "close-up",
    "black and white",
    "jpeg corrupted",
    "blurry",
    "good",
)
_GEORSCLIP_SIZES = ("large", "nice", "small", "weird", "cool")


def _georsclip() -> tuple[str, ...]:
    """Return GeoRSCLIP's 105 templates: 3 phrases x 35 patterns."""
    templates = []
    for phrase in _GEORSCLIP_PHRASES:
        noun = phrase.split(" ", 1)[1]
        templates += [f"{phrase} of {what} {{}}." for what in ("many", "a", "the", "the hard to see", "a hard to see")]
        templates += [f"a {quality} {noun} of {article} {{}}." for quality in _GEORSCLIP_QUALITIES for article in ("the", "a")]
        templates += [f"{phrase} of {article} {size} {{}}." for size in _GEORSCLIP_SIZES for article in ("the", "a")]
    return tuple(templates)


TEMPLATES: dict[str, tuple[str, ...]] = {
    "remoteclip": ("a satellite photo of {}.",),
    "skyscript-2": ("a satellite photo of {}.", "a satellite image of {}"),
    "s-clip": ("an aerial photograph of {}.",),
    "itra-eurosat-3": (
        "a centered satellite photo of {}.",
        "a centered satellite photo of a {}.",
        "a centered satellite photo of the {}.",
    ),
    "georsclip-105": _georsclip(),
    "captions-6": (
        "{}",
        "a satellite photo of {}.",
        "an aerial image of a {}.",
        "there is a {} in the picture .",
        "many buildings and green trees are around a {} .",
        "it is a {} .",
    ),
}


def class_text(label: str) -> str:
    """Return a class name as words: `DenseResidential`, `dense_residential` and `dense/residential` read `dense residential`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label)
    return re.sub(r"[\s_/]+", " ", spaced).strip().lower()


def class_prompts(labels: list[str], template_set: str) -> list[list[str]]:
    """Return one list of prompts a class."""
    return [[template.format(class_text(label)) for template in TEMPLATES[template_set]] for label in labels]
