"""Training of instruction models: the connector alone on captions, then LoRA in the language model on conversations."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from rsvlm.errors import ConfigurationError
from rsvlm.files import publish, readable_json, verify, write_atomic
from rsvlm.instruction.batches import ChatBatch
from rsvlm.instruction.chat import Chat, build_connector, initialise_connector
from rsvlm.instruction.features import RowFeatures, cached
from rsvlm.instruction.language import load_language
from rsvlm.instruction.model import (
    ADAPTER,
    LANGUAGE,
    load_chat,
    load_vision,
    read_settings,
    save,
)
from rsvlm.instruction.prompt import load_words, system_ids
from rsvlm.instruction.published import load_connector
from rsvlm.instruction.settings import Connector, InstructionPretrainSettings, InstructionSftSettings, ModelSettings, Phase
from rsvlm.instruction.talks import Batches, Talks, select
from rsvlm.instruction.vision import EfficientNetFeatures, Features, load_published_vision
from rsvlm.records.shards import Shards
from rsvlm.seeds import torch_generator
from rsvlm.training.deepspeed_engine import DeepSpeedEngine
from rsvlm.training.determinism import make_deterministic
from rsvlm.training.distributed import barrier, worker
from rsvlm.training.launch import launch
from rsvlm.training.loop import History, Place, fit
from rsvlm.training.lora import add_adapters, merged_state, save_adapters

_TRAINED = "trained"


def _loss(module: nn.Module, batch: list[ChatBatch], place: Place) -> Tensor:
    loss: Tensor = module(batch)
    return loss


def _features(shards: Shards, vision: Features, rows: list[int], scratch: Path, threads: int, keep: bool) -> RowFeatures:
    """Return the features of some rows' images, kept in scratch if told so; the first worker computes, the others read."""
    if not keep:
        return RowFeatures(shards, vision)
    if worker().rank == 0:
        cached(shards, vision, rows, scratch / "features", threads)
    barrier()
    return cached(shards, vision, rows, scratch / "features", threads)


def pretrain(settings: InstructionPretrainSettings, data: Path, raw: Path, output: Path, scratch: Path, seed: int, threads: int) -> None:
    """Align the connector with a frozen encoder and a frozen language model, and write a whole model into `output`.

    Args:
        settings: the checked section of the recipe.
        data: published folder of conversations.
        raw: published folder of acquired sources, with the weights that training starts from.
        output: an empty folder to fill: model.json, vision, connector, language model, history.json.
        scratch: folder of this very work; features and checkpoints are kept there.
        seed: the workspace's seed.
        threads: processor threads.

    Raises:
        DataError: no conversations to train on, or weights that do not fit.
        TrainingError: the loss does not stay finite.
    """
    make_deterministic(threads)
    shards = Shards(data)
    verify(raw)
    model = settings.model
    source = raw / model.language.source / "files"
    words, language = load_words(source), load_language(source)
    talks = select(shards, settings.tasks)
    vision = load_published_vision(model.vision, raw / model.vision.source / "files")
    features = _features(shards, vision, talks.rows, scratch, threads, settings.cache_features)
    if isinstance(vision, EfficientNetFeatures):
        vision.standardise(features.all_raw())
    connector = _connector(model.connector, vision.width, language, raw, seed)
    chat = Chat(connector, language, system_ids(words, model.template.system), share_system=model.template.share_system)
    history: History = []
    if settings.optimisation is not None:
        batches = Batches(talks, features, words, model.template)
        _prepare(chat, model)
        history = fit(chat, _loss, batches, samples=len(talks), settings=settings.optimisation, seed=seed, scratch=scratch, name="pretrain")
    save(output, model, vision, chat, language.state_dict(), source, history)


def _connector(settings: Connector, features: int, language: LlamaForCausalLM, raw: Path, seed: int) -> nn.Sequential:
    """Build the connector, with published weights or fresh ones."""
    connector = build_connector(features, language.config.hidden_size)
    if settings.source is None:
        initialise_connector(connector, language.get_input_embeddings().weight, torch_generator(seed, "connector"))
    else:
        load_connector(connector, raw / settings.source / "files")
    return connector


def _prepare(chat: Chat, model: ModelSettings) -> None:
    """Put a model into training mode, its activations kept or computed again."""
    chat.train()
    if model.language.gradient_checkpointing:
        chat.language.gradient_checkpointing_enable({"use_reentrant": False})


