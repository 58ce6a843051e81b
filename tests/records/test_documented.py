"""docs/formats.md says what records may hold."""

import re
from pathlib import Path
from typing import get_args

from rsvlm.records.models import Task


def test_the_documentation_lists_every_task(root: Path) -> None:
    text = (root / "docs/formats.md").read_text("utf-8")
    listed = text.partition("Tasks: ")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", listed)) == sorted(get_args(Task))
