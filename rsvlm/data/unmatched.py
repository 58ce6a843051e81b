"""What a recipe says of scenes and classes that its sources do not have: a misspelt name, which would change nothing.

A scene that nothing shows is refused: its records would silently train. A class that nothing has is only told, because
published tables of classes list more of them than a small mirror of the set holds; and so is a scene of another prefix,
because profiles inherit a builder's shares together with its other keys.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rsvlm.captioning.scenes import places
from rsvlm.captioning.settings import AnnotatedPictures, BoxPictures
from rsvlm.errors import DataError
from rsvlm.records.models import id_part
from rsvlm.records.raw import RawSource
from rsvlm.settings import nearest

logger = logging.getLogger("rsvlm.data")
_SHOWN = 20


def check_names(builders: Sequence[Any], raw: Path) -> None:
    """Compare the scenes and classes that the builders of annotated pictures name with those of the annotations.

    Args:
        builders: of a corpus.
        raw: `data/raw/<item>`.

    Raises:
        DataError: `shares.scenes` places a scene of the builder's prefix of which there is no picture, or an annotation
            file cannot be read.
    """
    annotated = [builder for builder in builders if isinstance(builder, AnnotatedPictures)]
    # Builders of one prefix share their scenes; what other kinds call a scene, they alone know.
    apart = {getattr(builder, "prefix", "") for builder in builders if not isinstance(builder, AnnotatedPictures)}
    placing = {builder.prefix for builder in annotated if builder.shares.scenes} - apart
    # Builders of one table share it too: a set in several layouts has some classes in each.
    naming = {(builder.source, *sorted(builder.names)) for builder in annotated if isinstance(builder, BoxPictures) and builder.names}
    scenes: dict[str, set[str]] = {}
    classes: dict[tuple[str, ...], set[str]] = {}
    for builder in annotated:
        table = (builder.source, *sorted(builder.names))
        if builder.prefix not in placing and table not in naming:
            continue
        for place in places(builder, RawSource(builder.source, raw / builder.source)):
            if place.fault is None:
                scenes.setdefault(builder.prefix, set()).add(place.scene)
            if place.content is not None:
                classes.setdefault(table, set()).update(labelled.label for labelled in place.content.objects if labelled.label)
        if isinstance(builder, BoxPictures):
            classes.setdefault(table, set()).update(builder.ignored)
    for builder in annotated:
        if builder.prefix in placing:
            _check_scenes(builder, scenes.get(builder.prefix, set()))
    for table in sorted(naming):
        _tell_classes(table[0], table[1:], classes.get(table, set()))


def _check_scenes(builder: AnnotatedPictures, found: set[str]) -> None:
    for scene, split in sorted(builder.shares.scenes.items()):
        if scene not in found:
            line = (
                f"source '{builder.source}': shares.scenes: puts '{scene}' into {split}, but there is no such scene; "
                f"those of prefix '{builder.prefix}': {_listed(found)}{nearest(scene, sorted(found))}"
            )
            if scene.startswith(f"{id_part(builder.prefix)}-"):
                raise DataError(line)
            logger.warning("%s", line)


def _tell_classes(source: str, named: Iterable[str], found: set[str]) -> None:
    unmatched = [name for name in named if name not in found]
    if unmatched:
        logger.warning(
            "source '%s': names: no object has the class %s, so these words are not used; classes there: %s%s",
            source, ", ".join(map(repr, unmatched)), _listed(found), nearest(unmatched[0], sorted(found)),
        )  # fmt: skip


def _listed(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN]) or "none"
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
