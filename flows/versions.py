"""A corpus by its name: a folder, a recipe item of this workspace, or an item as it was at a Git revision."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rsvlm.errors import ConfigurationError
from rsvlm.files import MANIFEST
from rsvlm.settings import nearest

PARENTS = ("data/pairs", "data/conversations")


def corpus_folder(root: Path, item: str) -> Path:
    """Return the folder of an item's pairs or conversations.

    Raises:
        ConfigurationError: there is none; names those there are.
    """
    known = sorted({path.parent.name for parent in PARENTS for path in (root / parent).glob(f"*/{MANIFEST}")})
    if item not in known:
        raise ConfigurationError(
            f"no corpus of '{item}' here; there are: {', '.join(known) or 'none yet, see rsvlm run'}{nearest(item, known)}"
        )
    return next(root / parent / item for parent in PARENTS if (root / parent / item / MANIFEST).is_file())


@contextlib.contextmanager
def corpus(root: Path, name: str) -> Iterator[Path]:
    """Yield the folder of a corpus.

    Args:
        root: the workspace.
        name: a folder, an item, or `ITEM@REVISION`: what `dvc.lock` of that revision says, from the DVC cache.

    Raises:
        ConfigurationError: there is no such corpus, revision or item in it, or the cache lacks its files.
    """
    if (Path(name) / MANIFEST).is_file():
        yield Path(name)
    elif "@" in name:
        item, _, revision = name.partition("@")
        with tempfile.TemporaryDirectory(prefix="rsvlm-corpus-") as folder:
            _link(root, name, _recorded(root, item, revision), Path(folder))
            yield Path(folder)
    else:
        yield corpus_folder(root, name)


def _recorded(root: Path, item: str, revision: str) -> str:
    """Return DVC's hash of an item's corpus at a revision."""
    command = ["git", "-C", str(root), "show", "--end-of-options", f"{revision}:./dvc.lock"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"{item}@{revision}: git cannot be asked ({error})") from None
    if done.returncode != 0:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["git said nothing"]
        raise ConfigurationError(f"{item}@{revision}: no dvc.lock of that revision ({why[0]})")
    try:
        stages = YAML(typ="safe", pure=True).load(done.stdout.decode("utf-8"))["stages"].values()
        hashes = {out["path"]: str(out.get("md5", "")) for stage in stages for out in stage.get("outs", ())}
    except (YAMLError, UnicodeDecodeError, AttributeError, TypeError, KeyError):
        raise ConfigurationError(f"{item}@{revision}: dvc.lock of that revision cannot be read") from None
    found = next((hashes[f"{parent}/{item}"] for parent in PARENTS if hashes.get(f"{parent}/{item}")), None)
    if found is None:
        known = sorted({PurePosixPath(path).name for path in hashes if path.startswith(PARENTS)})
        raise ConfigurationError(f"{item}@{revision}: no such corpus in that revision; it has: {', '.join(known)}{nearest(item, known)}")
    return found


def _link(root: Path, name: str, digest: str, folder: Path) -> None:
    """Lay out a cached folder in another one, as links to the cache's files."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            cache = Path(repo.cache.local.path)
    except DvcException as error:
        raise ConfigurationError(f"{root}: DVC cannot be asked for its cache ({str(error).splitlines()[0]})") from None
    listing = cache / digest[:2] / digest[2:]
    if not listing.is_file():
        raise ConfigurationError(
            f"{name}: its files ({digest}) are not in the DVC cache; get them with dvc fetch --all-commits, if a remote has them"
        )
    for entry in json.loads(listing.read_bytes()):
        path, stored = PurePosixPath(entry["relpath"]), cache / entry["md5"][:2] / entry["md5"][2:]
        if path.is_absolute() or ".." in path.parts:
            raise ConfigurationError(f"{name}: the cache lists {str(path)!r}, which leaves its folder")
        if not stored.is_file():
            raise ConfigurationError(f"{name}: {path} ({entry['md5']}) is not in the DVC cache; get it with dvc fetch --all-commits")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(stored.resolve())
