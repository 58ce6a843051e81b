"""Contrastive pre-training: heads over kept features where both towers are frozen, everything from pixels otherwise.

The objective is the same: embed a batch of images and of one drawn caption each, gather both across workers, InfoNCE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rsvlm.contrastive.build import build, source_file
from rsvlm.contrastive.features import image_features, text_features
from rsvlm.contrastive.heads import Heads
from rsvlm.contrastive.model import DualEncoder, save
from rsvlm.contrastive.objective import info_nce
from rsvlm.contrastive.pairs import Pairs, read_pairs
from rsvlm.contrastive.pixels import centre, random_crop, to_tensor, turn
from rsvlm.contrastive.settings import ContrastivePretrainSettings, InfoNce
from rsvlm.files import readable_json, write_atomic
from rsvlm.imagery.pictures import decode
from rsvlm.records.shards import Shards
from rsvlm.training.determinism import make_deterministic
from rsvlm.training.distributed import gather
from rsvlm.training.loop import History, Place, fit


@dataclass(frozen=True)
class PairBatch:
    """What a model is called with, and the ids of the captions in it."""

    inputs: tuple[Tensor, ...]
    ids: Tensor


def pretrain(settings: ContrastivePretrainSettings, data: Path, raw: Path, output: Path, scratch: Path, seed: int, threads: int) -> None:
    """Train a dual encoder and write its folder's files into `output`.

    Args:
        settings: the checked section of the recipe.
        data: published folder of pairs.
        raw: published folder of acquired sources, with the weights that training starts from.
        output: an empty folder to fill: model.json, weights.safetensors, tokenizer.json, history.json.
        scratch: folder of this very work; features and checkpoints are kept there.
        seed: the workspace's seed.
        threads: processor threads.

    Raises:
        DataError: no pairs to train on, or weights that do not fit.
        TrainingError: the loss does not stay finite.
    """
    make_deterministic(threads)
    shards = Shards(data)
    pairs = read_pairs(shards)
    model = build(settings, raw, seed)
    train = _train_heads if settings.model.frozen else _train_all
    history = train(settings, model, shards, pairs, scratch, seed, threads)
    save(model, source_file(raw, settings.weights.tokenizer), output)
    write_atomic(output / "history.json", readable_json(history))


def _loss(heads: Heads, embedded: tuple[Tensor, Tensor], ids: Tensor, objective: InfoNce) -> Tensor:
    images, texts = embedded
    return info_nce(
        gather(images),
        gather(texts),
        gather(ids),
        heads.scale(objective.largest_scale),
        equal_positives=objective.equal_captions == "positives",
        chunk=objective.chunk,
    )


def _train_heads(
    settings: ContrastivePretrainSettings, model: DualEncoder, shards: Shards, pairs: Pairs, scratch: Path, seed: int, threads: int
) -> History:
    """Run both towers once over everything, then train the heads on the kept features."""
    state = {name: value.clone() for name, value in model.state_dict().items() if not name.startswith("heads.")}
    heads = model.heads
    model.prepare()
    images = torch.from_numpy(image_features(model, shards, pairs.rows, settings.views, scratch, threads))
    texts = torch.from_numpy(text_features(model, pairs, scratch, threads))
    heads.standardise(images[:, 0], texts)
    heads.train().requires_grad_(True)
    heads.log_scale.requires_grad_(settings.objective.learn_temperature)

    def batch(samples: Sequence[int], place: Place) -> PairBatch:
        ids = pairs.draw(samples, place.generator)
        views = torch.randint(len(settings.views), (len(samples),), generator=place.generator)
        return PairBatch((images[torch.tensor(samples), views], texts[ids]), ids)

    def objective(module: nn.Module, made: PairBatch, place: Place) -> Tensor:
        return _loss(heads, module(*made.inputs), made.ids, settings.objective)

    history = fit(
        heads, objective, batch, samples=len(pairs.rows), settings=settings.optimisation, seed=seed, scratch=scratch, name="pretrain"
    )
    model.float().load_state_dict(state, strict=False)  # the towers as they came, not rounded to their arithmetic
    return history


def _train_all(
    settings: ContrastivePretrainSettings, model: DualEncoder, shards: Shards, pairs: Pairs, scratch: Path, seed: int, threads: int
) -> History:
    """Train from pixels and tokens, whatever of the model requires gradients."""
    vision, tokens = settings.model.vision, model.tokens
    if tokens is None:
        raise ValueError("the model has no tokenizer")
    model.train()
    for tower, trained in ((model.vision, vision.trainable), (model.text, settings.model.text.trainable)):
        tower.train(trained)

    def pixels(sample: int, generator: torch.Generator) -> Tensor:
        row = pairs.rows[sample]
        picture = decode(shards.image(row), f"row {row}")
        whole = settings.crop_share >= 1
        square = centre(picture, vision.image_size) if whole else random_crop(picture, vision.image_size, settings.crop_share, generator)
        view = settings.views[int(torch.randint(len(settings.views), (), generator=generator))]
        return turn(to_tensor([square], vision), view)

    def batch(samples: Sequence[int], place: Place) -> PairBatch:
        ids = pairs.draw(samples, place.generator)
        encoded = tokens([pairs.texts[number] for number in ids.tolist()])
        return PairBatch((torch.cat([pixels(sample, place.generator) for sample in samples]), *encoded), ids)

    def objective(module: nn.Module, made: PairBatch, place: Place) -> Tensor:
        embedded = module(*(tensor.to(model.device) for tensor in made.inputs))
        return _loss(model.heads, embedded, made.ids.to(model.device), settings.objective)

    return fit(
        model, objective, batch, samples=len(pairs.rows), settings=settings.optimisation, seed=seed, scratch=scratch, name="pretrain"
    )
