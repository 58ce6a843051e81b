"""The packages that a registered model needs, pinned to the versions that it was made with."""

from importlib import metadata
from pathlib import Path

from rsvlm.lineage.code import external_imports, reachable

_ALWAYS = ("mlflow", "pandas")


def pinned_requirements(start: str, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return `name==version` for every package that a module of rsvlm imports, itself or through rsvlm.

    Args:
        start: the module to begin at, for example `rsvlm.registry.code.contrastive`.
        without: packages of rsvlm that are not followed.
    """
    root = Path(__file__).resolve().parents[2]
    names = set(_ALWAYS).union(*(external_imports(root, module) for module in reachable(root, start, without)))
    distributions = metadata.packages_distributions()
    found = {_distribution(name, distributions[name]) for name in names if name in distributions}
    return sorted(f"{name}=={metadata.version(name).split('+')[0]}" for name in found)


def _distribution(name: str, providers: list[str]) -> str:
    """Return who provides an import name: the distribution of that name where there is one, else the first."""
    return next((provider for provider in providers if provider.lower() == name.lower()), sorted(providers)[0])
