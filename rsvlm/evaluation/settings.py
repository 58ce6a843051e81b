"""Settings of the evaluate stage: which tasks score a model, on which records, and what was published."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Name, Section, Settings

Split = Literal["train", "validation", "test"]
Count = Annotated[int, Field(ge=1)]
TemplateSet = Literal["remoteclip", "skyscript-2", "s-clip", "itra-eurosat-3", "georsclip-105", "captions-6"]
Protocol = Literal["multi", "unique-text", "one-to-one"]
Recall = Literal["i2t_r1", "i2t_r5", "i2t_r10", "t2i_r1", "t2i_r5", "t2i_r10", "mean_recall"]
CaptionMetric = Literal["bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l", "cider"]


class Published(Settings):
    """A number from the literature: never mixed with ours, because data and protocol differ.

    Attributes:
        value: the number, in the unit of our metric (shares, not percent).
        note: whose model, on which data, and where it is printed.
    """

    value: float
    note: str


class TaskSettings(Settings):
    """What all tasks share.

    Attributes:
        name: the data set's short name; metrics are called `<task>/<name>/<metric>`.
        sources: records of these sources only; empty: all.
        split: records of this split only.
        limit: at most this many records, drawn by a seeded hash of their ids; absent: all.

    Each task adds `published`: published numbers by metric.
    """

    name: Name
    sources: tuple[Name, ...] = ()
    split: Split = "test"
    limit: Count | None = None


class ZeroShotSettings(TaskSettings):
    """Scene classification by the nearest class prompt.

    Attributes:
        templates: the prompt ensemble, by name.
        norm_first: normalise each prompt's embedding before the mean (true) or only the mean (false); the other order is
            reported beside it.
    """

    task: Literal["zero_shot"]
    published: dict[Literal["top1", "top5"], Published] = Field(default_factory=dict)
    templates: TemplateSet = "remoteclip"
    norm_first: bool = True


class RetrievalSettings(TaskSettings):
    """Image to text and text to image.

    Attributes:
        protocols: `multi` unique images and every caption row; `unique-text` equal captions merged; `one-to-one` one
            seeded caption an image.
        prefix: put before every caption in `unique-text`.
        capitalise: first letter large, the rest small, as RemoteCLIP's script does.
    """

    task: Literal["retrieval"]
    published: dict[Recall, Published] = Field(default_factory=dict)
    protocols: tuple[Protocol, ...] = ("multi", "unique-text", "one-to-one")
    prefix: str = "a satellite image. "
    capitalise: bool = False


class SceneChatSettings(TaskSettings):
    """Scene classification by a conversation.

    Attributes:
        max_new_tokens: longest answer.
        image_blind: records asked again with a blank image.
    """

    task: Literal["scene_chat"]
    published: dict[Literal["exact_match"], Published] = Field(default_factory=dict)
    max_new_tokens: Count = 8
    image_blind: Count | None = None


class CaptioningSettings(TaskSettings):
    """Image descriptions by a conversation, scored against all captions of the image."""

    task: Literal["captioning"]
    published: dict[CaptionMetric, Published] = Field(default_factory=dict)
    max_new_tokens: Count = 32


class GroundingSettings(TaskSettings):
    """Boxes for phrases, by a conversation.

    Attributes:
        overlap: IoU from which a box counts as found.
        max_new_tokens: longest answer.
    """

    task: Literal["grounding"]
    published: dict[Literal["acc"], Published] = Field(default_factory=dict)
    overlap: Annotated[float, Field(gt=0, lt=1)] = 0.5
    max_new_tokens: Count = 96


class GenerationSettings(TaskSettings):
    """One image for one caption of each record, against real scenes of the same split.

    Attributes:
        steps: sampler steps; absent: the model's own.
        guidance: classifier-free guidance weight; absent: the model's own.
        untrained: images made with a freshly initialised denoiser, for the baseline.
        templates: the prompts by which the judge names the class of an image (inception score).
        splits: parts that the inception score is averaged over.
    """

    task: Literal["generation"]
    published: dict[Literal["clip_score"], Published] = Field(default_factory=dict)
    steps: Count | None = None
    guidance: Annotated[float, Field(ge=0)] | None = None
    untrained: Count = 512
    templates: TemplateSet = "remoteclip"
    splits: Count = 10


Task = Annotated[
    ZeroShotSettings | RetrievalSettings | SceneChatSettings | CaptioningSettings | GroundingSettings | GenerationSettings,
    Field(discriminator="task"),
]


class WorkerSettings(Settings):
    """How the work is spread.

    Attributes:
        workers: actors that each hold the model.
        threads: threads of one actor; results depend on it in the last bits, on the number of actors not.
        gpus: share of a GPU that one actor takes; 0: the model stays on the processor.
        block: records that one call gets; the unit of resuming.
        timeout: seconds without a finished block after which the stage is given up.
    """

    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    gpus: Annotated[float, Field(ge=0, le=8)] = 0.0
    block: Annotated[int, Field(ge=1, le=4096)] = 64
    timeout: Annotated[float, Field(gt=0)] = 900.0


class EvaluateSettings(Section):
    """Which tasks score a model.

    Attributes:
        data: the records' folder, relative to the workspace.
        model: the scored model's folder.
        judge: the folder of the model that scores this one's outputs; the model itself where none is needed.
        tasks: what is measured, in this order.
        pool: the worker pool.
    """

    data: str
    model: str
    judge: str
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    pool: WorkerSettings = WorkerSettings()

    @model_validator(mode="after")
    def _distinct(self) -> "EvaluateSettings":
        names = [f"{task.task}/{task.name}" for task in self.tasks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two tasks are called {name}; give one another name")
        return self
