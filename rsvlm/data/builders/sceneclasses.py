"""Scene classification: one question a picture, its answer the name of its class's folder."""

import re
from collections.abc import Iterator
from contextlib import suppress

from rsvlm.captioning.grammar import class_words
from rsvlm.conversations.talk import Talk
from rsvlm.conversations.vhm import CLASSIFY, asked
from rsvlm.data.kinds.sceneclasses import SceneClasses
from rsvlm.data.samples import file_sample
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers.scenes import ScenePicture, scenes_in
from rsvlm.records.text import LONGEST_LABEL, class_name, clean_text
from rsvlm.records.unfit import Unfit


def _labelled(scene: ScenePicture, settings: SceneClasses) -> ScenePicture | Unfit:
    """Return a picture with the class that the recipe's pattern finds in its path, or why there is none."""
    match = re.search(settings.label, scene.picture)
    if match is None:
        return Unfit("picture name does not match the recipe's pattern", f"{settings.label!r}, {scene.picture[:100]!r}")
    try:
        return ScenePicture(scene.picture, clean_text(match[1], longest=LONGEST_LABEL))
    except Unfit as unfit:
        return Unfit(unfit.reason.replace("caption", "label", 1), f"{scene.picture[:100]}: {unfit.detail}")


def build(settings: SceneClasses, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: no picture matches.
    """
    found = [
        scene if isinstance(scene, Unfit) else _labelled(scene, settings)
        for scene in scenes_in(work.source(settings.source), settings.pictures)
    ]
    words: dict[str, str] = {}
    for one in found:
        if not isinstance(one, Unfit):
            with suppress(Unfit):  # set aside where its pictures are
                words[one.label] = class_name(settings.names.get(one.label, class_words(one.label)))
    question = wording("vhm")["scene"].format(classes=", ".join(sorted(set(words.values()))))
    for scene in found:
        try:
            if isinstance(scene, Unfit):
                raise scene
            match = re.search(settings.name, scene.picture)
            if match is None:
                raise Unfit("picture name does not match the recipe's pattern", f"{settings.name!r}, {scene.picture[:100]!r}")
            name = safe_id(settings.prefix, scene.label, match[1])
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)) or not work.wanted(
                name, settings.source
            ):
                continue
            label = class_name(settings.names.get(scene.label, class_words(scene.label)))
            talk = Talk("classification", asked(CLASSIFY if settings.identifier else "", question), label, label)
            yield file_sample(
                work,
                settings.source,
                scene.picture,
                name,
                scene=name,
                method="label",
                builder=settings.kind,
                talks=[talk],
                label=scene.label,
            )
        except Unfit as unfit:
            work.drop(str(getattr(scene, "picture", settings.pictures)), settings.source, unfit)
