"""The fine classes of ships and their features, as `templates/ship_features.yaml` has them."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from rsvlm.captioning.grammar import class_words
from rsvlm.data.wording import wording
from rsvlm.records.unfit import Unfit

PARTS = ("hull", "deck", "superstructure")
NO_SHIP = "non ship"


@dataclass(frozen=True)
class ShipClass:
    """A class: its number, its name, military or civilian (None where it is no ship), and its features by part."""

    number: str
    name: str
    group: str | None
    features: tuple[tuple[str, str], ...]


@cache
def ship_classes() -> tuple[ShipClass, ...]:
    """Return the classes in the order of their numbers."""
    return tuple(
        ShipClass(row["number"], row["name"], row["group"], tuple((part, row[part]) for part in PARTS if part in row))
        for row in wording("ship_features")["classes"]
    )


@cache
def private_features() -> frozenset[str]:
    """Return the features that only one class has."""
    counts = Counter(feature for ship in ship_classes() for _, feature in ship.features)
    return frozenset(feature for feature, count in counts.items() if count == 1)


def ship_class(folder: str) -> ShipClass:
    """Return the class that a folder is named for: its name in any spelling, or its number.

    Raises:
        Unfit: no class has that name.
    """
    words = class_words(folder)
    for ship in ship_classes():
        if words in (ship.name, ship.number.lower(), f"{ship.number.lower()} {ship.name}"):
            return ship
    raise Unfit("class is not in the vocabulary", f"{folder[:60]!r}; allowed: {', '.join(ship.name for ship in ship_classes())}")
