"""Visual prompts for whole pictures: a data set's scene classes and captions under a mark that covers everything."""

from collections.abc import Iterator

from rsvlm.captioning.build import native_captions
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.conversations.formats.marks import answer, prompt, whole_image
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.prompts import ImagePrompts
from rsvlm.data.listed import WITH_A_LIST, listed, named, split_as_listed
from rsvlm.data.samples import file_sample, origin_of, picture_of
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.unfit import Unfit


def build(settings: ImagePrompts, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    words = wording("prompts")
    cleaning = NativeBuilder(kind="native", source=settings.source, prefix=settings.prefix)
    listing, raw = settings.listing, work.source(settings.source)
    for line in listed(listing, raw):
        where = line.detail if isinstance(line, Unfit) else f"{listing.file} {line.where}"
        try:
            if isinstance(line, Unfit):
                raise line
            name, scene = named(listing, settings.prefix, line.name)
            if split_as_listed(listing, line, scene, work.seed) != work.split:
                continue
            if work.share("image-prompts", name) >= listing.share:
                work.rejected.leave_out(settings.source, "outside the builder's share")
                continue
            texts = []
            if line.label:
                texts.append(("classification", words["scene"], class_words(line.label)))
            if line.captions:
                captions = native_captions(line.captions, cleaning, work.longest)
                caption = captions[int(work.generator("captions", name).integers(len(captions)))]
                texts.append(("caption", words["image_caption"], caption))
            if not texts:
                raise Unfit("picture has neither class nor caption", line.name[:100])
            if not work.wanted(name, settings.source):
                continue
            picture = picture_of(raw.path(line.file).read_bytes(), name)
            talks = [Talk(task, question, answer("Region", [text]), text) for task, question, text in texts]
            facts = {"prompts": [[prompt(whole_image(*picture.size))]] * len(talks), "levels": ["image"] * len(talks)}
            yield file_sample(
                work,
                settings.source,
                line.file,
                name,
                scene=scene,
                method="label",
                builder=settings.kind,
                talks=talks,
                label=line.label,
                facts=facts,
                origin=origin_of(line.file, listing.file if listing.layout in WITH_A_LIST else None),
            )
        except Unfit as unfit:
            work.drop(where, settings.source, unfit)
