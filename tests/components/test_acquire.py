import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from components import acquire
from components.stage import Stage
from rsvlm.errors import RsvlmError, SourceError
from rsvlm.files import read_manifest, verify
from rsvlm.recipes.parameters import Parameters
from rsvlm.recipes.schema import About, Survey
from rsvlm.sources import acquire as library
from rsvlm.sources import fetch
from rsvlm.sources.catalogue import ListedFile, Source
from rsvlm.sources.definition import SourceDefinition
from rsvlm.sources.settings import AcquireSettings

ROOT = Path(__file__).parents[2]
MIRROR = Path(os.environ.get("RSVLM_MIRROR") or ROOT.parent / "shared" / "data")
needs_mirror = pytest.mark.skipif(not (MIRROR / "detection").is_dir(), reason="no mirror with the sample data (RSVLM_MIRROR)")
FILES = {"a.txt": b"first", "b/c.txt": b"second" * 1000}


def _sample(name: str) -> Source:
    text = {"title": "t", "licence": "CC0", "terms": "none", "citation": "c", "homepage": []}
    data = {"name": name, **text, "parts": [{"address": {"kind": "page", "url": "https://example.org/"}}]}
    files = tuple(ListedFile(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in FILES.items())
    return Source(SourceDefinition.model_validate_json(json.dumps(data)), files)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for path, content in FILES.items():
        target = tmp_path / "mirror" / "minilm" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    monkeypatch.setattr(library, "load", _sample)
    monkeypatch.delenv("RSVLM_MIRROR", raising=False)
    settings = AcquireSettings(family="contrastive", system="remoteclip", sources=("minilm",))
    survey = Survey(table="I", reference=2, section="III-A")
    about = About(family="contrastive", system="remoteclip", title="t", summary="s", survey=survey, licence="l")
    return Stage("acquire", "remoteclip", settings, about, Parameters(mirror="mirror"), tmp_path, "code")


def test_publishes_sources_with_their_tables_and_facts(stage: Stage) -> None:
    acquire.run(stage)
    folder = stage.root / "data" / "raw" / "remoteclip"
    manifest = verify(folder)
    assert {entry.path for entry in manifest.files} == {"minilm/files/a.txt", "minilm/files/b/c.txt", "minilm/index.parquet"}
    assert manifest.facts["sources"]["minilm"]["files"] == 2
    assert pq.read_table(folder / "minilm" / "index.parquet")["file"].to_pylist() == ["a.txt", "b/c.txt"]
    assert str(stage.root) not in (folder / "manifest.json").read_text()


def test_the_variable_wins_over_the_parameter(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSVLM_MIRROR", str(stage.root / "other"))
    with pytest.raises(RsvlmError, match=r"other: no such folder; correct RSVLM_MIRROR"):
        acquire.run(stage)


def test_a_wrong_file_leaves_what_was_there(stage: Stage) -> None:
    acquire.run(stage)
    before = read_manifest(stage.root / "data" / "raw" / "remoteclip").sha256
    (stage.root / "mirror" / "minilm" / "a.txt").write_bytes(b"wrong")
    with pytest.raises(SourceError, match="sha256"):
        acquire.run(stage)
    assert verify(stage.root / "data" / "raw" / "remoteclip").sha256 == before
    assert [path.name for path in (stage.root / "data" / "raw").iterdir()] == ["remoteclip"]


@pytest.mark.parametrize("name", ["none", "a.txt", "~nobody-of-that-name/x", "x" * 300])
def test_a_mirror_that_is_no_folder_stops_before_any_work(stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (stage.root / "a.txt").touch()
    monkeypatch.setenv("RSVLM_MIRROR", name)
    with pytest.raises(RsvlmError, match=r"no such folder; correct RSVLM_MIRROR") as caught:
        acquire.run(stage)
    assert caught.value.exit_code == 2
    assert not (stage.root / "data").exists()


@pytest.mark.fault
def test_a_mirror_needs_no_network(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """I27: nothing asks for a name or a connection where the mirror has every file."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"the network was asked: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    acquire.run(stage)
    assert len(verify(stage.root / "data" / "raw" / "remoteclip").files) == 3


@pytest.mark.fault
@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_the_callers_mask_does_not_count(stage: Stage, mask: int) -> None:
    """I27: what is published is the same under any umask, and its owner can replace it."""
    before = os.umask(mask)
    try:
        for _ in range(2):
            acquire.run(stage)
    finally:
        os.umask(before)
    assert len(verify(stage.root / "data" / "raw" / "remoteclip").files) == 3


@pytest.mark.fault
@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission"), (errno.EROFS, "no permission")]
)
def test_a_disk_that_refuses_is_said_in_one_line(stage: Stage, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def refuse(*arguments: object) -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fetch, "copy_hashed", refuse)
    with pytest.raises(RsvlmError, match=words):
        acquire.run(stage)
    assert list((stage.root / "data" / "raw").iterdir()) == []


@pytest.mark.fault
def test_a_really_full_disk(stage: Stage) -> None:
    small = stage.root / "data"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs more rights")
    try:
        content = bytes(200_000)
        (stage.root / "mirror" / "minilm" / "a.txt").write_bytes(content)
        with pytest.raises(RsvlmError, match="the disk is full; free some space there and run again"):
            acquire.run(stage)
        assert list((small / "raw").iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.fault
def test_a_read_only_file_system(stage: Stage) -> None:
    """F29: said before anything is brought, and nothing is left."""
    held = stage.root / "data"
    held.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(held)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    try:
        with pytest.raises(RsvlmError, match=f"{held}.*: no permission") as caught:
            acquire.run(stage)
        assert "\n" not in str(caught.value)
        assert list(held.iterdir()) == []
    finally:
        subprocess.run(["umount", str(held)], check=True)


def _workspace(tmp_path: Path, sources: str = "[detection, spacenet-geotiff]") -> Path:
    (tmp_path / "recipes" / "contrastive").mkdir(parents=True)
    about = "title: t, summary: s, survey: {table: I, reference: 2, section: III-A}, licence: l"
    recipe = f"about:\n  remoteclip: {{family: contrastive, system: remoteclip, {about}}}\n"
    recipe += f"acquire:\n  remoteclip: {{family: contrastive, system: remoteclip, sources: {sources}}}\n"
    (tmp_path / "recipes" / "contrastive" / "remoteclip.yaml").write_text(recipe)
    (tmp_path / "params.yaml").write_text(f"mirror: {MIRROR}\n")
    (tmp_path / "code.json").write_text('{"acquire": {"contrastive": "x"}}')
    return tmp_path


def _start(workspace: Path) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if key != "RSVLM_MIRROR"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "components.acquire", "remoteclip"]
    return subprocess.Popen(command, cwd=workspace, env=environment, stderr=subprocess.PIPE, text=True)


def test_an_unknown_source_stops_before_any_work(tmp_path: Path) -> None:
    process = _start(_workspace(tmp_path, "[detectoin]"))
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "did you mean 'detection'" in error
    assert "Traceback" not in error
    assert not (tmp_path / "data").exists()


@needs_mirror
@pytest.mark.integration
def test_real_sources_are_the_same_bytes_in_two_places_and_after_kills(tmp_path: Path) -> None:
    hashes = []
    for name, pauses in (("one", ()), ("two", (0.3, 0.8, 1.2, 1.6))):
        (tmp_path / name).mkdir()
        workspace = _workspace(tmp_path / name)
        for pause in pauses:
            process = _start(workspace)
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        process = _start(workspace)
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        hashes.append(verify(workspace / "data" / "raw" / "remoteclip").sha256)
        assert [path.name for path in (workspace / "data" / "raw").iterdir()] == ["remoteclip"]
    assert hashes[0] == hashes[1]
