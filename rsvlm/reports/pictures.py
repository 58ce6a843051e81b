"""Images inside a page: re-encoded small, as data addresses, within a budget of bytes."""

import base64
import hashlib
import io
from dataclasses import dataclass, field

from PIL import Image

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import decode

_QUALITY = 78


@dataclass
class Album:
    """Thumbnails for one page, until its bytes are spent.

    Attributes:
        budget: characters of data addresses that the page may carry.
        left_out: images that did not fit any more or could not be decoded.
    """

    budget: int = 4_000_000
    left_out: int = 0
    _made: dict[tuple[bytes, int], str] = field(default_factory=dict)

    def add(self, data: bytes, name: str, side: int = 240) -> str | None:
        """Return the data address of a thumbnail whose longer side is at most `side` pixels.

        The bytes depend on the pixels and on Pillow's version only. Returns None (and counts it) when the page is
        full or the image cannot be decoded.
        """
        digest = hashlib.sha256(data).digest()
        if (digest, side) not in self._made:
            try:
                self._made[digest, side] = _encode(decode(data, name), side)
            except DataError:
                self._made[digest, side] = ""
        address = self._made[digest, side]
        if not address or len(address) > self.budget:
            self.left_out += 1
            return None
        self.budget -= len(address)
        return address


def _encode(image: Image.Image, side: int) -> str:
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY, optimize=True, progressive=False)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
