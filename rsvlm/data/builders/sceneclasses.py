"""Scene classification: one question a picture, its answer the name of the folder that the picture lies in."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from rsvlm.captioning.grammar import class_words
from rsvlm.conversations.talk import Talk
from rsvlm.conversations.vhm import CLASSIFY, asked
from rsvlm.data.kinds.sceneclasses import SceneClasses
from rsvlm.data.samples import file_sample
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers.scenes import scenes_in
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit


def build(settings: SceneClasses, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: no picture matches.
    """
    found = list(scenes_in(work.source(settings.source), settings.pictures))
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
            name = safe_id(settings.prefix, scene.label, PurePosixPath(scene.picture).stem)
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
