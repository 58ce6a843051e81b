"""Make a corpus: what the `caption` and the `instruct` stage do for the family `data`."""

from pathlib import Path
from typing import Literal

from components.stage import Stage
from rsvlm.data.settings import CorpusSettings

ANSWERS = Path(".rsvlm/answers")
LOOKS = Path(".rsvlm/looks.sqlite")


def make(stage: Stage, settings: CorpusSettings, kind: Literal["pairs", "conversations"]) -> None:
    """Build a corpus and publish it under `data/<kind>/`; answers of chat models are kept for all recipes alike."""
    from rsvlm.data.stage import make_corpus  # slow imports; a wrong recipe is told first

    raw = stage.root / "data" / "raw" / stage.item
    make_corpus(
        settings,
        raw,
        stage.root / "data" / kind / stage.item,
        prefix=kind,
        scratch=stage.scratch(raw),
        answers=stage.root / ANSWERS,
        seed=stage.seed,
        threads=stage.parameters.resources.threads,
        rejected_share=stage.parameters.gates.rejected_share,
        looks=stage.root / LOOKS,
        code=stage.code,
    )
    stage.clear_scratch()
