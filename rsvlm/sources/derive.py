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
from rsvlm.sources.definition import Choice, Deflate, Derivation, RetrievalPairs, Shrink, Tile

_SPLITS = ("train", "test")


def members(rule: Derivation, path: str, prefix: str, listed: Sequence[ListedFile]) -> list[str]:
    """Return the published files, relative to the part's address, that one of our files is made from.

    Args:
        rule: how it is made.
        path: its path relative to the part.
        prefix: the part's prefix.
        listed: all files of the source.
    """
    match rule:
        case Tile():
            name = PurePosixPath(path)
            return [str(name.with_name(name.stem.rsplit("_", 2)[0] + ".png"))]
        case Shrink():
            return [str(PurePosixPath(path).with_suffix(rule.origin))]
        case Deflate():
            return [rule.members[path]]
        case RetrievalPairs():
            return [f"{split}_{what}.txt" for split in _SPLITS for what in ("filename", "caps")]
        case Choice():
            if not path.endswith(".json"):
                return [str(PurePosixPath(path).with_suffix(".png"))]
            images = [file.path.removeprefix(prefix) for file in listed if file.path.startswith(f"{prefix}images/")]
            return [path, *(str(PurePosixPath(image).with_suffix(".png")) for image in images)]


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
                return _shrink(first, path, rule.longest, rule.quality)
            case Deflate():
                return _deflate(first)
            case RetrievalPairs():
                return retrieval_pairs({name: file.read_text(encoding="utf-8") for name, file in inputs.items()}, rule.pictures, listed)
            case Choice():
                return _choice(rule, path, inputs, listed)
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


def _fitted(image: Image.Image, longest: int, how: Image.Resampling) -> Image.Image:
    side = max(image.size)
    if side <= longest:
        return image
    return image.resize((round(image.width * longest / side), round(image.height * longest / side)), how)


def _shrink(origin: Path, path: str, longest: int, quality: int) -> bytes:
    return _encode(_fitted(_loaded(origin), longest, Image.Resampling.LANCZOS), path, quality)


def _choice(rule: Choice, path: str, inputs: Mapping[str, Path], listed: Sequence[ListedFile]) -> bytes:
    if path.endswith(".json"):
        return _choice_records(inputs[path].read_bytes(), inputs, listed)
    (origin,) = inputs.values()
    if path.startswith("masks/"):
        mask = _fitted(_loaded(origin).convert("L"), rule.longest, Image.Resampling.NEAREST)
        return _encode(mask.point([0] * 128 + [255] * 128, mode="1"), path, rule.quality)
    return _shrink(origin, path, rule.longest, rule.quality)


def _choice_records(data: bytes, inputs: Mapping[str, Path], listed: Sequence[ListedFile]) -> bytes:
    """Return records whose paths are ours (`<task>/images/<file>`), with the published size of each picture."""
    ours = {str(PurePosixPath(file.path).with_suffix("")): file.path for file in listed}
    records = json.loads(data)
    for record in records:
        for key in ("image_path", "mask_path"):
            if key in record:
                record[key] = ours["/".join(PurePosixPath(record[key]).with_suffix("").parts[-3:])]
        published = PurePosixPath(*PurePosixPath(record["image_path"]).parts[1:]).with_suffix(".png")
        with Image.open(inputs[str(published)], formats=("PNG",)) as image:
            record["original_size"] = list(image.size)
    return json.dumps(records, indent=1).encode()


def _deflate(origin: Path) -> bytes:
    import rasterio  # slow to import, and few sources are made this way
    from rasterio.io import MemoryFile

    with rasterio.open(origin, driver="GTiff") as source, MemoryFile() as memory:
        profile = {**source.profile, "driver": "GTiff", "compress": "deflate", "predictor": 2}
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
