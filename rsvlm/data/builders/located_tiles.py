"""Located tiles: place and resolution level, a caption by rule or by a chat model, and an enlarged companion where wanted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.facts import Facts, Forms, Vocabulary
from rsvlm.chat.prompts import Prompt
from rsvlm.chat.validate import check_answer, rules_of
from rsvlm.data.asking import asked
from rsvlm.data.kinds.located_tiles import Captioner, LocatedTiles
from rsvlm.data.levels import level_of
from rsvlm.data.prompt_files import prompt_of
from rsvlm.data.rewriting import VOCABULARY, said_or_raised
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.tile_words import granted_numbers, prompt_values, rule_caption
from rsvlm.data.tiles import Tile, tiles
from rsvlm.data.work import Work
from rsvlm.files import sha256_of
from rsvlm.imagery.pictures import ImageError
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

_NOUNS = Vocabulary({**VOCABULARY.nouns, "building": Forms(singular=("house",))})


@dataclass(frozen=True)
class _Placed:
    """A tile with its id and scene."""

    name: str
    scene: str
    file: str
    tile: Tile


def build(settings: LocatedTiles, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    captioner = settings.captioner
    prompt = prompt_of(captioner.prompt) if captioner else None

    def requests() -> Iterator[tuple[_Placed, list[Request]]]:
        for placed in _placed(settings, work):
            yield placed, _requests(placed, settings, captioner, prompt, work) if captioner and prompt else []

    stream: Iterator[tuple[_Placed, list[Answer | Unfit]]] = (
        asked(requests(), captioner.model, work) if captioner else ((placed, []) for placed, _ in requests())
    )
    for placed, answers in stream:
        try:
            yield from _samples(placed, answers, settings, prompt, work)
        except Unfit as unfit:
            work.drop(placed.name, settings.source, unfit)


def _placed(settings: LocatedTiles, work: Work) -> Iterator[_Placed]:
    """Yield the wanted tiles of the split."""
    for file in work.source(settings.source).find(settings.pictures):
        try:
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            for tile in tiles(file, settings, work):
                name = safe_id(settings.prefix, PurePosixPath(file).stem, *([tile.suffix] if tile.suffix else []))
                if work.wanted(name, settings.source) and (placed := _at(tile, name, scene, file, settings, work)):
                    yield placed
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
        except ImageError as error:
            work.drop(file, settings.source, Unfit(f"picture: {error.reason}", str(error)))


def _at(tile: Tile, name: str, scene: str, file: str, settings: LocatedTiles, work: Work) -> _Placed | None:
    """Return a tile with its resolution and level; None, and counted, where the level is not wanted."""
    gsd = round(float(tile.facts["gsd"]) * tile.factor, 6)
    level = tile.facts["zoom"] - (tile.factor.bit_length() - 1) if "zoom" in tile.facts else level_of(gsd)
    if not settings.least_level <= level <= settings.most_level:
        detail = f"level {level}; {settings.least_level} to {settings.most_level}"
        work.screen_out(name, settings.source, "resolution level is outside the range", detail)
        return None
    facts = {**tile.facts, "gsd": gsd, "level": level, "reduced": tile.factor}
    return _Placed(name, scene, file, replace(tile, facts=facts))


def _requests(placed: _Placed, settings: LocatedTiles, captioner: Captioner, prompt: Prompt, work: Work) -> list[Request]:
    tally: Counter[str] = work.once(("captioner", settings.prefix), Counter)
    if captioner.most is not None and tally["asked"] >= captioner.most:
        return []
    tally["asked"] += 1
    shown = encode_jpeg(placed.tile.picture, settings.quality) if captioner.sees else None
    return [Request(placed.name, prompt.messages(prompt_values(placed.tile.facts, settings)), shown)]


def _written(answer: Answer, placed: _Placed, settings: LocatedTiles, captioner: Captioner, prompt: Prompt) -> str:
    """Return a model's caption.

    Raises:
        Unfit: it breaks a rule; the first one is named.
    """
    facts = placed.tile.facts
    pixels = placed.tile.picture.width * placed.tile.picture.height
    objects = {name: max(1, int(share * pixels)) for name, share in (facts.get("cover") or {}).items() if share > 0}
    if facts.get("buildings"):
        objects["building"] = facts["buildings"]
    given = frozenset(str(facts[key]) for key in ("place", "sensor", "label") if facts.get(key))
    granted = Facts(objects, given, granted_numbers(facts, settings), frozenset())
    faults = check_answer(answer, granted, _NOUNS, rules_of(prompt, fewest_words=captioner.fewest_words))
    if faults:
        raise faults[0].unfit()
    text = " ".join(answer.text.split())
    if len(text.split()) > captioner.most_words:
        raise Unfit("answer is too long", f"{len(text.split())} words; {captioner.most_words} at most")
    return text


def _samples(placed: _Placed, answers: list[Answer | Unfit], settings: LocatedTiles, prompt: Prompt | None, work: Work) -> Iterator[Sample]:
    tile, facts = placed.tile, placed.tile.facts
    captions = [rule_caption(facts, placed.tile.picture.size, settings, work.generator("located tiles", placed.name))]
    more: dict[str, Any] = {}
    for outcome in answers:
        assert settings.captioner is not None
        assert prompt is not None
        try:
            captions.append(_written(said_or_raised(outcome), placed, settings, settings.captioner, prompt))
            model = sha256_of(settings.captioner.model.model_dump(mode="json"))
            more["generator"] = {"model": model, "prompt": prompt.hash, "caption": str(len(captions) - 1)}
        except Unfit as unfit:
            work.screen_out(placed.name, settings.source, f"model text: {unfit.reason}", unfit.detail)
    fields = common_fields(work, settings.source, placed.file, scene=placed.scene, method="template", builder=settings.kind)
    fields |= {
        **told(captions, work.longest),
        "gsd": facts["gsd"],
        "bounds": tile.bounds,
        "label": facts.get("label"),
        "origin": origin_of(placed.file, settings.buildings or None, tile.window),
        "facts": facts,
        "sensor": facts.get("sensor"),
        "date": facts.get("date"),
        **more,
    }
    yield Sample(placed.name, encode_jpeg(placed.tile.picture, settings.quality), "jpg", fields)
    if settings.enhancement is not None:
        from rsvlm.data.enhance import enhancer  # imports torch: seconds, which tiles left as they are do without

        rule = settings.enhancement
        key = ("enhancer", sha256_of(rule.model_dump(mode="json")))
        larger = work.once(key, lambda: enhancer(rule, work.raw))(placed.tile.picture)
        made = {"enhanced": rule.model_dump(mode="json"), "from": placed.name}
        gsd = round(facts["gsd"] * placed.tile.picture.width / larger.width, 6)
        companion = {**fields, "captions": [], "caption_ids": [], "part_of": placed.name, "gsd": gsd, "facts": made, "generator": None}
        yield Sample(safe_id(placed.name, "enhanced"), encode_jpeg(larger, rule.quality), "jpg", companion)
