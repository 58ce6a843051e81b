"""Prompts that travel with the package, as YAML files in `rsvlm/data/prompts/`."""

from importlib import resources
from pathlib import Path

from rsvlm.chat.prompts import Prompt, load_prompt
from rsvlm.data import prompts  # imported, so that a stage's fingerprint has the bytes of its files


def prompt_of(name: str) -> Prompt:
    """Return a prompt by its name without ending.

    Raises:
        ConfigurationError: there is none of this name, or its file is not right.
    """
    return load_prompt(Path(str(resources.files(prompts).joinpath(f"{name}.yaml"))))
