"""The `caption` stage: raw sources become image-caption pairs in shards."""

from components.corpus import make
from components.stage import Stage, main
from rsvlm.captioning.settings import CaptionSettings
from rsvlm.data.settings import CorpusSettings


def run(stage: Stage) -> None:
    """Build the pairs of one recipe item and publish them under `data/pairs/`."""
    from rsvlm.captioning.stage import make_pairs  # rasterio and pyarrow are slow to import; a wrong recipe is told first

    if isinstance(stage.section, CorpusSettings):
        make(stage, stage.section, "pairs")
        return
    assert isinstance(stage.section, CaptionSettings)
    raw = stage.root / "data" / "raw" / stage.item
    make_pairs(
        stage.section,
        raw,
        stage.root / "data" / "pairs" / stage.item,
        scratch=stage.scratch(raw),
        seed=stage.seed,
        threads=stage.parameters.resources.threads,
        rejected_share=stage.parameters.gates.rejected_share,
    )
    stage.clear_scratch()


if __name__ == "__main__":
    main("caption", run)
