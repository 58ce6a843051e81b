"""One way to ask for files, whatever kind of address they are at."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

from rsvlm.errors import SourceError
from rsvlm.progress import track
from rsvlm.sources import archives, http, packages, s3
from rsvlm.sources.definition import (
    Address,
    ArchiveAddress,
    FolderAddress,
    HttpAddress,
    HubAddress,
    PackageAddress,
    S3Address,
)
from rsvlm.sources.store import Store, Wanted, key_of

_SIDE_BY_SIDE = 8


def describe(address: Address) -> str:
    """Return an address as people write it; no credentials are ever in it."""
    match address:
        case ArchiveAddress():
            return address.url
        case HttpAddress() | HubAddress():
            return address.base
        case S3Address():
            return f"s3://{address.bucket}/{address.prefix}"
        case FolderAddress():
            return address.path
        case PackageAddress():
            return f"package {address.distribution}"
        case _:
            return address.url


def bring(address: Address, wanted: list[Wanted], store: Store, root: Path) -> dict[str, Path]:
    """Return a local path of every wanted file, fetching what the store does not hold.

    Args:
        address: where the files are.
        wanted: their names at that address and what they must be.
        store: where fetched bytes are kept.
        root: the workspace, for relative folders.

    Raises:
        SourceError: a file cannot be had; one line with the address and the reason.
    """
    match address:
        case ArchiveAddress():
            return archives.bring(address, wanted, store)
        case PackageAddress():
            return {item.name: packages.locate(address, item.name) for item in wanted}
        case FolderAddress():
            return {item.name: _in_folder(root / Path(address.path).expanduser(), item) for item in wanted}
        case S3Address():
            client = s3.Client(address)
            return {item.name: client.bring(item, store) for item in wanted}
        case HttpAddress() | HubAddress():
            return _all_over_http(address.base, wanted, store)
        case _:
            raise SourceError(f"{address.url}: the data are given out by hand there; get them and put them in a mirror")


def _in_folder(folder: Path, item: Wanted) -> Path:
    path = folder / item.name
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    return path


def _all_over_http(base: str, wanted: list[Wanted], store: Store) -> dict[str, Path]:
    """Fetch several files side by side: for small ones the way there and back takes longest."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        paths = pool.map(lambda item: _over_http(base, item, store), wanted)
        told = track(paths, f"download from {urlsplit(base).hostname}", len(wanted), "files")
        return {item.name: path for item, path in zip(wanted, told, strict=True)}


def _over_http(base: str, item: Wanted, store: Store) -> Path:
    url = base + quote(item.name)
    return store.get(key_of(base, item), item, url, lambda partial: http.download(url, partial, size=item.size))
