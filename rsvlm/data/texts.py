"""What can be said of many texts without keeping them: languages, lengths, vocabulary and lexical diversity."""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LETTER = re.compile(r"[^\W\d_]")
_THRESHOLD = 0.72
_SAMPLED = 2000
_MOST_BINS = 20
_WIDTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def language_of(text: str) -> str:
    """Return `zh` where at least half of a text's letters are Han characters, otherwise `en`."""
    han = len(_HAN.findall(text))
    return "zh" if han and 2 * han >= len(_LETTER.findall(text)) else "en"


def units_of(text: str, language: str) -> list[str]:
    """Return what a text's length is counted in: Han characters of Chinese, otherwise words in lower case."""
    return _HAN.findall(text) if language == "zh" else _WORD.findall(text.casefold())


def mtld(words: Sequence[str]) -> float | None:
    """Return the measure of textual lexical diversity, the mean of both reading directions; None where no word recurs.

    McCarthy and Jarvis, "MTLD, vocd-D, and HD-D: A validation study of sophisticated approaches to lexical diversity
    assessment", Behavior Research Methods 42 (2010): the mean length of word sequences whose type-token ratio stays
    above 0.72; the rest at the end counts as the part of a sequence that its ratio has gone from 1 towards 0.72.
    """
    forward, backward = _factors(words), _factors(words[::-1])
    if not forward or not backward:
        return None
    return len(words) * (1 / forward + 1 / backward) / 2


def _factors(words: Sequence[str]) -> float:
    factors, seen, length = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        length += 1
        if len(seen) / length < _THRESHOLD:
            factors, seen, length = factors + 1, set(), 0
    return factors + (1 - len(seen) / length) / (1 - _THRESHOLD) if length else factors


@dataclass
class Lengths:
    """Lengths of texts, counted one by one."""

    counts: Counter[int] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        """Return count, mean, median, longest, and `bins` of [first length, last length, texts], at most some twenty."""
        total, longest = self.counts.total(), max(self.counts)
        width = next((width for width in _WIDTHS if longest < width * _MOST_BINS), _WIDTHS[-1])
        bins: Counter[int] = Counter()
        for length, count in self.counts.items():
            bins[length // width] += count
        return {
            "count": total,
            "mean": round(sum(length * count for length, count in self.counts.items()) / total, 2),
            "median": self._median(total),
            "longest": longest,
            "bins": [[place * width, place * width + width - 1, bins[place]] for place in range(max(bins) + 1)],
        }

    def _median(self, total: int) -> int:
        """Return the lower median."""
        passed = 0
        for length, count in sorted(self.counts.items()):
            passed += count
            if 2 * passed >= total:
                return length
        return 0


@dataclass
class Texts:
    """Texts of one language: how many words, how many different ones, and a stable draw for the lexical diversity.

    The draw keeps the 2,000 texts whose names have the smallest hashes, in that order, so that neighbours in the corpus
    (five captions of one picture) do not stand side by side in it.
    """

    texts: int = 0
    words: int = 0
    vocabulary: set[str] = field(default_factory=set)
    _drawn: list[tuple[int, str]] = field(default_factory=list)

    def add(self, name: str, text: str, units: Sequence[str]) -> None:
        """Count a text; its name is one that no other text has."""
        self.texts += 1
        self.words += len(units)
        self.vocabulary.update(units)
        place = -int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
        if len(self._drawn) < _SAMPLED:
            heapq.heappush(self._drawn, (place, text))
        elif place > self._drawn[0][0]:
            heapq.heapreplace(self._drawn, (place, text))

    def summary(self, language: str) -> dict[str, Any]:
        """Return counts and, for other languages than Chinese, the lexical diversity of the draw."""
        found: dict[str, Any] = {"texts": self.texts, "words": self.words, "vocabulary": len(self.vocabulary)}
        if language != "zh":
            words = [word for _, text in sorted(self._drawn, reverse=True) for word in units_of(text, language)]
            value = mtld(words)
            found["mtld"] = {"value": None if value is None else round(value, 2), "texts": len(self._drawn), "words": len(words)}
        return found
