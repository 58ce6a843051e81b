"""Files that exist whole or not at all: publishing, manifests, and what happens when the disk or permissions say no."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsvlm import files
from rsvlm.errors import IntegrityError, RsvlmError


def fill(folder: Path, **contents: str) -> None:
    for name, text in contents.items():
        (folder / name).write_text(text)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    final = tmp_path / "out"
    with files.publish(final, {"count": 2}) as folder:
        fill(folder, a="alpha", b="beta")
        (folder / "deep").mkdir()
        fill(folder / "deep", c="gamma")
    return final


def siblings(final: Path) -> list[str]:
    return sorted(path.name for path in final.parent.iterdir() if path != final)


def test_canonical_json_is_one_byte_string() -> None:
    assert files.canonical_json({"b": [1, 2.5], "a": "é"}) == '{"a":"é","b":[1,2.5]}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        files.canonical_json({"a": float("nan")})


def test_a_published_folder_holds_its_files_and_their_hashes(published: Path) -> None:
    manifest = files.verify(published)
    assert [entry.path for entry in manifest.files] == ["a", "b", "deep/c"]
    assert manifest.files[0].sha256 == "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8"
    assert manifest.facts == {"count": 2}
    assert siblings(published) == []


def test_the_same_content_gives_the_same_bytes_anywhere(published: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "x"
    with files.publish(other, {"count": 2}) as folder:
        (folder / "deep").mkdir()
        fill(folder / "deep", c="gamma")
        fill(folder, b="beta", a="alpha")
    assert (other / files.MANIFEST).read_bytes() == (published / files.MANIFEST).read_bytes()


def test_an_error_leaves_what_stood_there(published: Path) -> None:
    before = files.verify(published).sha256
    with pytest.raises(FileNotFoundError), files.publish(published) as folder:
        fill(folder, a="half", **{"not/there": "x"})
    assert files.verify(published).sha256 == before
    assert siblings(published) == []


def test_publishing_again_replaces_the_whole_folder(published: Path) -> None:
    with files.publish(published) as folder:
        fill(folder, z="omega")
    assert [entry.path for entry in files.verify(published).files] == ["z"]
    assert siblings(published) == []


def test_read_only_outputs_can_be_replaced(published: Path) -> None:
    """DVC links outputs to its cache and takes their write permission."""
    for path in [*published.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    with files.publish(published) as folder:
        fill(folder, z="omega")
    assert [entry.path for entry in files.verify(published).files] == ["z"]
    assert siblings(published) == []


def test_replacing_without_an_exchange_in_the_kernel(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    with files.publish(published) as folder:
        fill(folder, z="omega")
    assert [entry.path for entry in files.verify(published).files] == ["z"]
    assert siblings(published) == []


def test_left_overs_of_a_killed_process_are_cleared(published: Path) -> None:
    stale = published.parent / ".out.partial-99999999"
    stale.mkdir()
    fill(stale, half="written")
    with files.publish(published) as folder:
        fill(folder, a="new")
    assert siblings(published) == []


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: flip(p / "deep" / "c"), "its bytes changed"),
        (lambda p: (p / "b").unlink(), "listed in the manifest but missing"),
        (lambda p: (p / "a").write_text("alphabet"), "8 bytes instead of 5"),
        (lambda p: (p / files.MANIFEST).write_text('{"files": ['), "not a readable manifest"),
        (lambda p: (p / files.MANIFEST).write_text('{"files": [{"path": "a"}], "facts": {}}'), "not a readable manifest"),
        (lambda p: (p / files.MANIFEST).unlink(), "it was not published whole"),
    ],
)
def test_damage_is_found_and_named(published: Path, damage, words: str) -> None:
    damage(published)
    with pytest.raises(IntegrityError, match=words) as caught:
        files.verify(published)
    assert "\n" not in str(caught.value)


def test_a_part_is_verified_alone(published: Path) -> None:
    flip(published / "deep" / "c")
    assert files.verify(published, only="a").facts == {"count": 2}
    with pytest.raises(IntegrityError):
        files.verify(published, only="deep/")


def test_write_atomic_keeps_the_old_file_on_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    files.write_atomic(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(5, "input/output error")))
    with pytest.raises(OSError, match="input/output"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert siblings(path) == []


def test_list_files_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "outside").mkdir()
    fill(tmp_path / "outside", secret="x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "outside")
    fill(tmp_path / "in", a="x")
    assert files.list_files(tmp_path / "in") == [Path("a")]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 256 KiB, another one than tmp_path's."""
    mount = tmp_path / "small"
    mount.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.fault
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(small_disk: Path) -> None:
    """F20: what stood there stays, the half is removed, and it works once there is room."""
    final = small_disk / "out"
    with files.publish(final) as folder:
        fill(folder, a="alpha")
    before = files.verify(final).sha256
    with pytest.raises(RsvlmError, match="the disk is full") as caught, files.publish(final) as folder:
        fill(folder, **{f"{number}.txt": "x" * 10_000 for number in range(100)})
    assert str(final) in str(caught.value)
    assert files.verify(final).sha256 == before
    assert siblings(final) == []
    with pytest.raises(RsvlmError, match="the disk is full"):
        files.write_atomic(small_disk / "big.bin", bytes(1 << 20))
    assert siblings(final) == []
    with files.publish(final) as folder:
        (folder / "b.bin").write_bytes(bytes(10_000))
    assert files.verify(final).sha256 != before


@pytest.mark.fault
def test_publishing_stays_on_one_file_system(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F30: the half-written folder lies beside its final path, so that no rename crosses file systems."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with files.publish(small_disk / "deep" / "out") as folder:
        assert folder.parent == small_disk / "deep"
        fill(folder, a="alpha")
    files.verify(small_disk / "deep" / "out")


@pytest.mark.fault
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """As another user than root, who may write everywhere."""
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    code = (
        "import os, sys; from pathlib import Path; from rsvlm import files\n"
        f"os.geteuid() == 0 and os.setuid(65534)\nfiles.write_atomic(Path({str(locked / 'a')!r}), b'x')"
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.name.startswith("pytest"):
            folder.chmod(0o755)
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert outcome.returncode == 1
    assert "no permission to write here; change its owner or choose another folder" in outcome.stderr
    assert list(locked.iterdir()) == []


def test_manifest_json_is_stable(published: Path) -> None:
    stored = json.loads((published / files.MANIFEST).read_bytes())
    assert stored["format"] == 1
    assert list(stored) == sorted(stored)
    assert files.read_manifest(published).sha256 == files.sha256_of(stored)
