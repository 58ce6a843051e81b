"""What a run leaves in Prefect to look at: progress while a stage works, and its result with pictures at the end."""

import base64
import json
import logging
import re
from pathlib import Path
from typing import Any

from flows.results import PARTS

logger = logging.getLogger("rsvlm.artifacts")
_PERCENT = re.compile(r"\((\d{1,3})%\)")
_MAX_PICTURE_BYTES = 200_000


def artifact_key(*parts: str) -> str:
    """Return a Prefect artifact key: lowercase letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


class ProgressArtifact:
    """A progress bar in Prefect that follows a stage's own progress lines; none is made for a stage without any.

    It is a view only: when Prefect does not take it, the bar stops moving and the stage goes on.
    """

    def __init__(self, address: str) -> None:
        """Name the bar after the stage."""
        self._address = address
        self._id: Any = None
        self._shown = -1
        self._broken = False

    def follow(self, line: str) -> None:
        """Read a line of the stage's output and move the bar if it names a share done."""
        match = _PERCENT.search(line)
        if match is None or int(match[1]) == self._shown or self._broken:
            return
        self._shown = min(int(match[1]), 100)
        try:
            self._move(line)
        except Exception as error:
            logger.debug("no more progress of %s in Prefect: %s", self._address, error)
            self._broken = True

    def _move(self, line: str) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        if self._id is None:
            key = artifact_key("progress", self._address)
            self._id = create_progress_artifact(float(self._shown), key=key, description=line)
        else:
            update_progress_artifact(self._id, float(self._shown), description=line)


def publish_result(root: Path, item: str) -> None:
    """Leave a recipe's figures, the way to its report, and its first pictures as Prefect artifacts."""
    from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact

    folder = root / "reports" / item
    report = folder / "report.html"
    if report.is_file():
        create_link_artifact(report.resolve().as_uri(), link_text=f"report of {item}", key=artifact_key("report", item))
    metrics = folder / "metrics.json"
    if metrics.is_file():
        create_markdown_artifact(metrics_table(json.loads(metrics.read_bytes())), key=artifact_key("metrics", item))
    for number, picture in enumerate(sorted((folder / "evidence" / "images").glob("*.jpg"))[:3], 1):
        if picture.stat().st_size <= _MAX_PICTURE_BYTES:
            # Prefect keeps no bytes of a picture, only its address: a data address carries it along.
            data = base64.b64encode(picture.read_bytes()).decode()
            key = artifact_key("picture", item, str(number))
            create_image_artifact(image_url=f"data:image/jpeg;base64,{data}", key=key, description=picture.name)


def metrics_table(metrics: dict[str, float]) -> str:
    """Return flat metrics as a Markdown table: figure, interval, trivial baseline, published figure."""
    lines = ["| metric | value | 95 % interval | baseline | published |", "|---|---|---|---|---|"]
    for name in sorted(metrics):
        if name.rsplit("/", 1)[-1] in PARTS:
            continue
        low, high, baseline, published = (metrics.get(f"{name}/{part}") for part in PARTS[:4])
        interval = "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
        shown = [f"{metrics[name]:.4g}", interval, *("" if v is None else f"{v:.4g}" for v in (baseline, published))]
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines)
