import subprocess
import sys

import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.quality.settings import QualitySettings
from rsvlm.settings import validate

WHOLE = {
    "screens": [
        {"kind": "length", "least_words": 20, "most_words": 100},
        {"kind": "language", "allowed": ["english", "chinese"]},
        {"kind": "keyword"},
        {"kind": "words", "lists": ["refusal", "vague", "map-data"], "words": ["Eiffel"]},
        {"kind": "link"},
        {"kind": "size", "least_side": 64},
        {"kind": "broken"},
        {"kind": "blank"},
        {"kind": "cloud"},
        {"kind": "cloud-bands"},
        {"kind": "ocean"},
        {"kind": "uniform"},
        {"kind": "sharp"},
    ],
    "copies": {"steps": [{"kind": "equal", "value": "url"}, {"kind": "perceptual"}, {"kind": "embedding"}], "last": ["laioncoco"]},
    "percentiles": [{"score": "similarity", "keep": 0.9}, {"score": "detector", "keep": 0.8, "groups": "source"}],
    "balance": {"most_of_class": 10},
    "seed": 3,
}


def test_every_screen_in_the_order_that_was_written():
    settings = validate(QualitySettings, WHOLE, "recipe")
    assert [screen.kind for screen in settings.screens] == [screen["kind"] for screen in WHOLE["screens"]]
    assert settings.percentiles[1].keep == 0.8


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("screens", [{"kind": "clouds"}], "did you mean 'cloud'"),
        ("screens", [{"kind": "size", "least_sides": 3}], "unknown key"),
        ("screens", [{"kind": "cloud", "most_share": 1.5}], "less than or equal to 1"),
        ("screens", [{"kind": "length", "least_words": 9, "most_words": 3}], "the least length is above the most"),
        ("screens", [{"kind": "keyword", "pub11": False}], "phrases"),
        ("screens", [{"kind": "words", "lists": []}], "name a list"),
        ("copies", {"steps": [{"kind": "perceptual", "below": 4, "segments": 2}]}, "copies are missed"),
        ("copies", {"steps": [{"kind": "equal"}], "prefer": ["a"], "last": ["a"]}, "both preferred and last"),
        ("percentiles", [{"score": "similarity", "keep": 0.0}], "greater than 0"),
    ],
)
def test_wrong_settings_stop_with_one_line(section, value, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        validate(QualitySettings, {section: value}, "recipe")
    assert "\n" not in str(caught.value)


def test_settings_import_nothing_heavy(root):
    code = "import sys, rsvlm.quality.settings; assert not {'numpy', 'PIL', 'scipy', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
