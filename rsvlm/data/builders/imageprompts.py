"""Visual prompts for whole pictures: a data set's scene classes and captions under a mark that covers everything."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from rsvlm.captioning.build import native_captions, native_split
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.conversations.formats.marks import answer, prompt, whole_image
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.prompts import ImagePrompts
from rsvlm.data.samples import file_sample, origin_of, picture_of
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import pairs
from rsvlm.records.unfit import Unfit


def build(settings: ImagePrompts, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    words = wording("prompts")
    cleaning = NativeBuilder(kind="native", source=settings.source, prefix=settings.prefix)
    for number, line in pairs.read(work.source(settings.source).path(settings.file)):
        try:
            if isinstance(line, Unfit):
                raise line
            name = safe_id(settings.prefix, PurePosixPath(line.image).stem)
            if native_split(line.split, name, settings.validation_share, work.seed) != work.split:
                continue
            if work.share("image-prompts", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the builder's share")
                continue
            captions = native_captions(line.captions, cleaning, work.longest)
            if not work.wanted(name, settings.source):
                continue
            picture = picture_of(work.source(settings.source).path(line.image).read_bytes(), name)
            caption = captions[int(work.generator("captions", name).integers(len(captions)))]
            texts = [("caption", words["image_caption"], caption)]
            if line.label:
                texts.insert(0, ("classification", words["scene"], class_words(line.label)))
            talks = [Talk(task, question, answer("Region", [text]), text) for task, question, text in texts]
            facts = {"prompts": [[prompt(whole_image(*picture.size))]] * len(talks), "levels": ["image"] * len(talks)}
            yield file_sample(
                work,
                settings.source,
                line.image,
                name,
                scene=name,
                method="label",
                builder=settings.kind,
                talks=talks,
                label=line.label,
                facts=facts,
                origin=origin_of(line.image, settings.file),
            )
        except Unfit as unfit:
            work.drop(f"{settings.file} line {number}", settings.source, unfit)
