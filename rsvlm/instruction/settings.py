"""Settings of instruction models: blocks by name, what is trained in each phase, LoRA, presets."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from rsvlm.settings import Name, Section, Settings
from rsvlm.training.deepspeed_settings import DeepSpeedSettings
from rsvlm.training.settings import OptimisationSettings

Task = Literal["classification", "caption", "grounding", "identify", "refer", "presence", "counting", "attribute", "mixed"]
HubId = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
Suffix = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
Count = Annotated[int, Field(ge=1)]
LINEAR_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class EfficientNetGrid(Settings):
    """EfficientNet-Lite0's last feature map, one token a cell; always frozen.

    Attributes:
        source: the source with its weights.
        size: side in pixels that images are brought to; a cell covers 32.
    """

    kind: Literal["efficientnet-lite0-grid"]
    source: Name
    size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)]


class ClipGrid(Settings):
    """CLIP ViT-L/14's patch tokens, trained at 336 px, with positions interpolated to another size; always frozen.

    Attributes:
        source: the source with its weights.
        hub: where the weights are published.
        size: side in pixels that images are brought to; a patch covers 14.
        layer: which hidden state gives the features, counted from the end.
    """

    kind: Literal["clip-vit-large-patch14-336"]
    source: Name
    hub: HubId
    size: Annotated[int, Field(ge=14, le=2016, multiple_of=14)]
    layer: Annotated[int, Field(ge=-24, le=-1)] = -2


class Connector(Settings):
    """Two linear layers with a GELU between them, from image features to the language model's width.

    Attributes:
        source: a source with published weights to start from; absent: a fresh start.
        hub: where those are published.
    """

    kind: Literal["mlp2x-gelu"]
    source: Name | None = None
    hub: HubId | None = None


class LanguageModel(Settings):
    """A causal language model of Llama's architecture.

    Attributes:
        source: the source with weights, config and tokenizer.
        hub: where the weights are published.
        gradient_checkpointing: keep only each layer's input and compute the rest again backwards.
    """

    kind: Literal["smollm2-135m", "vicuna-7b-v1.5"]
    source: Name
    hub: HubId
    gradient_checkpointing: bool = False


class Template(Settings):
    """How turns become text.

    Attributes:
        system: `v1` speaks of a curious user, as GeoChat's training does; `llava_v1` of a curious human.
        longest: most positions of a conversation, the image's included; what is beyond is cut off.
        share_system: compute the system text once a batch instead of once a row. It stands first in every row, so the
            result is the same; not together with gradient checkpointing.
    """

    system: Literal["v1", "llava_v1"] = "v1"
    longest: Annotated[int, Field(ge=32, le=1_000_000)] = 2048
    share_system: bool = False


Vision = Annotated[EfficientNetGrid | ClipGrid, Field(discriminator="kind")]
Tasks = Annotated[dict[Task, Annotated[int, Field(ge=1, le=100)]], Field(min_length=1)]


class ModelSettings(Settings):
    """The parts of a model; the same in the sections of all its stages, and stored in `model.json`.

    Attributes:
        vision: the image encoder.
        connector: between the two.
        language: the language model.
        template: how turns become text.
    """

    vision: Vision
    connector: Connector
    language: LanguageModel
    template: Template

    @model_validator(mode="after")
    def _fits_together(self) -> "ModelSettings":
        if self.template.share_system and self.language.gradient_checkpointing:
            raise ValueError("template.share_system does not go together with language.gradient_checkpointing")
        return self


class InstructionPretrainSettings(Section):
    """Connector alignment: vision and language model stay frozen, only the connector learns.

    Attributes:
        data: folder of conversations.
        model: what is built.
        tasks: which conversations are learned from, and how often each one counts in an epoch.
        cache_features: compute the frozen image features once and keep them in scratch.
        optimisation: how the connector is trained; absent: its published weights are taken as they are.
    """

    data: str
    model: ModelSettings
    tasks: Tasks
    cache_features: bool
    optimisation: OptimisationSettings | None = None

    @model_validator(mode="after")
    def _can_work(self) -> "InstructionPretrainSettings":
        if self.optimisation is None and self.model.connector.source is None:
            raise ValueError("without optimisation, model.connector needs a source of published weights")
        if self.model.vision.kind == "efficientnet-lite0-grid" and not self.cache_features:
            raise ValueError("the features of efficientnet-lite0-grid are standardised over all images: cache_features must be true")
        return self


class Lora(Settings):
    """Low-rank adapters in the language model: W x + (alpha / rank) B A x.

    Attributes:
        rank: r.
        alpha: numerator of the scale.
        dropout: on the adapter's input.
        targets: suffixes of the linear layers, in the language model only.
    """

    rank: Annotated[int, Field(ge=1, le=1024)]
    alpha: Annotated[float, Field(gt=0, le=4096)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Annotated[tuple[Suffix, ...], Field(min_length=1)] = LINEAR_LAYERS

    @field_validator("targets")
    @classmethod
    def _adaptable(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        for name in targets:
            if name not in LINEAR_LAYERS:
                raise ValueError(f"targets: '{name}' is no linear layer of a Llama block; allowed: {', '.join(LINEAR_LAYERS)}")
        return targets


class Phase(Settings):
    """One part of fine-tuning, with its own data and schedule; the next one goes on from its weights.

    Attributes:
        name: for the history and checkpoints.
        tasks: which conversations are learned from, and how often each one counts in an epoch.
        optimisation: how.
    """

    name: Name
    tasks: Tasks
    optimisation: OptimisationSettings


# GeoChat's script (scripts/finetune_lora.sh) and its paper differ; both start from LLaVA-1.5, whose connector stays frozen.
# One epoch of the script: 318,000 records in batches of 32 on each of three GPUs; warm-up is 3 % of the steps.
_ALL: dict[str, int] = dict.fromkeys(Task.__args__, 1)  # type: ignore[attr-defined]
_GROUNDING = {"grounding": 1, "identify": 1, "refer": 1}
PRESETS: dict[str, dict[str, Any]] = {
    "script": {
        "lora": {"rank": 64, "alpha": 16.0, "dropout": 0.05, "targets": LINEAR_LAYERS},
        "train_connector": False,
        "engine": {"zero": 2, "workers": 3},
        "phases": [
            {
                "name": "all-tasks",
                "tasks": _ALL,
                "optimisation": {"steps": 3313, "batch": 96, "learning_rate": 2e-4, "warmup": 100, "precision": "bfloat16", "clip": 1.0},
            }
        ],
    },
    "paper": {
        "lora": {"rank": 64, "alpha": 16.0, "dropout": 0.05, "targets": ["q_proj", "v_proj"]},
        "train_connector": False,
        "engine": {"zero": 2, "workers": 3},
        "phases": [
            {
                "name": "all-tasks",
                "tasks": _ALL,
                "optimisation": {"steps": 2400, "batch": 144, "learning_rate": 2e-5, "warmup": 72, "precision": "bfloat16", "clip": 1.0},
            },
            {
                "name": "grounding",
                "tasks": _GROUNDING,
                "optimisation": {"steps": 1600, "batch": 144, "learning_rate": 2e-5, "warmup": 48, "precision": "bfloat16", "clip": 1.0},
            },
        ],
    },
}


def _with_tuples(value: Any) -> Any:
    """Turn lists into tuples all the way down: what a validator returns is no JSON any more, and is checked as strictly."""
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(_with_tuples(item) for item in value) if isinstance(value, list | tuple) else value


class InstructionSftSettings(Section):
    """Supervised fine-tuning: LoRA in the language model, the vision tower frozen, the connector as told.

    Attributes:
        data: folder of conversations.
        model: what the pre-training built.
        preset: `script` or `paper`: GeoChat's published settings; keys that stand beside it win.
        lora: the adapters.
        train_connector: whether the connector goes on learning; GeoChat's stays frozen, as its base brings a trained one.
        phases: one after the other.
        engine: DeepSpeed.
        cache_features: compute the frozen image features once and keep them in scratch.
    """

    data: str
    model: ModelSettings
    preset: Literal["script", "paper"] | None = None
    lora: Lora
    train_connector: bool
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    engine: DeepSpeedSettings
    cache_features: bool

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: Any) -> Any:
        """Fill in what the preset says and the recipe does not."""
        preset = PRESETS.get(str(given.get("preset"))) if isinstance(given, dict) else None
        return _with_tuples({**preset, **given} if preset else given)

    @field_validator("phases")
    @classmethod
    def _names_differ(cls, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
        if len({phase.name for phase in phases}) < len(phases):
            raise ValueError("two phases have the same name")
        return phases
