"""What a recipe may say: the sections, stage by stage, and the model that checks each of them."""

from rsvlm.captioning.settings import CaptionSettings
from rsvlm.contrastive.settings import ContrastivePretrainSettings
from rsvlm.conversations.settings import InstructSettings
from rsvlm.data.settings import CorpusEvaluateSettings, CorpusSettings
from rsvlm.errors import ConfigurationError
from rsvlm.evaluation.settings import EvaluateSettings
from rsvlm.generation.settings import GenerationPretrainSettings
from rsvlm.instruction.settings import InstructionPretrainSettings, InstructionSftSettings
from rsvlm.registry.settings import RegisterSettings
from rsvlm.settings import Section, Settings
from rsvlm.sources.settings import AcquireSettings

STAGES = ("acquire", "caption", "instruct", "pretrain", "sft", "evaluate", "register")
PROFILES = ("laptop", "full", "smoke")
FAMILIES = ("contrastive", "instruction", "generation", "adaptation", "data", "benchmark")


class Survey(Settings):
    """Where a system stands in the survey: table, reference number, section."""

    table: str
    reference: int
    section: str


class About(Section):
    """What a system is, for lists, cards and reports.

    Attributes:
        survey: its place in the survey; None for a system of your own.
    """

    title: str
    summary: str
    survey: Survey | None = None
    licence: str


_PRETRAIN: dict[str, type[Section]] = {
    "contrastive": ContrastivePretrainSettings,
    "instruction": InstructionPretrainSettings,
    "generation": GenerationPretrainSettings,
}
_SFT: dict[str, type[Section]] = {"instruction": InstructionSftSettings}
_COMMON: dict[str, type[Section]] = {
    "acquire": AcquireSettings,
    "caption": CaptionSettings,
    "instruct": InstructSettings,
    "evaluate": EvaluateSettings,
    "register": RegisterSettings,
}
_CORPUS: dict[str, type[Section]] = {
    "acquire": AcquireSettings,
    "caption": CorpusSettings,
    "instruct": CorpusSettings,
    "evaluate": CorpusEvaluateSettings,
}


def section_model(stage: str, family: str) -> type[Section]:
    """Return the settings model of a stage for a family.

    Raises:
        ConfigurationError: the family has no such stage.
    """
    own = {"pretrain": _PRETRAIN.get(family), "sft": _SFT.get(family)}
    model = (_CORPUS if family == "data" else _COMMON | own).get(stage)
    if model is None:
        raise ConfigurationError(f"family '{family}' has no stage '{stage}'")
    return model
