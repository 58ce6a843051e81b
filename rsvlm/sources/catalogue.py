"""The sources that rsvlm knows: definitions read from `rsvlm/sources/definitions/`, with their lists of files."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rsvlm.errors import ConfigurationError
from rsvlm.settings import nearest, validate
from rsvlm.sources import definitions
from rsvlm.sources.definition import SourceDefinition

FOLDER = Path(definitions.__file__).parent
_SHA256 = re.compile("[0-9a-f]{64}")
_MOST_VALUES = 50_000
_SIZE = re.compile("[0-9]{1,18}")  # of ASCII, and never beyond what a file system can hold


@dataclass(frozen=True)
class ListedFile:
    """One file of a source: path relative to the source, size in bytes, hex sha256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A definition with its files; `files` is None where no list exists (data that people lay out themselves)."""

    definition: SourceDefinition
    files: tuple[ListedFile, ...] | None


def summary(source: Source) -> dict[str, Any]:
    """Return what people want to know of a source before and after fetching it; null where nobody published it."""
    definition = source.definition
    stated = definition.model_dump(mode="json", include={"title", "licence", "terms", "citation", "homepage", "images"})
    size = sum(file.size for file in source.files) if source.files is not None else definition.size
    return {**stated, "files": len(source.files) if source.files is not None else None, "bytes": size}


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of all sources, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load(name: str, folder: Path = FOLDER) -> Source:
    """Read one source's definition and list of files.

    Raises:
        ConfigurationError: there is no such source (with the nearest name), or its definition or list has a fault.
    """
    known = names(folder)
    if name not in known:
        raise ConfigurationError(f"no source '{name}'; known: {', '.join(known)}{nearest(name, known)}")
    path = folder / f"{name}.yaml"
    definition = validate(SourceDefinition, _read(path), str(path))
    if definition.name != name:
        raise ConfigurationError(f"{path}: name: is '{definition.name}'; it must be the file's name '{name}'")
    listing = folder / f"{name}.sha256"
    return Source(definition, read_list(listing) if listing.exists() else None)


def _read(path: Path) -> dict[str, Any]:
    """Read a definition's YAML; recipes lie above sources, so their reader is not to be had here.

    Raises:
        ConfigurationError: the file cannot be read, or holds something other than a mapping of bounded size.
    """
    try:
        data = YAML(typ="safe", pure=True).load(path.read_bytes().decode("utf-8"))
        if _values(data, _MOST_VALUES) < 0:
            raise ConfigurationError(f"{path}: anchors expand to more than {_MOST_VALUES:,} values")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deep, or an anchor holds itself") from None
    except YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, KeyError, TypeError, OverflowError) as error:  # a date with month 13, a number of 5,000 digits
        raise ConfigurationError(f"{path}: holds a value that is not what it looks like: {str(error)[:200]}") from None
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}: a mapping of keys is needed")
    return data


def _values(value: Any, left: int) -> int:
    """Return how many values may still come after this one; below zero: there are too many."""
    left -= 1
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if left < 0:
            break
        left = _values(inner, left)
    return left


def read_list(path: Path) -> tuple[ListedFile, ...]:
    """Read a list of files: lines of sha256, size in bytes and relative path, sorted by path.

    Raises:
        ConfigurationError: the file is no text, a line is not of that form, or a path is absolute, climbs out, or comes twice.
    """
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    files = []
    for number, line in enumerate(lines, 1):
        fields = line.split(maxsplit=2)
        if len(fields) != 3 or not _SHA256.fullmatch(fields[0]) or not _SIZE.fullmatch(fields[1]):
            raise ConfigurationError(f"{path}, line {number}: sha256 (64 hexadecimal digits), size in bytes and path are needed")
        if fields[2].startswith("/") or ".." in fields[2].split("/"):
            raise ConfigurationError(f"{path}, line {number}: the path must stay inside the source")
        files.append(ListedFile(fields[2], int(fields[1]), fields[0]))
    paths = [file.path for file in files]
    if paths != sorted(set(paths)):
        raise ConfigurationError(f"{path}: paths must be sorted and each of them listed once")
    return tuple(files)
