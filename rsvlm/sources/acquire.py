"""Acquisition: sources by name into one folder, every file checked, each source with its table of files."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsvlm.files import MANIFEST, list_files, remove
from rsvlm.sources import index
from rsvlm.sources.catalogue import ListedFile, Source, load, summary
from rsvlm.sources.fetch import Places, fetch

logger = logging.getLogger("rsvlm.sources")


def acquire(names: Sequence[str], output: Path, places: Places) -> dict[str, Any]:
    """Fill `output` with `<source>/files/...` and `<source>/index.parquet` for every named source.

    Args:
        names: names of source definitions.
        output: an empty folder, to be published by the caller.
        places: mirror, download store and workspace.

    Returns:
        Facts for the manifest: per source its title, licence, terms, citation, files and bytes.

    Raises:
        ConfigurationError: a name is unknown or a definition has a fault; before anything is fetched.
        SourceError: a file cannot be had or is not the one that is listed.
    """
    sources = [load(name) for name in names]
    return {"sources": {source.definition.name: acquire_one(source, output / source.definition.name, places) for source in sources}}


def acquire_one(source: Source, folder: Path, places: Places) -> dict[str, Any]:
    """Bring one source into a folder and return its facts."""
    definition = source.definition
    files = folder / "files"
    files.mkdir(parents=True)
    brought = fetch(source, files, places)
    if definition.convert:
        brought = _convert(definition.convert, files, brought, places)
    table = index.build(definition, brought, files)
    index.write(table, folder / "index.parquet")
    size = sum(file.size for file in brought)
    logger.info("%s: %d files, %.1f MB", definition.name, len(brought), size / 1e6)
    return {**summary(source), "files": len(brought), "bytes": size}


def _convert(kind: str, files: Path, brought: Sequence[ListedFile], places: Places) -> tuple[ListedFile, ...]:
    """Replace published weights by their conversion."""
    from rsvlm.sources.convert import convert
    from rsvlm.sources.fetch import copy_hashed

    result = convert(kind, files, {file.path: file.sha256 for file in brought}, places.store.folder)
    remove(files)
    made = []
    for relative in list_files(result):
        if relative.as_posix() != MANIFEST:
            sha256 = copy_hashed(result / relative, files / relative)
            made.append(ListedFile(relative.as_posix(), (files / relative).stat().st_size, sha256))
    return tuple(made)
