"""Screens run over records in the order of their settings: the first that drops a record says why, and all is counted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from PIL import Image

from rsvlm.imagery.pictures import ImageError
from rsvlm.quality.clouds import Bands
from rsvlm.quality.pictures import bands_fault, picture_check, size_fault, stated_size
from rsvlm.quality.settings import CloudBandsScreen, KeywordScreen, LanguageScreen, LengthScreen, LinkScreen, Screen, SizeScreen, WordScreen
from rsvlm.quality.texts import captions_of, text_check
from rsvlm.records.unfit import Unfit

LoadPicture = Callable[[], Image.Image]
LoadBands = Callable[[], Bands]
_TEXT = (LengthScreen, LanguageScreen, KeywordScreen, WordScreen, LinkScreen)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a record is kept; if not, why: a fixed phrase that is counted, and the particulars."""

    kept: bool
    reason: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kept": self.kept, "reason": self.reason, "detail": self.detail}


KEPT = Decision(True)


class _Subject:
    """One record under its screens; captions, picture and bands are looked at when a screen first asks for them."""

    __slots__ = ("_bands", "_captions", "_load", "_load_bands", "_picture", "fields")

    def __init__(self, fields: Mapping[str, Any], load: LoadPicture | None, load_bands: LoadBands | None) -> None:
        self.fields, self._load, self._load_bands = fields, load, load_bands
        self._captions: Sequence[str] | None = None
        self._picture: Image.Image | None = None
        self._bands: Bands | None = None

    def captions(self) -> Sequence[str]:
        if self._captions is None:
            self._captions = captions_of(self.fields)
        return self._captions

    def has_picture(self) -> bool:
        return self._load is not None

    def picture(self) -> Image.Image:
        if self._picture is None:
            if self._load is None:
                raise Unfit("picture is missing")
            self._picture = self._load()
        return self._picture

    def bands(self) -> Bands:
        if self._bands is None:
            if self._load_bands is None:
                raise Unfit("band is missing", "no bands at all")
            self._bands = self._load_bands()
        return self._bands


_Step = Callable[[_Subject], Unfit | None]


def _size(screen: SizeScreen, subject: _Subject) -> Unfit | None:
    """Use the size that the record states; without one, decode the picture."""
    if "width" not in subject.fields and subject.has_picture():
        return size_fault(*subject.picture().size, screen)
    return size_fault(*stated_size(subject.fields), screen)


def _step(screen: Screen) -> _Step:
    if isinstance(screen, _TEXT):
        of_captions = text_check(screen)
        return lambda subject: of_captions(subject.captions())
    if isinstance(screen, SizeScreen):
        return partial(_size, screen)
    if isinstance(screen, CloudBandsScreen):
        return lambda subject: bands_fault(subject.bands(), screen)
    of_picture = picture_check(screen)
    return lambda subject: of_picture(subject.picture())


class Decide(Protocol):
    """What `screening` returns: a function of one record."""

    def __call__(self, fields: Mapping[str, Any], load: LoadPicture | None = None, load_bands: LoadBands | None = None, /) -> Decision:
        """Return whether the record is kept.

        Args:
            fields: the record: `captions` (or one `caption`), `width`, `height`.
            load: decodes its picture to RGB; called at most once, and only when a screen needs it.
            load_bands: reads its reflectances by band name; likewise.
        """
        ...


def screening(screens: Sequence[Screen]) -> Decide:
    """Return a function that decides over one record after the other.

    A record that lacks what a screen looks at, or whose picture cannot be decoded, is dropped with that reason.

    Args:
        screens: in the order in which they are tried.
    """
    steps = [_step(screen) for screen in screens]

    def decide(fields: Mapping[str, Any], load: LoadPicture | None = None, load_bands: LoadBands | None = None, /) -> Decision:
        subject = _Subject(fields, load, load_bands)
        try:
            for step in steps:
                fault = step(subject)
                if fault is not None:
                    return Decision(False, fault.reason, fault.detail)
        except Unfit as fault:
            return Decision(False, fault.reason, fault.detail)
        except ImageError as error:
            return Decision(False, f"picture: {error.reason}", str(error))
        return KEPT

    return decide


class Tally:
    """Counts decisions by source and reason; memory holds the counts alone."""

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()

    def add(self, source: str, decision: Decision, count: int = 1) -> None:
        """Count a decision over records of a source."""
        if decision.kept:
            self._kept[source] += count
        else:
            self._dropped[source, decision.reason] += count

    def merge(self, other: "Tally") -> None:
        """Add the counts of another worker."""
        self._kept.update(other._kept)
        self._dropped.update(other._dropped)

    def facts(self) -> dict[str, Any]:
        """Return counts for a manifest or a card: seen, kept, dropped by reason; in all, and by source."""
        sources = sorted(set(self._kept) | {source for source, _ in self._dropped})
        by_source = {source: self._of(source) for source in sources}
        reasons: Counter[str] = Counter()
        for (_, reason), count in self._dropped.items():
            reasons[reason] += count
        kept = sum(self._kept.values())
        total = {"seen": kept + sum(reasons.values()), "kept": kept, "dropped": dict(sorted(reasons.items()))}
        return {**total, "sources": by_source}

    def _of(self, source: str) -> dict[str, Any]:
        dropped = {reason: count for (name, reason), count in sorted(self._dropped.items()) if name == source}
        return {"seen": self._kept[source] + sum(dropped.values()), "kept": self._kept[source], "dropped": dropped}
