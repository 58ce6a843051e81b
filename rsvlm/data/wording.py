"""Question and answer templates that travel with the package, as YAML files in `rsvlm/data/templates/`."""

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from rsvlm.data import templates  # imported, so that a stage's fingerprint has the bytes of its files


@cache
def wording(name: str) -> dict[str, Any]:
    """Return a file of templates by its name without ending."""
    text = resources.files(templates).joinpath(f"{name}.yaml").read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return table


def drawn(options: list[str], generator: np.random.Generator) -> str:
    """Return one of several templates."""
    return options[int(generator.integers(len(options)))]
