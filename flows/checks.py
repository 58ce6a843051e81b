"""The checks behind `rsvlm doctor`: each looks at one thing and says what it found and what to do about it."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import socket
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from components.guard import processes
from flows.lock import holder
from flows.models import tracking_address
from flows.server import answers
from rsvlm.files import read_manifest, remove
from rsvlm.recipes.parameters import load_parameters

OK, NOTE, FAULT, FIXED = "ok", "note", "fault", "fixed"
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "MLFLOW_TRACKING_USERNAME", "PREFECT_API_AUTH_STRING", "HF_TOKEN")
_OURS = ("prefect.server", "-m components.", "raylet", "gcs_server")
_CACHE = Path(".dvc/cache/files/md5")
_GIB = 1 << 30
_NEEDED_MEMORY, _NEEDED_DISK = 7 * _GIB, 10 * _GIB


@dataclass(frozen=True)
class Finding:
    """What a check found: verdict (ok, note, fault, fixed), what was looked at, what was found, what to do."""

    verdict: str
    what: str
    found: str
    remedy: str = ""


def check_versions(root: Path, fix: bool) -> Iterator[Finding]:
    """Compare Python and every installed package with the lock."""
    version = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info[:2] == (3, 11)
    yield Finding(OK if right else FAULT, "python", version, "" if right else "rsvlm needs Python 3.11; run: make venv")
    wrong: list[str] = []
    count = 0
    if not (root / "requirements/lock.txt").is_file():
        yield Finding(NOTE, "packages", "no requirements/lock.txt here to compare with")
        return
    for file in ("lock.txt", "weights.txt"):
        for line in (root / "requirements" / file).read_text(encoding="utf-8").splitlines():
            name, pinned = line.partition("==")[::2]
            if not pinned or line.startswith("#"):
                continue
            count += 1
            try:
                installed = importlib.metadata.version(name).partition("+")[0]
            except importlib.metadata.PackageNotFoundError:
                installed = "missing"
            if installed != pinned:
                wrong.append(f"{name} {installed} instead of {pinned}")
    if wrong:
        yield Finding(FAULT, "packages", "; ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""), "run: make venv")
    else:
        yield Finding(OK, "packages", f"all {count} as locked")


def check_machine(root: Path, fix: bool) -> Iterator[Finding]:
    """Look at cores, memory and disk."""
    cores = len(os.sched_getaffinity(0))
    threads = load_parameters(root).resources.threads
    fits = cores >= threads
    yield Finding(OK if fits else NOTE, "cores", str(cores), "" if fits else f"params.yaml: resources.threads is {threads}; lower it")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = memory >= _NEEDED_MEMORY
    yield Finding(OK if enough else NOTE, "memory", f"{memory / _GIB:.1f} GiB", "" if enough else "the laptop profiles are made for 8 GiB")
    free = shutil.disk_usage(root).free
    enough = free >= _NEEDED_DISK
    yield Finding(OK if enough else NOTE, "disk", f"{free / _GIB:.1f} GiB free", "" if enough else f"{_NEEDED_DISK // _GIB} GiB are safe")


def check_mirror(root: Path, fix: bool) -> Iterator[Finding]:
    """Look whether the mirror, if one is set, is there."""
    mirror = os.environ.get("RSVLM_MIRROR") or load_parameters(root).mirror
    if not mirror:
        yield Finding(NOTE, "mirror", "none", "sources come from their public addresses; RSVLM_MIRROR names a folder with copies")
        return
    try:
        found = (root / Path(mirror).expanduser()).is_dir()
    except (OSError, RuntimeError):  # a name that no file system takes, or the home of nobody
        found = False
    if found:
        yield Finding(OK, "mirror", mirror)
    else:
        yield Finding(FAULT, "mirror", f"{mirror} is no folder", "correct or unset RSVLM_MIRROR (or mirror in params.yaml)")


def check_addresses(root: Path, fix: bool) -> Iterator[Finding]:
    """Look whether the servers that the settings name can be reached; none is needed."""
    parameters = load_parameters(root)
    yield _reach("tracking (MLflow)", tracking_address(root))
    yield _reach("Ray", parameters.resources.ray_address)
    yield _reach("storage", os.environ.get("AWS_ENDPOINT_URL") or parameters.storage)
    prefect = os.environ.get("PREFECT_API_URL", "")
    if not prefect:
        yield Finding(OK, "Prefect", "a server is started for each run")
    elif answers(prefect):
        yield Finding(OK, "Prefect", without_secrets(prefect))
    else:
        yield Finding(FAULT, "Prefect", f"{without_secrets(prefect)} does not answer", "start it, or unset PREFECT_API_URL")


def _reach(what: str, address: str) -> Finding:
    """Try to connect to an address; a local file or none at all is fine."""
    ports = {"http": 80, "https": 443, "postgresql": 5432, "ray": 10001}
    try:
        parts = urllib.parse.urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return Finding(FAULT, what, f"{without_secrets(address)}: not an address", "correct it")
    scheme = parts.scheme.partition("+")[0]
    if scheme not in ports or not host:
        return Finding(OK, what, without_secrets(address) if address else "on this machine")
    try:
        socket.create_connection((host, port or ports[scheme]), timeout=2.0).close()
    except OSError as error:
        return Finding(FAULT, what, f"{without_secrets(address)}: {error.strerror or error}", "start it, or correct its address")
    return Finding(OK, what, without_secrets(address))


def without_secrets(address: str) -> str:
    """Return an address without user, password and query."""
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return address.partition("?")[0].rpartition("@")[2]
    if not parts.netloc:
        return address.partition("?")[0]
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def check_credentials(root: Path, fix: bool) -> Iterator[Finding]:
    """Say which credentials the environment holds, never their values."""
    present = [name for name in _CREDENTIALS if os.environ.get(name)]
    yield Finding(OK, "credentials", f"set: {', '.join(present)}" if present else "none set; none needed on this machine")


def check_running(root: Path, fix: bool) -> Iterator[Finding]:
    """Look for a run at work, and for processes of earlier runs that lost their parent."""
    running = holder(root)
    yield Finding(OK, "runs", running or "none")
    for orphan in (each for each in processes() if each.parent == 1):
        text = " ".join(orphan.words)
        if any(part in text for part in _OURS):
            yield Finding(NOTE, "left-over process", f"{orphan.pid}: {text[:80]}", f"if no run of yours needs it: kill {orphan.pid}")


def check_dvc_lock(root: Path, fix: bool) -> Iterator[Finding]:
    """Read DVC's table of running stages, which a power cut can leave half written; then every run stops."""
    path = root / ".dvc" / "tmp" / "rwlock"
    try:
        if path.is_file():
            json.loads(path.read_bytes() or b"{}")
        yield Finding(OK, "DVC locks", "readable")
    except ValueError:
        if fix and not holder(root):
            remove(path)
            yield Finding(FIXED, "DVC locks", f"{path.relative_to(root)} was corrupt and has been removed")
        else:
            yield Finding(FAULT, "DVC locks", f"{path.relative_to(root)} is corrupt", "run: rsvlm doctor --fix")


