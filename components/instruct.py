"""The `instruct` stage: raw sources become conversations about images, in shards."""

from components.corpus import make
from components.stage import Stage, main
from rsvlm.conversations.settings import InstructSettings
from rsvlm.data.settings import CorpusSettings


def run(stage: Stage) -> None:
    """Build the conversations of one recipe item and publish them under `data/conversations/`."""
    from rsvlm.conversations.stage import make_conversations  # slow imports; a wrong recipe is told first

    if isinstance(stage.section, CorpusSettings):
        make(stage, stage.section, "conversations")
        return
    assert isinstance(stage.section, InstructSettings)
    raw = stage.root / "data" / "raw" / stage.item
    make_conversations(
        stage.section,
        raw,
        stage.root / "data" / "conversations" / stage.item,
        scratch=stage.scratch(raw),
        seed=stage.seed,
        threads=stage.parameters.resources.threads,
        rejected_share=stage.parameters.gates.rejected_share,
    )
    stage.clear_scratch()


if __name__ == "__main__":
    main("instruct", run)
