"""What a corpus would need: its sources with address, licence and size, disk, and hours as far as rates tell."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rsvlm.chat.settings import LocalSettings, RegisteredSettings, ServedSettings
from rsvlm.data.settings import CorpusSettings
from rsvlm.files import MANIFEST
from rsvlm.settings import Section, Settings
from rsvlm.sources.catalogue import Source, load
from rsvlm.sources.definition import Address, ArchiveAddress, FolderAddress, HttpAddress, HubAddress, PackageAddress, PageAddress, S3Address
from rsvlm.sources.settings import AcquireSettings

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
# A chip as most recipes cut it: 448 pixels a side, and what JPEG photographs of the ground take at a quality of about 90.
_CHIP_SIDE = 448
_BYTES_A_PIXEL = 0.65


@dataclass(frozen=True)
class Rates:
    """What the estimate of hours assumes.

    Attributes:
        transfer: bytes a second from public addresses.
        pictures: pictures a second and thread, decoded, hashed and stored.
        texts: texts a second checked against annotations, one thread.
        answer_seconds: of one answer of a chat model.
    """

    transfer: float = 20e6
    pictures: float = 100.0
    texts: float = 200.0
    answer_seconds: float = 2.0


def corpus_needs(
    root: Path, acquire: AcquireSettings, corpus: CorpusSettings, measured: Path, threads: int, *, published_size: bool
) -> dict[str, Any]:
    """Return what a corpus would need, as JSON.

    Args:
        root: the workspace.
        acquire: the profile's acquire section.
        corpus: its caption or instruct section.
        measured: a corpus made before with the same recipe (its laptop profile), whose chips tell how large one is.
        threads: that work on pictures.
        published_size: reckon with the images and texts of the paper's corpus, as far as the recipe states them; otherwise with
            the images that the sources hold.

    Returns:
        What is not known is None, and never 0.
    """
    sources = [_source(load(name)) for name in acquire.sources]
    counted = sum(source["images"] or 0 for source in sources)
    unstated = [source["name"] for source in sources if source["images"] is None]
    published = corpus.published
    paper = published if published_size else None
    whole = paper.images if paper else None
    # Nothing counted is nothing known: a corpus has pictures.
    images = whole or (round(counted * corpus.subset.train) if counted else None)
    # Where it is not stated of how many images the paper's texts are, they tell nothing of a part.
    a_picture = published.texts / published.images if published and published.images else None
    texts = paper.texts if paper else images
    if a_picture and images is not None:
        texts = round(images * a_picture)
    chip, assumption = _chip_bytes(root, measured)
    known = sum(source["bytes"] or 0 for source in sources)
    sized = [source for source in sources if source["bytes"] is not None]
    rates = Rates()
    answers_at_once = _answers_at_once(corpus)
    hours = {
        "transfer": _hours(known if sized else None, rates.transfer),
        "pictures": _hours(images, rates.pictures * threads),
        "checks": _hours(texts, rates.texts),
        **({"answers": _hours(texts, answers_at_once / rates.answer_seconds)} if answers_at_once else {}),
    }
    counted_hours = [value for value in hours.values() if value is not None]
    return {
        "sources": sources,
        "sources_without_size": [source["name"] for source in sources if source["bytes"] is None],
        "published": {**published.model_dump(), "whose": "the paper's"} if published else None,
        "images": images,
        "sources_without_images": unstated,
        "texts": texts,
        "images_are": "the paper's" if whole is not None else "those of the sources, times the drawn share",
        "cut": any(getattr(builder, "chips", None) for builder in getattr(corpus, "builders", ())),
        "disk": {
            "sources": known if sized else None,
            "shards": None if images is None else round(images * chip),
            "a_picture": round(chip),
            "assumption": assumption,
        },
        "hours": {
            "estimate": True,
            **{key: None if value is None else round(value, 2) for key, value in hours.items()},
            "total": round(sum(counted_hours), 2) if counted_hours else None,
        },
        "rates": {**asdict(rates), "threads": threads},
    }


def _source(source: Source) -> dict[str, Any]:
    definition = source.definition
    listed = source.files
    size = sum(file.size for file in listed) if listed is not None else definition.size
    images = definition.images
    if images is None and listed is not None:
        images = sum(file.path.lower().endswith(_PICTURES) for file in listed)
    addresses = dict.fromkeys(_words(part.address) for part in definition.parts)
    return {
        "name": definition.name,
        "title": definition.title,
        "addresses": list(addresses),
        "homepage": list(definition.homepage),
        "licence": definition.licence,
        "terms": definition.terms,
        "images": images,
        "bytes": size,
        "note": definition.note,
    }


def _words(address: Address) -> str:
    match address:
        case ArchiveAddress() | PageAddress():
            return address.url
        case HttpAddress() | HubAddress():
            return address.base
        case S3Address():
            return f"s3://{address.bucket}/{address.prefix}"
        case FolderAddress():
            return f"folder {address.path}"
        case PackageAddress():
            return f"package {address.distribution}"


def _chip_bytes(root: Path, measured: Path) -> tuple[float, str]:
    """Return the mean bytes of a stored picture, and where that comes from."""
    if (measured / MANIFEST).is_file():
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        sizes = pq.read_table(measured / "index.parquet", columns=["image_size"]).column("image_size")
        if len(sizes):
            return float(pc.mean(sizes).as_py()), f"mean of the {len(sizes):,} pictures in {measured.relative_to(root)}"
    return _CHIP_SIDE**2 * _BYTES_A_PIXEL, f"assumed: {_CHIP_SIDE} x {_CHIP_SIDE} pixels at {_BYTES_A_PIXEL:g} bytes a pixel"


def _hours(count: int | None, a_second: float) -> float | None:
    """Return the hours that so many take; None where the number is not known."""
    return None if count is None else count / a_second / 3600


def _answers_at_once(corpus: Section) -> int:
    """Return how many answers chat models write side by side, 0 where no builder asks one."""
    return max((model.concurrent if isinstance(model, ServedSettings) else model.workers for model in _chat_models(corpus)), default=0)


def _chat_models(settings: Settings) -> Iterator[LocalSettings | ServedSettings | RegisteredSettings]:
    """Yield every chat model named anywhere in some settings."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, LocalSettings | ServedSettings | RegisteredSettings):
                yield each
            elif isinstance(each, Settings):
                yield from _chat_models(each)
