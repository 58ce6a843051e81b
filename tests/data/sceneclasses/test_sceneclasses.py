"""Scene classification in VHM's words, from class folders."""

from pathlib import Path

import numpy as np

from tests.data.handmade import corpus, false_ones, finds, made_records, png, turns, write_source

RULE = {"kind": "scene-classes", "source": "made", "prefix": "tiny", "names": {"RiverLake": "river or lake"}, "shares": {"validation": 0.0}}


def test_the_answer_is_the_folder_and_all_classes_are_named(tmp_path: Path) -> None:
    files = {
        f"{folder}/{number}.png": png(np.full((40, 40, 3), 80)) for folder in ("RiverLake", "Forest", "DenseTown") for number in range(2)
    }
    write_source(tmp_path, "made", files)
    settings = corpus(RULE)
    records = made_records(settings, tmp_path)
    assert len(records) == 6
    for record in records:
        ((question, reply),) = turns(record, "classification")
        assert question == "{CLS} What is the scene in this image? Choose one of these classes: dense town, forest, river or lake"
        assert reply == {"RiverLake": "river or lake", "Forest": "forest", "DenseTown": "dense town"}[record["label"]]
    assert false_ones(records, settings, tmp_path) == []

    def lie(copy: dict) -> None:
        copy["conversations"][0]["turns"][1]["text"] = "forest" if copy["label"] != "Forest" else "dense town"

    assert all(finds(record, settings, tmp_path, lie) for record in records)
