"""The class of a scene among some options: `Classify this image as one of: ...`."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rsvlm.captioning.build import native_split
from rsvlm.captioning.grammar import class_words, title
from rsvlm.conversations.formats.sequences import opening
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.sequences import SceneOptions
from rsvlm.data.samples import file_sample
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import pairs
from rsvlm.records.unfit import Unfit


def build(settings: SceneOptions, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    path = work.source(settings.source).path(settings.file)
    labels = work.once(("scene-options", settings.source, settings.file), lambda: _labels(path))
    for number, line in pairs.read(path):
        try:
            if isinstance(line, Unfit):
                raise line
            name = safe_id(settings.prefix, PurePosixPath(line.image).stem)
            if line.label is None or native_split(line.split, name, settings.validation_share, work.seed) != work.split:
                continue
            if work.share("scene-options", name) >= settings.share or not work.wanted(name, settings.source):
                continue
            talk = _talk(line.label, labels, settings, work, name)
            yield file_sample(
                work, settings.source, line.image, name, scene=name, method="label", builder=settings.kind, talks=[talk], label=line.label
            )
        except Unfit as unfit:
            work.drop(f"{settings.file} line {number}", settings.source, unfit)


def _labels(path: Path) -> list[str]:
    return sorted({line.label for _, line in pairs.read(path) if not isinstance(line, Unfit) and line.label})


def _talk(label: str, labels: list[str], settings: SceneOptions, work: Work, name: str) -> Talk:
    generator = work.generator("scene-options", name)
    others = [each for each in labels if each != label]
    drawn = [others[place] for place in generator.permutation(len(others))[: settings.options - 1].tolist()]
    shown = [label, *drawn]
    options = [title(class_words(shown[place])) for place in generator.permutation(len(shown)).tolist()]
    answer = title(class_words(label))
    return Talk("classification", opening(1) + wording("sequences")["scene"]["options"].format(options=", ".join(options)), answer, answer)
