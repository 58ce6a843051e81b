"""Chains about ships of fine classes: features of the class, part by part, its group, and the class in the last turn only.

The features told are those that the table has for the picture's class; nobody looked for them in the picture.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from rsvlm.captioning.grammar import indefinite, is_plural
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.kinds.ships import FineShipChains
from rsvlm.data.samples import file_sample
from rsvlm.data.ship_table import NO_SHIP, ShipClass, private_features, ship_class, ship_classes
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers.scenes import scenes_in
from rsvlm.records.unfit import Unfit

_FIXED_TURNS = 3  # presence, group, class


def chain(ship: ShipClass, turns: int, generator: np.random.Generator) -> list[tuple[str, str]]:
    """Return the turns of a chain: so many for a ship, one for a picture without.

    Args:
        ship: the picture's class.
        turns: four to six.
        generator: draws which features are told; one that no other class has is always among them.
    """
    words = wording("ships")
    if ship.name == NO_SHIP:
        return [(words["presence"]["question"], words["presence"]["no"])]
    private = [feature for _, feature in ship.features if feature in private_features()]
    proof = private[int(generator.integers(len(private)))]
    others = [entry for entry in ship.features if entry[1] != proof]
    drawn = {others[place][1] for place in generator.permutation(len(others))[: turns - _FIXED_TURNS - 1].tolist()} | {proof}
    told = [(words[part]["question"], _has(part, feature)) for part, feature in ship.features if feature in drawn]
    reason = wording("ship_features")["groups"][ship.group]
    return [
        (words["presence"]["question"], words["presence"]["yes"]),
        *told,
        (words["group"]["question"], words["group"]["answer"].format(reason=reason, group=ship.group)),
        (words["fine"]["question"], words["fine"]["answer"].format(one=indefinite(ship.name), feature=proof)),
    ]


def _has(part: str, feature: str) -> str:
    table = wording("ships")[part]
    many = part == "deck" and (is_plural(feature) or not feature.startswith(("a ", "an ")))
    form = table["plural" if many else "answer"]
    return str(form.format(feature=feature))


def items(ship: ShipClass, count: int, generator: np.random.Generator) -> list[Talk]:
    """Return the class, a caption and `count` questions of a picture that is not for training."""
    words = wording("ships")
    classes = ", ".join(one.name for one in ship_classes())
    talks = [Talk("classification", words["classification"].format(classes=classes), ship.name, ship.name)]
    if ship.name != NO_SHIP:
        first, second = (ship.features[place][1] for place in sorted(generator.permutation(len(ship.features))[:2].tolist()))
        caption = words["caption"]["fine"].format(one=indefinite(ship.name), first=first, second=second)
        talks.append(Talk("caption", words["caption"]["question"], caption, caption))
    bank = _bank(ship)
    talks += [bank[place] for place in sorted(generator.permutation(len(bank))[:count].tolist())]
    return talks


def _bank(ship: ShipClass) -> list[Talk]:
    """Return the question bank's items about a class; every answer follows from the table."""
    words = wording("ships")
    answer = "no" if ship.name == NO_SHIP else "yes"
    talks = [Talk("presence", words["presence"]["question"], answer, answer)]
    if ship.group is None:
        return talks
    talks.append(Talk("question", words["bank"]["group"], ship.group, ship.group))
    own = {feature for _, feature in ship.features}
    for feature in [*sorted(own), *sorted(private_features() - own)]:
        answer = "yes" if feature in own else "no"
        talks.append(Talk("attribute", words["bank"]["feature"].format(feature=feature), answer, answer))
    return talks


def build(settings: FineShipChains, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: no picture matches.
    """
    for found in scenes_in(work.source(settings.source), settings.pictures):
        where = settings.pictures if isinstance(found, Unfit) else found.picture
        try:
            if isinstance(found, Unfit):
                raise found
            ship = ship_class(settings.names.get(found.label, found.label))
            name = safe_id(settings.prefix, ship.name, PurePosixPath(found.picture).stem)
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)) or not work.wanted(
                name, settings.source
            ):
                continue
            generator = work.generator("ships", name)
            if work.split == "train":
                turns = int(generator.integers(settings.least_turns, settings.most_turns + 1))
                told = chain(ship, turns, generator)
                conversations: Sequence[dict[str, Any]] = as_conversations(name, [Talk("reasoning", *told[0], answer=told[-1][1])])
                for question, reply in told[1:]:
                    conversations[0]["turns"] += [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
            else:
                conversations = as_conversations(name, items(ship, settings.questions, generator))
            made = file_sample(
                work, settings.source, found.picture, name, scene=name, method="template", builder=settings.kind, label=ship.name
            )
            yield Sample(name, made.image, made.extension, {**made.fields, "conversations": list(conversations)})
        except Unfit as unfit:
            work.drop(where, settings.source, unfit)
