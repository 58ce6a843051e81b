"""Reading `dvc.lock`: the hashes of one item's stages."""

from pathlib import Path

import pytest

from rsvlm.errors import IntegrityError
from rsvlm.lineage.dvc import stage_hashes

LOCK = """
schema: '2.0'
stages:
  code:
    cmd: python -m components.code
    outs:
    - {path: code.json, hash: md5, md5: aa, size: 1}
  acquire@geochat:
    cmd: python -m components.acquire geochat
    params:
      code.json: {acquire.instruction: ff}
    outs:
    - path: data/raw/geochat
      hash: md5
      md5: 0d1e.dir
      size: 12
      nfiles: 3
  sft@geochat:
    cmd: python -m components.sft geochat
    deps:
    - {path: data/raw/geochat, hash: md5, md5: 0d1e.dir}
    - path: s3://bucket/x
      etag: e7
    outs:
    - {path: models/geochat/sft, md5: 77.dir}
  sft@geochat-smoke:
    cmd: python -m components.sft geochat-smoke
    outs:
    - {path: models/geochat-smoke/sft, md5: 88.dir}
"""


def test_hashes_of_one_item_and_of_no_other(tmp_path: Path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    found = stage_hashes(tmp_path, "geochat")
    assert list(found) == ["acquire", "sft"]
    assert found["acquire"].outs == {"data/raw/geochat": "0d1e.dir"}
    assert found["acquire"].params == {"code.json": {"acquire.instruction": "ff"}}
    assert found["sft"].deps == {"data/raw/geochat": "0d1e.dir", "s3://bucket/x": "e7"}
    assert found["sft"].outs == {"models/geochat/sft": "77.dir"}
    assert stage_hashes(tmp_path, "remoteclip") == {}


def test_no_lock_file_means_no_stage(tmp_path: Path):
    assert stage_hashes(tmp_path, "geochat") == {}


@pytest.mark.parametrize("text", ["stages: [1, 2", "stages:\n  sft@geochat: 5\n", "stages:\n  sft@geochat: {outs: [{md5: 1}]}\n", "- a\n"])
def test_a_damaged_lock_file_is_named_with_its_remedy(tmp_path: Path, text: str):
    (tmp_path / "dvc.lock").write_text(text)
    with pytest.raises(IntegrityError, match=r"dvc\.lock: not a readable lock file; restore it from Git"):
        stage_hashes(tmp_path, "geochat")


def test_bytes_that_are_no_text(tmp_path: Path):
    (tmp_path / "dvc.lock").write_bytes(b"\xff\xfe\x00stages")
    with pytest.raises(IntegrityError, match="not a readable lock file"):
        stage_hashes(tmp_path, "geochat")


def test_a_changed_lock_file_is_read_again(tmp_path: Path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    stage_hashes(tmp_path, "geochat")
    (tmp_path / "dvc.lock").write_text(LOCK.replace("77.dir", "990.dir"))
    assert stage_hashes(tmp_path, "geochat")["sft"].outs == {"models/geochat/sft": "990.dir"}
