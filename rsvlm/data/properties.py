"""Questions for a picture's resolution, sensor and modality; answers are facts of the source's index, none is guessed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from rsvlm.conversations.talk import Talk
from rsvlm.conversations.vhm import LETTERS, OTHER, asked, options
from rsvlm.data.kinds.properties import PropertyRules
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.errors import DataError

MODALITIES = ("optical", "panchromatic", "radar", "infrared")
_MOST_SENSORS = 5


def sensors(work: Work, source: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what a source's index says of its files' sensors and bands, by file.

    Raises:
        DataError: there is no readable index.
    """

    def read() -> dict[str, dict[str, Any]]:
        path = work.source(source).folder / "index.parquet"
        try:
            rows = pq.read_table(path, columns=["file", "sensor", "bands"]).to_pylist()
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: no readable index of source '{source}' ({error}); run the acquire stage again") from None
        return {row["file"]: row for row in rows}

    return work.once(("sensors", source), read)


def modality_of(sensor: str | None, bands: int | None) -> str | None:
    """Return a picture's modality by what its sensor is called; a camera of three bands or more is optical. None if unknown."""
    words = (sensor or "").lower().replace("-", " ").split()
    if "panchromatic" in words:
        return "panchromatic"
    if "sar" in words or "radar" in words:
        return "radar"
    if "infrared" in words or "thermal" in words:
        return "infrared"
    return "optical" if words and (bands or 0) >= 3 else None


def metres(value: float, digits: int) -> str:
    """Return a length in metres with so many significant digits and without an exponent: `0.26`, `10`, `30`."""
    rounded = float(f"{value:.{digits}g}")
    return np.format_float_positional(rounded, trim="-")


def property_talks(
    gsd: float | None, sensor: str | None, bands: int | None, rules: PropertyRules, generator: np.random.Generator
) -> list[Talk]:
    """Return the questions about a picture whose answers are known.

    Args:
        gsd: metres a pixel.
        sensor: as the index names it.
        bands: of the file.
        rules: which are asked.
        generator: draws words and the order of options.
    """
    prefix, talks = OTHER if rules.prefix else "", []
    if "resolution" in rules.tasks and gsd:
        text = f"{metres(gsd, rules.digits)} m"
        talks.append(Talk("image_property", asked(prefix, drawn(wording("vhm")["resolution"], generator)), text, text))
    if "sensor" in rules.tasks and sensor in rules.sensors and len(rules.sensors) > 1:
        talks.append(_choice("image_property", wording("vhm")["sensor"], sensor or "", rules.sensors, prefix, generator))
    modality = modality_of(sensor, bands)
    if "modality" in rules.tasks and modality:
        names = wording("vhm")["modalities"]
        talks.append(_choice("modality", wording("vhm")["modality"], names[modality], tuple(names.values()), prefix, generator))
    return talks


def _choice(task: str, question: str, right: str, names: tuple[str, ...], prefix: str, generator: np.random.Generator) -> Talk:
    wrong = [name for name in names if name != right]
    texts = [right, *(wrong[place] for place in generator.permutation(len(wrong))[: _MOST_SENSORS - 1].tolist())]
    texts = [texts[place] for place in generator.permutation(len(texts)).tolist()]
    letter = LETTERS[texts.index(right)]
    return Talk(task, asked(prefix, f"{question}\n{options(texts)}\n{wording('vhm')['choose']}"), f"{letter}. {right}", letter)