def check_cache(root: Path, fix: bool) -> Iterator[Finding]:
    """With `--fix`, compare every byte of DVC's cache with its name and remove what rotted: DVC itself would hand it out for ever."""
    objects = sorted((root / _CACHE).glob("??/*"))
    if not fix:
        yield Finding(OK, "DVC cache", f"{len(objects)} files; rsvlm doctor --fix compares every byte")
        return
    if holder(root):
        yield Finding(NOTE, "DVC cache", "not looked at while a run works", "try again after it")
        return
    rotten = [path for path in objects if _md5(path) != path.parent.name + path.name.removesuffix(".dir")]
    for path in rotten:
        remove(path)
    if rotten:
        yield Finding(
            FIXED, "DVC cache", f"{len(rotten)} of {len(objects)} files were corrupt and have been removed; the next run makes them again"
        )
    else:
        yield Finding(OK, "DVC cache", f"all {len(objects)} files are whole")


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def check_partials(root: Path, fix: bool) -> Iterator[Finding]:
    """Look for half-written folders of killed stages, which the next run of that stage clears by itself."""
    found = [path for top in ("data", "models", "reports") for path in (root / top).glob("**/.*.partial-*")]
    if fix and not holder(root):
        for path in found:
            remove(path)
        if found:
            yield Finding(FIXED, "half-written folders", f"{len(found)} removed")
            return
    for path in found:
        yield Finding(NOTE, "half-written folder", str(path.relative_to(root)), "cleared by the next run, or: rsvlm doctor --fix")


def check_outputs(root: Path, fix: bool) -> Iterator[Finding]:
    """Compare names and sizes of published folders with their manifests; a stage compares every byte when it reads one."""
    count = 0
    for manifest in sorted(path for top in ("data", "models", "reports") for path in (root / top).glob("**/manifest.json")):
        folder = manifest.parent
        count += 1
        try:
            bad = next((e.path for e in read_manifest(folder).files if _size(folder / e.path) != e.size), None)
        except Exception as error:
            yield Finding(FAULT, "published folder", str(error), "run the recipe again")
            continue
        if bad:
            yield Finding(FAULT, "published folder", f"{(folder / bad).relative_to(root)} is missing or has another size", "run it again")
    yield Finding(OK, "published folders", f"{count} looked at")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


CHECKS: tuple[Callable[[Path, bool], Iterator[Finding]], ...] = (
    check_versions,
    check_machine,
    check_mirror,
    check_addresses,
    check_credentials,
    check_running,
    check_dvc_lock,
    check_cache,
    check_partials,
    check_outputs,
)
