"""Files made from published ones by an exact rule, so that anybody with a network gets the very bytes that are listed."""

import functools
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from PIL import Image

from rsvlm.errors import SourceError
from rsvlm.sources.catalogue import ListedFile
from rsvlm.sources.definition import ChoiceRecords, Deflate, Derivation, RetrievalPairs, Shrink, Tile

_SPLITS = ("train", "test")


def members(rule: Derivation, path: str) -> list[str]:
    """Return the published files, relative to the part's address, that one of our files is made from."""
    match rule:
        case Tile():
            name = PurePosixPath(path)
            return [str(name.with_name(name.stem.rsplit("_", 2)[0] + ".png"))]
        case Shrink():
            return [str(PurePosixPath(path).with_suffix(".png"))]
        case Deflate():
            return [rule.members[path]]
        case RetrievalPairs():
            return [f"{split}_{what}.txt" for split in _SPLITS for what in ("filename", "caps")]
        case ChoiceRecords():
            return [path]


def make(rule: Derivation, path: str, inputs: Mapping[str, Path], listed: Sequence[ListedFile]) -> bytes:
    """Make one of our files.

    Args:
        rule: how it is made.
        path: its path relative to the part.
        inputs: local copies of what `members` named.
        listed: all files of the source.

    Raises:
        SourceError: an input cannot be read as what it should be.
    """
    first = next(iter(inputs.values()))
    try:
        match rule:
            case Tile():
                return _tile(first, path, rule)
            case Shrink():
                return _shrink(first, path, rule)
            case Deflate():
                return _deflate(first)
            case RetrievalPairs():
                return retrieval_pairs({name: file.read_text(encoding="utf-8") for name, file in inputs.items()}, rule.pictures, listed)
            case ChoiceRecords():
                return first.read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{path}: cannot be made from {', '.join(inputs)}: {error}") from None


def _encode(image: Image.Image, path: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    if path.endswith(".png"):
        image.save(buffer, "PNG", optimize=True)
    else:
        image.convert("RGB").save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


@functools.lru_cache(maxsize=4)
def _loaded(path: Path) -> Image.Image:
    with Image.open(path, formats=("PNG", "JPEG")) as image:
        image.load()
        return image


def _tile(origin: Path, path: str, rule: Tile) -> bytes:
    _, row, column = PurePosixPath(path).stem.rsplit("_", 2)
    left, top = int(column), int(row)
    return _encode(_loaded(origin).crop((left, top, left + rule.side, top + rule.side)), path, rule.quality)


def _shrink(origin: Path, path: str, rule: Shrink) -> bytes:
    image = _loaded(origin)
    longest = max(image.size)
    if longest > rule.longest:
        size = (round(image.width * rule.longest / longest), round(image.height * rule.longest / longest))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return _encode(image, path, rule.quality)


def _deflate(origin: Path) -> bytes:
    import rasterio  # slow to import, and few sources are made this way
    from rasterio.io import MemoryFile

    with rasterio.open(origin, driver="GTiff") as source, MemoryFile() as memory:
        profile = {**source.profile, "driver": "GTiff", "compress": "deflate"}
        with memory.open(**profile) as target:
            target.write(source.read())
        return bytes(memory.getbuffer())


def retrieval_pairs(texts: Mapping[str, str], pictures: str, listed: Sequence[ListedFile]) -> bytes:
    """Join captions to pictures by file name, one JSON line a picture.

    A published list names a picture once for each of its captions, or once for all of them. A picture's label is its
    folder; the split is that of the list it stands in.

    Args:
        texts: `{train,test}_filename.txt` and `{train,test}_caps.txt`, line by line alike.
        pictures: the pictures' folder in this source.
        listed: all files of the source; those below `pictures` are joined, ordered by path with numbers as numbers.

    Returns:
        Lines of {"image", "label", "split", "captions"}.
    """
    captions: dict[str, list[str]] = {}
    split_of: dict[str, str] = {}
    for split in _SPLITS:
        names, captioned = (texts[f"{split}_{what}.txt"].rstrip("\n").split("\n") for what in ("filename", "caps"))
        each, left = divmod(len(captioned), len(names))
        if left:
            raise ValueError(f"{len(captioned)} captions for {len(names)} names of the {split} split")
        for number, caption in enumerate(captioned):
            name = names[number // each]
            captions.setdefault(name, []).append(caption)
            split_of[name] = split
    lines = []
    for path in sorted((file.path for file in listed if file.path.startswith(pictures)), key=_by_number):
        image = PurePosixPath(path)
        record = {"image": path, "label": image.parent.name, "split": split_of[image.name], "captions": captions[image.name]}
        lines.append(json.dumps(record) + "\n")
    return "".join(lines).encode()


def _by_number(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts `a_9` before `a_10`."""
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"(\d+)", path)]
