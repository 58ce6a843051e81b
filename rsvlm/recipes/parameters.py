"""`params.yaml`: the settings a person changes, for all recipes alike."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from rsvlm.errors import ConfigurationError
from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import Settings, validate


class Resources(Settings):
    """Threads of a training process, recipes worked on at once, and the Ray cluster (empty: this machine)."""

    threads: Annotated[int, Field(ge=1, le=1024)] = 2
    parallel: Annotated[int, Field(ge=1, le=64)] = 1
    ray_address: str = ""


class Gates(Settings):
    """Significance that a challenger needs over the champion; share of records that may be set aside."""

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    rejected_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class Parameters(Settings):
    """The whole of `params.yaml`."""

    profile: Literal["laptop", "full", "smoke"] = "laptop"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    tracking: str = "sqlite:///mlruns/mlflow.db"
    storage: str = ""
    mirror: str = ""
    resources: Resources = Resources()
    gates: Gates = Gates()


def load_parameters(root: Path) -> Parameters:
    """Read and check `params.yaml` of a workspace.

    Raises:
        ConfigurationError: one line with file, key and what is allowed.
    """
    path = root / "params.yaml"
    parameters = validate(Parameters, read_yaml(path), str(path))
    addresses = {"tracking": parameters.tracking, "storage": parameters.storage, "resources.ray_address": parameters.resources.ray_address}
    for key, address in addresses.items():
        if not _is_address(address):  # not shown: it may hold a password
            raise ConfigurationError(f"{path}: {key}: not an address; scheme://host:port/path is needed, or empty for this machine")
    return parameters


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).port is None or bool(urlsplit(text).hostname)
    except ValueError:  # a port that is no number, half an IPv6 address
        return False
