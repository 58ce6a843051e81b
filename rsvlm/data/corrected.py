"""The queue of corrections by hand: what people found wrong in a map's tags, applied before anything is said of them.

A correction says what it found, so that it does not touch an element that the map has changed since; one that fits no element
is set aside with its reason.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rsvlm.data import corrections  # imported, so that a stage's fingerprint has the bytes of its files
from rsvlm.errors import ConfigurationError
from rsvlm.maps.elements import Element
from rsvlm.settings import Settings


class Correction(Settings):
    """One correction.

    Attributes:
        element: its id.
        key: of the tag.
        was: the value that was found; none: the key was not there.
        now: the right value; none: the key is dropped.
        why: what the picture shows.
    """

    element: str = Field(min_length=1, max_length=100)
    key: str = Field(min_length=1, max_length=100)
    was: str | None
    now: str | None
    why: str = Field(min_length=1, max_length=500)

    @property
    def name(self) -> str:
        """The correction's own id."""
        return f"{self.element} {self.key}"


@cache
def corrections_named(name: str) -> tuple[Correction, ...]:
    """Return the corrections of a file in `rsvlm/data/corrections/`.

    Raises:
        ConfigurationError: there is none of this name, it is malformed, or it corrects a tag twice.
    """
    file = resources.files(corrections).joinpath(f"{name}.yaml")
    try:
        found = TypeAdapter(tuple[Correction, ...]).validate_python(tuple(YAML(typ="safe", pure=True).load(file.read_text("utf-8")) or ()))
    except (OSError, YAMLError, TypeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"corrections '{name}': no readable list of corrections ({str(error)[:200]})") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise ConfigurationError(f"corrections '{name}': {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    names = [each.name for each in found]
    if twice := sorted({each for each in names if names.count(each) > 1}):
        raise ConfigurationError(f"corrections '{name}': {twice[0]} is corrected twice")
    return found


def corrected_tags(id_: str, tags: Mapping[str, str], queue: Iterable[Correction]) -> tuple[dict[str, str], list[str]]:
    """Return an element's tags after its corrections, and the names of those that were applied.

    Args:
        id_: of the element.
        tags: as the map has them.
        queue: corrections; those of other elements, and those that found something else, are passed over.
    """
    found, applied = dict(tags), []
    for correction in queue:
        if correction.element != id_ or tags.get(correction.key) != correction.was:
            continue
        found.pop(correction.key, None)
        if correction.now is not None:
            found[correction.key] = correction.now
        applied.append(correction.name)
    return dict(sorted(found.items())), applied


def unfit(queue: Iterable[Correction], elements: Mapping[str, Element]) -> list[tuple[Correction, str]]:
    """Return the corrections that fit no element of a map, each with what the map has instead.

    Args:
        queue: of corrections.
        elements: of the map, by id.
    """
    found = []
    for correction in queue:
        element = elements.get(correction.element)
        if element is None:
            found.append((correction, "no such element"))
        elif element.tags.get(correction.key) != correction.was:
            found.append((correction, f"the map has {element.tags.get(correction.key)!r}, the correction found {correction.was!r}"))
    return found
