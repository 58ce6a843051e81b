"""What a source's definition says: what the data are, under which terms, and where each file comes from.

A definition is a YAML file in `rsvlm/sources/definitions/`; beside it, `<name>.sha256` lists every file. A part says where the
files below one prefix come from; the part with the longest fitting prefix counts.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from rsvlm.settings import NAME_PATTERN, Name, Settings

Kind = Literal["picture", "raster", "annotation", "text", "weights", "other"]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")]


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/") or "\\" in path:
        raise ValueError("a relative path that stays inside its folder is needed")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]


class ArchiveAddress(Settings):
    """Files inside a tar.gz or zip.

    Attributes:
        url: where the archive is; a GitHub archive at a fixed commit keeps its members' bytes for ever.
        strip: leading folders of every member name that are dropped (1 for a GitHub archive).
        prefix: put before a file's path to get the member's name.
        max_bytes: most bytes that the transfer may have.
    """

    kind: Literal["archive"]
    url: HttpUrl
    strip: Annotated[int, Field(ge=0, le=8)] = 1
    prefix: RelativePath = ""
    max_bytes: Annotated[int, Field(gt=0)] = 4_000_000_000


class HttpAddress(Settings):
    """Plain files below one address: `base` + the file's path."""

    kind: Literal["http"]
    base: HttpUrl


class HubAddress(Settings):
    """A repository of the Hugging Face hub; its files are plain HTTP files."""

    kind: Literal["huggingface"]
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    type: Literal["dataset", "model"]
    revision: str = "main"

    @property
    def base(self) -> str:
        """The address that file paths are put behind."""
        folder = "datasets/" if self.type == "dataset" else ""
        return f"https://huggingface.co/{folder}{self.repository}/resolve/{self.revision}/"


class S3Address(Settings):
    """Objects of a bucket: `prefix` + the file's path. Credentials come from the environment, never from here."""

    kind: Literal["s3"]
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: RelativePath = ""
    endpoint_url: HttpUrl | None = None
    region: str | None = None
    requester_pays: bool = False
    anonymous: bool = False


class FolderAddress(Settings):
    """Files of a folder on this machine, absolute or relative to the workspace."""

    kind: Literal["folder"]
    path: str


class PackageAddress(Settings):
    """Files that an installed Python distribution brings: `prefix` + the file's path."""

    kind: Literal["package"]
    distribution: Name
    prefix: RelativePath = ""


class PageAddress(Settings):
    """A page where people get the data by hand (terms to accept, a form to fill); nothing is fetched from it."""

    kind: Literal["page"]
    url: HttpUrl


Address = Annotated[
    ArchiveAddress | HttpAddress | HubAddress | S3Address | FolderAddress | PackageAddress | PageAddress, Field(discriminator="kind")
]


class Tile(Settings):
    """Cut from a larger picture: `<stem>_<row>_<column>.<ext>` is the square of `side` pixels at that corner of `<stem>.png`."""

    make: Literal["tile"]
    side: Annotated[int, Field(gt=0)]
    quality: Annotated[int, Field(ge=1, le=100)]


class Shrink(Settings):
    """Made from a picture with the ending `origin`: longest side at most `longest` pixels (Lanczos), JPEG at `quality`.

    A file of ours that ends in .png is written as PNG.
    """

    make: Literal["shrink"]
    origin: Literal[".png", ".jpg"]
    longest: Annotated[int, Field(gt=0)]
    quality: Annotated[int, Field(ge=1, le=100)]


class Deflate(Settings):
    """A GeoTIFF written again with lossless deflate (horizontal differences); `members` names the published file of each of ours."""

    make: Literal["deflate"]
    members: dict[str, str]


class RetrievalPairs(Settings):
    """Captions and file names of a retrieval set joined by file name to the pictures that this source lists."""

    make: Literal["retrieval-pairs"]
    pictures: RelativePath


class Choice(Settings):
    """One task of the CHOICE benchmark.

    Pictures below `images/` are shrunk, masks below `masks/` are made two-level at the same size (nearest pixel), and the
    records name our paths and each picture's original size.
    """

    make: Literal["choice"]
    longest: Annotated[int, Field(gt=0)]
    quality: Annotated[int, Field(ge=1, le=100)]


Derivation = Annotated[Tile | Shrink | Deflate | RetrievalPairs | Choice, Field(discriminator="make")]


class Part(Settings):
    """Where the files below a prefix come from, and how they are made from what is there (null: taken as they are)."""

    prefix: RelativePath = ""
    address: Address
    derive: Derivation | None = None


class Attributes(Settings):
    """Facts about the files that a pattern (as in a shell, over the relative path) matches; later entries win."""

    match: str
    kind: Kind | None = None
    sensor: str | None = None
    gsd: Annotated[float, Field(gt=0)] | None = None
    date: str | None = None
    licence: str | None = None


class SourceDefinition(Settings):
    """One public source.

    Attributes:
        name: the name that recipes use.
        title: what it is, for people.
        licence: the licence, or what stands in its place.
        terms: what a user must know before using or passing on the data.
        private: the pictures may not be passed on, so a corpus of them is exported only where it stays with who made it.
        citation: the work to cite.
        homepage: where it is published, for people.
        sensor: camera, satellite or product, where it is one.
        gsd: ground sampling distance in metres, where it is one.
        images: number of images, where published.
        size: bytes to transfer, where known.
        note: where licence, images and size are stated, and which of them nobody states.
        mirror: its folder below the mirror; empty: the name.
        parts: where files come from.
        attributes: facts about some of the files.
        convert: what is made of weights once they are here.
    """

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    title: str
    licence: str
    terms: str
    private: bool = False
    citation: str
    homepage: tuple[HttpUrl, ...]
    sensor: str | None = None
    gsd: Annotated[float, Field(gt=0)] | None = None
    images: Annotated[int, Field(ge=0)] | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    note: str = ""
    mirror: RelativePath = ""
    parts: tuple[Part, ...] = Field(min_length=1)
    attributes: tuple[Attributes, ...] = ()
    convert: Literal["gguf", "pth"] | None = None

    @property
    def mirror_folder(self) -> str:
        """The source's folder below a mirror."""
        return self.mirror or self.name

    def part_of(self, path: str) -> Part | None:
        """Return the part that a file comes from: the one with the longest fitting prefix."""
        fitting = [part for part in self.parts if path.startswith(part.prefix)]
        return max(fitting, key=lambda part: len(part.prefix), default=None)
