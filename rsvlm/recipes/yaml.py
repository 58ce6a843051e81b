"""YAML as recipes use it: one plain document, no repeated keys, no tags, anchors within bounds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rsvlm.errors import ConfigurationError

_MAX_BYTES = 2_000_000
_MAX_NODES = 200_000


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML 1.2 file that holds one mapping.

    Raises:
        ConfigurationError: the file is missing, too large, not YAML, repeats a key, carries a tag, or expands its
            anchors beyond 200,000 values.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise ConfigurationError(f"{path}: {len(data):,} bytes; a recipe may have {_MAX_BYTES:,}")
    try:
        loaded = YAML(typ="safe", pure=True).load(data.decode("utf-8"))
        _count(loaded, path, _MAX_NODES)
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deep, or an anchor holds itself") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise ConfigurationError(f"{path}{line}: not valid YAML: {problem}") from None
    except (ValueError, KeyError, TypeError, OverflowError) as error:  # `2020-13-45`, `!!bool maybe`, a number of 5000 digits
        raise ConfigurationError(f"{path}: holds a value that is not what it looks like: {str(error)[:200]}") from None
    if not isinstance(loaded, dict):
        raise ConfigurationError(f"{path}: holds {type(loaded).__name__}; a mapping of keys is needed")
    return loaded


def _count(value: Any, path: Path, left: int) -> int:
    left -= 1
    if left < 0:
        raise ConfigurationError(f"{path}: anchors expand to more than {_MAX_NODES:,} values")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigurationError(f"{path}: key {key!r} is not text; put it in quotes")
            left = _count(inner, path, left)
    elif isinstance(value, list):
        for inner in value:
            left = _count(inner, path, left)
    return left
