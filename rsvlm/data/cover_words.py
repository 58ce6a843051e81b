"""Land cover in words: shares as size words or percentages, region by region, as ChatEarthNet states them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rsvlm.captioning.grammar import article, be, is_plural, listed, sentence
from rsvlm.data.kinds.land_cover import LandCover
from rsvlm.data.wording import drawn, wording
from rsvlm.maps.cover import REGIONS, Region, counts, shares

Told = list[tuple[str, float]]
CLEARLY = 5


def percent_of(share: float) -> int:
    """Return a share (0 to 1) as the whole percentage that ChatEarthNet's size words go by.

    As published, the share is rounded to two decimals and its hundredfold is cut off, so that 0.29 gives 28 and 0.58 gives 57.
    """
    return int(round(share, 2) * 100)


def size_word(share: float, cuts: Sequence[float]) -> str:
    """Return `extra small` ... `extra large` for a share (0 to 1): each cut, in percent, begins the next size."""
    sizes: list[str] = wording("land-cover")["sizes"]
    return sizes[sum(percent_of(share) >= cut for cut in cuts)]


def portion(share: float, cuts: Sequence[float], generator: np.random.Generator) -> str:
    """Return a share's size word with one of the five nouns for it, drawn: `extra large fraction`."""
    return f"{size_word(share, cuts)} {drawn(wording('land-cover')['portions'], generator)}"


def told_of(mask: NDArray[np.uint8], region: Region | None, settings: LandCover) -> Told:
    """Return (class, share) of what is told of a region: enough pixels, most first; of the whole all, of a region the first few.

    Shares are of the pixels with a class. Of classes with equally many pixels the later one comes first, as published.
    """
    pixels, share = counts(mask, region), shares(mask, region)
    enough = [(name, share[name]) for name in share if pixels[name] >= settings.least_pixels]
    return enough if region is None else enough[: settings.told]


def called(name: str) -> str:
    """Return how a class is called in a sentence."""
    return str(wording("land-cover")["names"][name])


def portions(mask: NDArray[np.uint8], settings: LandCover, generator: np.random.Generator) -> str:
    """Return a paragraph with size words for shares; empty where no class has enough pixels."""
    words, whole = wording("land-cover"), told_of(mask, None, settings)
    if not whole:
        return ""
    said = [_dominant(mask, whole[0][0], generator)]
    names = [called(name) for name, _ in whole]
    said.append(drawn(words["order"], generator).format(list=listed(names)) if len(names) > 1 else drawn(words["only"], generator))
    if len(whole) == 1 and all(shares(mask, region) for region in REGIONS):
        said.append(words["everywhere"].format(first=_portion(*whole[0], settings, generator, first=True)))
    for region in REGIONS if len(whole) > 1 else ():
        told = told_of(mask, region, settings)
        if told:  # a region without classes gets no sentence
            parts = [_portion(name, share, settings, generator, first=place == 0) for place, (name, share) in enumerate(told)]
            said.append(words["region"].format(region=region, first=parts[0], rest=_rest(parts[1:])))
    main = [called(name) for name, share in whole if percent_of(share) >= settings.cuts[0]] or names[:1]
    said.append(drawn(words["summary"], generator).format(list=listed(main)))
    return " ".join(said)


def percentages(mask: NDArray[np.uint8]) -> str:
    """Return a paragraph with the share of every class in each region, in percent of all its pixels, background among them."""
    words, said = wording("land-cover"), []
    for region in REGIONS:
        found = shares(mask, region, of_all=True)
        if found:
            (name, share), *others = found.items()
            first = f"{100 * share:.2f}% of the area is covered by {called(name)}"
            parts = [f"{100 * value:.2f}% by {called(other)}" for other, value in others]
            said.append(words["percentages"].format(region=region, first=first, rest=_rest(parts)))
    return " ".join(said)


def shares_by_region(mask: NDArray[np.uint8]) -> dict[str, dict[str, float]]:
    """Return the share of each class among the pixels with one, by region and for the whole (`all`), to six decimals."""
    found: dict[str, Mapping[str, float]] = {"all": shares(mask), **{region: shares(mask, region) for region in REGIONS}}
    return {region: {name: round(share, 6) for name, share in values.items()} for region, values in found.items()}


def _dominant(mask: NDArray[np.uint8], name: str, generator: np.random.Generator) -> str:
    """Return the first sentence; it names a region where the class's share is clearly larger than anywhere else (own choice)."""
    by_region = {region: percent_of(shares(mask, region).get(name, 0.0)) for region in REGIONS}
    most = max(by_region.values())
    where = [region for region, percent in by_region.items() if percent > most - CLEARLY]
    cover = f"{called(name)} {be(called(name))}"
    options = wording("land-cover")["dominant" if len(where) > 1 else "dominant_where"]
    return sentence(drawn(options, generator).format(cover=cover, region=where[0]))


def _portion(name: str, share: float, settings: LandCover, generator: np.random.Generator, *, first: bool) -> str:
    amount = portion(share, settings.cuts, generator)
    verb = (" make up" if is_plural(called(name)) else " makes up") if first else ""
    return f"{called(name)}{verb} {article(amount)} {amount}"


def _rest(parts: Sequence[str]) -> str:
    """Return further parts of a sentence: `, b and c`, or ` and b`."""
    if not parts:
        return ""
    return f" and {parts[0]}" if len(parts) == 1 else f", {listed(parts)}"