@dataclass(frozen=True)
class Job:
    """What every worker of a fine-tuning is told; `scratch` is a folder that all of them see."""

    settings: InstructionSftSettings
    data: Path
    pretrained: Path
    scratch: Path
    seed: int
    threads: int


def sft(settings: InstructionSftSettings, data: Path, pretrained: Path, output: Path, scratch: Path, seed: int, threads: int) -> None:
    """Fine-tune the language model by LoRA under DeepSpeed, and write a whole model and its adapters into `output`.

    Args:
        settings: the checked section of the recipe.
        data: published folder of conversations.
        pretrained: published model folder of the pre-training; the base of the adapters.
        output: an empty folder to fill: what pre-training writes, with merged weights, and `adapter/` in PEFT's layout.
        scratch: folder of this very work; features, checkpoints and trained weights are kept there.
        seed: the workspace's seed.
        threads: processor threads of each worker.

    Raises:
        ConfigurationError: the pre-trained model is another one than the section names.
        DataError: no conversations to train on.
        IntegrityError: the pre-trained model is not whole.
        TrainingError: the loss does not stay finite.
    """
    verify(data)
    verify(pretrained)
    if read_settings(pretrained) != settings.model:
        raise ConfigurationError(f"{pretrained}: was built from another `model` than the sft section names; make them agree")
    job = Job(settings, data, pretrained, scratch, seed, threads)
    launch(work, job, settings.engine, scratch / "launch")
    make_deterministic(threads)
    vision = load_vision(pretrained, settings.model.vision)
    chat = _model(job, vision.width)
    _take(chat, load_file(scratch / _TRAINED / "weights.safetensors"))
    history = json.loads((scratch / _TRAINED / "history.json").read_bytes())
    save(output, settings.model, vision, chat, merged_state(chat.language), pretrained / LANGUAGE, history)
    save_adapters(chat.language, settings.lora, settings.model.language.hub, output / ADAPTER, "CAUSAL_LM")


def _model(job: Job, features: int) -> Chat:
    """Build the model with fresh adapters; trained are these and, if told so, the connector."""
    words, language = load_words(job.pretrained / LANGUAGE), load_language(job.pretrained / LANGUAGE)
    chat = load_chat(job.pretrained, job.settings.model, language, features, words)
    add_adapters(language, job.settings.lora, torch_generator(job.seed, "adapters"))
    chat.connector.requires_grad_(job.settings.train_connector)
    return chat


@torch.no_grad()
def _take(chat: nn.Module, trained: dict[str, Tensor]) -> None:
    """Put trained weights into a model, in their own type."""
    own = dict(chat.named_parameters())
    for name, value in trained.items():
        own[name].data = value


def work(job: Job) -> None:
    """Run all phases as one worker of a group; the first worker leaves weights and history in `scratch/trained`."""
    make_deterministic(job.threads)
    shards = Shards(job.data)
    talks = [select(shards, phase.tasks) for phase in job.settings.phases]
    vision = load_vision(job.pretrained, job.settings.model.vision)
    rows = sorted({row for chosen in talks for row in chosen.rows})
    features = _features(shards, vision, rows, job.scratch, job.threads, job.settings.cache_features)
    trained: dict[str, Tensor] = {}
    history: list[dict[str, Any]] = []
    for phase, chosen in zip(job.settings.phases, talks, strict=True):
        entries, trained = _phase(job, phase, chosen, features, trained)
        done = history[-1]["step"] if history else 0
        history += [{**entry, "step": done + entry["step"], "phase": phase.name} for entry in entries]
    if worker().rank == 0:
        with publish(job.scratch / _TRAINED) as folder:
            save_file({name: trained[name] for name in sorted(trained)}, folder / "weights.safetensors")
            write_atomic(folder / "history.json", readable_json(history))
    barrier()


def _phase(job: Job, phase: Phase, talks: Talks, features: RowFeatures, trained: dict[str, Tensor]) -> tuple[History, dict[str, Tensor]]:
    """Train one phase from a freshly built model and the weights of the phase before; return its history and weights."""
    model = job.settings.model
    chat = _model(job, features.width)
    _take(chat, trained)
    _prepare(chat, model)
    batches = Batches(talks, features, load_words(job.pretrained / LANGUAGE), model.template)
    folder = job.scratch / phase.name
    engine = DeepSpeedEngine(chat, phase.optimisation, job.settings.engine, folder / "incoming")
    entries = fit(
        chat, _loss, batches, samples=len(talks), settings=phase.optimisation, seed=job.seed, scratch=folder, name=phase.name, engine=engine
    )
    return entries, engine.trained
