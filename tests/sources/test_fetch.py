import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from rsvlm.errors import ConfigurationError, SourceError
from rsvlm.sources import addresses
from rsvlm.sources.catalogue import Source
from rsvlm.sources.fetch import Places, fetch, open_places

from .conftest import Server, definition, in_turn, listed, sha256, whole

FILES = {"a.txt": b"first", "folder/b c.txt": b"second"}


def _http(server: Server, files: dict[str, bytes] = FILES) -> Source:
    for path, data in FILES.items():
        server.answers["/" + path.replace(" ", "%20")] = whole(data)
    return Source(definition(parts=[{"address": {"kind": "http", "base": f"{server.url}/"}}]), listed(files))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_mirror_comes_first(server: Server, places: Places, tmp_path: Path) -> None:
    assert places.mirror is not None
    (places.mirror / "sample").mkdir()
    (places.mirror / "sample" / "a.txt").write_bytes(FILES["a.txt"])
    fetch(_http(server), tmp_path / "out", places)
    assert _contents(tmp_path / "out") == FILES
    assert [path for path, _ in server.asked] == ["/folder/b%20c.txt"]


def test_the_store_is_asked_before_the_network_and_is_not_trusted(server: Server, places: Places, tmp_path: Path) -> None:
    source = _http(server)
    fetch(source, tmp_path / "one", places)
    fetch(source, tmp_path / "two", places)
    assert len(server.asked) == 2
    places.store.path(sha256(FILES["a.txt"])).write_bytes(b"rotten")
    fetch(source, tmp_path / "three", places)
    assert _contents(tmp_path / "three") == FILES
    assert len(server.asked) == 3


def test_a_rotten_mirror_is_named(server: Server, places: Places, tmp_path: Path) -> None:
    assert places.mirror is not None
    (places.mirror / "sample").mkdir()
    (places.mirror / "sample" / "a.txt").write_bytes(b"rotten")
    with pytest.raises(SourceError, match=r"mirror/sample/a\.txt: sha256 .* instead of"):
        fetch(_http(server), tmp_path / "out", places)


@pytest.mark.parametrize(("sent", "words"), [(b"fir", "3 bytes instead of 5"), (b"other", "sha256 .* instead of")])
def test_other_bytes_than_listed_are_refused(server: Server, places: Places, tmp_path: Path, sent: bytes, words: str) -> None:
    source = _http(server)
    server.answers["/a.txt"] = whole(sent)
    with pytest.raises(SourceError, match=words):
        fetch(source, tmp_path / "out", replace(places, mirror=None))
    assert not places.store.path(sha256(FILES["a.txt"])).exists()
    assert not list(places.store.folder.glob("*.partial"))


def test_a_partial_of_other_bytes_is_fetched_again_from_the_start(server: Server, places: Places, tmp_path: Path) -> None:
    source = _http(server)
    places.store.folder.mkdir()
    (places.store.folder / f"{sha256(FILES['a.txt'])}.partial").write_bytes(b"XX")
    server.answers["/a.txt"] = in_turn(whole(FILES["a.txt"]), whole(FILES["a.txt"]))
    fetch(source, tmp_path / "out", places)
    assert _contents(tmp_path / "out") == FILES


def test_no_address_and_no_mirror(places: Places, tmp_path: Path) -> None:
    source = Source(definition(parts=[{"prefix": "x", "address": {"kind": "folder", "path": "."}}]), listed({"a": b"1"}))
    with pytest.raises(SourceError, match="in no mirror, and its definition names no address"):
        fetch(source, tmp_path / "out", places)
    page = Source(definition(parts=[{"address": {"kind": "page", "url": "https://example.org/form"}}]), listed({"a": b"1"}))
    with pytest.raises(SourceError, match=r"https://example\.org/form: the data are given out by hand"):
        fetch(page, tmp_path / "out", places)
    with pytest.raises(ConfigurationError, match="no such folder; correct RSVLM_MIRROR"):
        open_places(tmp_path, "absent")


def test_data_without_a_list_come_from_the_mirror_or_a_folder(places: Places, tmp_path: Path) -> None:
    source = Source(definition(parts=[{"address": {"kind": "page", "url": "https://example.org/form"}}]), None)
    with pytest.raises(SourceError, match=r"get the data from https://example\.org/form and lay them out as <mirror>/sample/"):
        fetch(source, tmp_path / "out", places)
    own = tmp_path / "own"
    own.mkdir()
    (own / "b.txt").write_bytes(b"2")
    (own / "link").symlink_to("/etc/passwd")
    (own / "a.txt").write_bytes(b"1")
    (own / "link").unlink()
    folder = Source(definition(parts=[{"address": {"kind": "folder", "path": str(own)}}]), None)
    assert fetch(folder, tmp_path / "out", places) == listed({"a.txt": b"1", "b.txt": b"2"})


