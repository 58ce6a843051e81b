"""Bring all files of a source into a folder: from the mirror where one is set, else from their public address."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rsvlm.errors import ConfigurationError, SourceError
from rsvlm.files import list_files
from rsvlm.progress import Progress
from rsvlm.sources import addresses
from rsvlm.sources.catalogue import ListedFile, Source
from rsvlm.sources.definition import FolderAddress, Part
from rsvlm.sources.derive import make, members
from rsvlm.sources.store import Store, Wanted

logger = logging.getLogger("rsvlm.sources")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Places:
    """Where bytes may come from and are kept: an optional mirror, the download store, the workspace for relative folders."""

    mirror: Path | None
    store: Store
    root: Path


def open_places(root: Path, mirror: str) -> Places:
    """Return the places of a workspace.

    Args:
        root: the workspace.
        mirror: the mirror's folder; empty for none.

    Raises:
        ConfigurationError: a mirror is named but there is no such folder.
    """
    folder = mirror_folder(root, mirror)
    return Places(folder, Store(root / ".rsvlm" / "downloads"), root)


def mirror_folder(root: Path, mirror: str) -> Path | None:
    """Return the mirror's folder; None where none is named."""
    if not mirror:
        return None
    try:
        folder = root / Path(mirror).expanduser()
        found = folder.is_dir()
    except (OSError, RuntimeError):  # a name that no file system takes, or the home of nobody
        folder, found = Path(mirror), False
    if not found:
        raise ConfigurationError(f"mirror {folder}: no such folder; correct RSVLM_MIRROR (or `mirror` in params.yaml), or leave it empty")
    return folder


def fetch(source: Source, destination: Path, places: Places) -> tuple[ListedFile, ...]:
    """Fill `destination` with every file of a source, each checked against its sha256.

    Returns:
        What was brought: the definition's own list, or, where it has none, what the mirror or folder holds.

    Raises:
        SourceError: a file cannot be had, or is not the file that the definition lists.
    """
    if source.files is None:
        return _take_all(source, destination, places)
    progress = Progress(f"acquire {source.definition.name}", len(source.files), "files")
    missing = []
    for file in source.files:
        if not _from_mirror(source, file, destination, places):
            missing.append(file)
            continue
        progress.advance()
    for part, files in _by_part(source, missing):
        _from_address(source, part, files, destination, places, progress)
    progress.finish()
    return source.files


def copy_hashed(origin: Path, target: Path) -> str:
    """Copy a file's bytes and return their hex sha256; times, owners and modes stay behind."""
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with origin.open("rb") as source, target.open("wb") as sink:
        while block := source.read(_BLOCK):
            digest.update(block)
            sink.write(block)
    return digest.hexdigest()


def _from_mirror(source: Source, file: ListedFile, destination: Path, places: Places) -> bool:
    if places.mirror is None:
        return False
    origin = places.mirror / source.definition.mirror_folder / file.path
    if not origin.is_file():
        return False
    found = copy_hashed(origin, destination / file.path)
    if found != file.sha256:
        raise SourceError(f"{origin}: sha256 {found} instead of {file.sha256}; replace this copy, or remove it to fetch the public one")
    return True


def _by_part(source: Source, files: Iterable[ListedFile]) -> list[tuple[Part, list[ListedFile]]]:
    groups: dict[str, tuple[Part, list[ListedFile]]] = {}
    for file in files:
        part = source.definition.part_of(file.path)
        if part is None:
            raise SourceError(f"{source.definition.name}: {file.path}: in no mirror, and its definition names no address for it")
        groups.setdefault(part.prefix, (part, []))[1].append(file)
    return list(groups.values())


def _from_address(source: Source, part: Part, files: list[ListedFile], destination: Path, places: Places, progress: Progress) -> None:
    """Bring one part's files from its address through the store, and make what has to be made from them."""
    name = source.definition.name
    logger.info("%s: %d files from %s", name, len(files), addresses.describe(part.address))
    if part.derive is None:
        wanted = {file.path: Wanted(file.path.removeprefix(part.prefix), file.sha256, file.size) for file in files}
        paths = addresses.bring(part.address, list(wanted.values()), places.store, places.root)
        for file in files:
            _check(copy_hashed(paths[wanted[file.path].name], destination / file.path), file, name)
            progress.advance()
        return
    needed = {file.path: members(part.derive, file.path.removeprefix(part.prefix), part.prefix, source.files or ()) for file in files}
    unique = sorted({member for names in needed.values() for member in names})
    paths = addresses.bring(part.address, [Wanted(member) for member in unique], places.store, places.root)
    for file in files:
        inputs = {member: paths[member] for member in needed[file.path]}
        data = make(part.derive, file.path.removeprefix(part.prefix), inputs, source.files or ())
        target = destination / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        _check(hashlib.sha256(data).hexdigest(), file, name)
        progress.advance()


def _check(found: str, file: ListedFile, name: str) -> None:
    if found != file.sha256:
        raise SourceError(
            f"{name}: {file.path}: sha256 {found} instead of {file.sha256}; its origin or the library that remakes it changed"
        )


def _take_all(source: Source, destination: Path, places: Places) -> tuple[ListedFile, ...]:
    """Take whatever a mirror or a named folder holds of a source without a list of files."""
    definition = source.definition
    folders = [places.mirror / definition.mirror_folder] if places.mirror else []
    folders += [places.root / Path(part.address.path).expanduser() for part in definition.parts if isinstance(part.address, FolderAddress)]
    found = next((folder for folder in folders if folder.is_dir()), None)
    if found is None:
        origin = addresses.describe(definition.parts[0].address)
        raise SourceError(
            f"{definition.name}: no list of its files is kept here, so nothing is fetched; get the data from {origin} "
            f"and lay them out as <mirror>/{definition.mirror_folder}/, with RSVLM_MIRROR naming the mirror"
        )
    files = []
    progress = Progress(f"acquire {definition.name}", None, "files")
    for relative in list_files(found):
        _check_name(found / relative)
        target = destination / relative
        digest = copy_hashed(found / relative, target)
        files.append(ListedFile(relative.as_posix(), target.stat().st_size, digest))
        progress.advance()
    if not files:
        raise SourceError(f"{found}: holds no files; {definition.name} needs some")
    progress.finish()
    return tuple(files)


def _check_name(path: Path) -> None:
    """Refuse what cannot be listed or copied, before anything waits for a pipe."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SourceError(f"{path}: its name is not UTF-8 text; rename it") from None
    if not path.is_file():
        raise SourceError(f"{path}: a broken link, a pipe or a device, not a file; remove it")
