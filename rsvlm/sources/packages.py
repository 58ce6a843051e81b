"""Files inside installed Python distributions: small published weights that come with the environment."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rsvlm.errors import SourceError
from rsvlm.sources.definition import PackageAddress


def locate(address: PackageAddress, name: str) -> Path:
    """Return where an installed distribution keeps a file, without importing it.

    Raises:
        SourceError: the distribution is not installed, or has no such file.
    """
    try:
        found = distribution(address.distribution)
    except PackageNotFoundError:
        raise SourceError(f"package {address.distribution}: not installed; install it, or put the file in a mirror") from None
    path = Path(str(found.locate_file(address.prefix + name)))
    if not path.is_file():
        raise SourceError(f"package {address.distribution} {found.version}: has no file {address.prefix}{name}")
    return path
