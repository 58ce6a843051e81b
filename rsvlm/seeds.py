"""Random generators that depend on names, never on the order of calls or on a global state."""

import hashlib
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

Option = TypeVar("Option")
_WORD_BITS = 64
_DIGEST_WORDS = struct.Struct(">8Q")


def _name(parts: tuple[str | int, ...]) -> bytes:
    return "\x1f".join([f"{type(part).__name__}:{part}" for part in parts]).encode()


def seed_of(*parts: str | int) -> int:
    """Hash the parts (recipe, stage, record id, ...) into a seed in [0, 2**63)."""
    return int.from_bytes(hashlib.sha256(_name(parts)).digest()[:8], "big") >> 1


def numpy_generator(*parts: str | int) -> np.random.Generator:
    """Return a NumPy generator (PCG64) owned by the named purpose."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))


def torch_generator(*parts: str | int, device: str = "cpu") -> "torch.Generator":
    """Return a torch generator owned by the named purpose."""
    import torch  # slow to import, and commands that only read recipes do without it

    return torch.Generator(device=device).manual_seed(seed_of(*parts))


class Draws:
    """A stream of uniform draws owned by the named purpose, for the few dozen draws that a record takes.

    Setting up a NumPy generator takes longer than all that such a record needs; this one hashes its name once for every
    eight draws. The words behind the draws are those of BLAKE2b(name, salt = 0), BLAKE2b(name, salt = 1), ...: each
    digest gives eight big-endian words of 64 bits, each salt is a big-endian number of 16 bytes.
    """

    __slots__ = ("_words",)

    def __init__(self, *parts: str | int) -> None:
        """Begin the stream of a name (seed, purpose, record id, ...); equal names give equal streams."""
        self._words = itertools.chain.from_iterable(_blocks(_name(parts)))

    def below(self, count: int) -> int:
        """Return a whole number in [0, count), all equally likely to within count / 2**64: the high word of word x count."""
        return next(self._words) * count >> _WORD_BITS

    def choose(self, options: Sequence[Option]) -> Option:
        """Return one of the options, all equally likely."""
        # As `below`, which is spelled out here and in `sample`: a call takes as long as a draw.
        return options[next(self._words) * len(options) >> _WORD_BITS]

    def sample(self, options: Sequence[Option], size: int) -> list[Option]:
        """Return `size` of the options, drawn without replacement, in the order of the draws."""
        left = list(options)
        return [left.pop(next(self._words) * len(left) >> _WORD_BITS) for _ in range(size)]


def _blocks(name: bytes) -> Iterator[tuple[int, ...]]:
    """Yield the words of a name's stream, eight at a time and without end."""
    for block in itertools.count():
        yield _DIGEST_WORDS.unpack(hashlib.blake2b(name, salt=block.to_bytes(16, "big")).digest())
