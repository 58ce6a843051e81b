"""Captions from boxes, masks and footprints: B2C over annotated chips; masks and footprints become boxes first."""

from collections.abc import Iterator

from rsvlm.captioning import b2c
from rsvlm.captioning.settings import FootprintBuilder, MaskBuilder
from rsvlm.data.kinds.boxes import BoxCaptions
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.seeds import Draws


def build(settings: BoxCaptions | MaskBuilder | FootprintBuilder, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    method = "m2b" if isinstance(settings, MaskBuilder) else "b2c"
    for chip in annotated_chips(settings, work):
        texts = b2c.captions(chip.objects, chip.picture.width, chip.picture.height, settings.b2c, Draws(work.seed, "b2c", chip.id))
        yield chip_sample(work, settings.source, chip, method=method, builder=settings.kind, captions=texts)