def test_packages_are_found_without_importing_them(places: Places, tmp_path: Path) -> None:
    source = addresses.bring(
        definition(parts=[{"address": {"kind": "package", "distribution": "pydantic", "prefix": "pydantic/"}}]).parts[0].address,
        [addresses.Wanted("py.typed")],
        places.store,
        tmp_path,
    )
    assert source["py.typed"].name == "py.typed"
    for part, words in (({"distribution": "no-such-package"}, "not installed"), ({"distribution": "pydantic"}, "has no file")):
        missing = Source(definition(parts=[{"address": {"kind": "package", **part}}]), listed({"absent.bin": b"1"}))
        with pytest.raises(SourceError, match=words):
            fetch(missing, tmp_path / "out", places)


def _png(size: tuple[int, int], mode: str = "RGB", colour: object = 200) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def _derived(server: Server, served: dict[str, bytes], ours: dict[str, bytes], rule: dict[str, object], places: Places, out: Path) -> None:
    for path, data in served.items():
        server.answers[f"/{path}"] = whole(data)
    part = {"prefix": "t/", "address": {"kind": "http", "base": f"{server.url}/"}, "derive": rule}
    fetch(Source(definition(parts=[part]), listed(ours)), out, places)


def test_tiles_are_cut_as_listed(server: Server, places: Places, tmp_path: Path) -> None:
    image = Image.new("L", (64, 64))
    image.paste(255, (32, 0, 64, 32))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    tile = io.BytesIO()
    image.crop((32, 0, 64, 32)).save(tile, "PNG", optimize=True)
    rule = {"make": "tile", "side": 32, "quality": 90}
    _derived(server, {"a/x.png": buffer.getvalue()}, {"t/a/x_0000_0032.png": tile.getvalue()}, rule, places, tmp_path / "out")
    with pytest.raises(SourceError, match="its origin or the library that remakes it changed"):
        _derived(server, {}, {"t/a/x_0000_0032.png": b"other"}, rule, places, tmp_path / "again")


def test_benchmark_records_name_our_files_and_the_published_size(server: Server, places: Places, tmp_path: Path) -> None:
    published = [{"id": "1", "image_path": "x/y/t/images/1.png", "mask_path": "x/y/t/masks/1.png"}]
    record = {"id": "1", "image_path": "t/images/1.jpg", "mask_path": "t/masks/1.png", "original_size": [60, 30]}
    picture, mask = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (60, 30), (9, 9, 9)).resize((20, 10)).save(picture, "JPEG", quality=88, optimize=True)
    Image.new("1", (20, 10), 1).save(mask, "PNG", optimize=True)
    served = {
        "t.json": json.dumps(published).encode(),
        "images/1.png": _png((60, 30), "RGB", (9, 9, 9)),
        "masks/1.png": _png((60, 30), "L"),
    }
    ours = {"t/images/1.jpg": picture.getvalue(), "t/masks/1.png": mask.getvalue(), "t/t.json": json.dumps([record], indent=1).encode()}
    _derived(server, served, ours, {"make": "choice", "longest": 20, "quality": 88}, places, tmp_path / "out")
    assert _contents(tmp_path / "out") == ours


def test_retrieval_pairs_join_by_name_in_number_order(server: Server, places: Places, tmp_path: Path) -> None:
    names = ["images/Pond/pond_10.jpg", "images/Pond/pond_9.jpg"]
    served = {
        "train_filename.txt": b"pond_9.jpg\npond_2.jpg\n",
        "train_caps.txt": "one\x85\ntwo\nthree\nfour\n".encode(),
        "test_filename.txt": b"pond_10.jpg\npond_10.jpg\n",
        "test_caps.txt": b"five\nsix\n",
    }
    lines = [
        {"image": names[1], "label": "Pond", "split": "train", "captions": ["one\x85", "two"]},
        {"image": names[0], "label": "Pond", "split": "test", "captions": ["five", "six"]},
    ]
    expected = "".join(json.dumps(line) + "\n" for line in lines).encode()
    assert places.mirror is not None
    for name in names:
        (places.mirror / "sample" / name).parent.mkdir(parents=True, exist_ok=True)
        (places.mirror / "sample" / name).write_bytes(b"x")
    ours = {**dict.fromkeys(names, b"x"), "t/pairs.jsonl": expected}
    _derived(server, served, ours, {"make": "retrieval-pairs", "pictures": "images/"}, places, tmp_path / "out")
    assert (tmp_path / "out" / "t/pairs.jsonl").read_bytes() == expected
