"""Stanford Drone Dataset: one text file a video, a line for every box of a track in a frame, frames numbered from 0.

The columns are track, xmin, ymin, xmax, ymax, frame, lost, occluded, generated and the class in quotation marks. A lost
object is outside the view in that frame and is passed over.
"""

import shlex
from pathlib import Path

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.lines import number_of, text_lines
from rsvlm.records.unfit import Unfit

STEP = 30
"""Every 30th frame is read, one a second: neighbouring frames are all but the same. Our own choice."""
_COLUMNS = 10


def read(path: Path) -> list[Annotation]:
    """Read one video's file, `<scene>/<video>/annotations.txt`.

    Returns:
        The annotations of the frames 0, 30, 60, ... that have objects, in their order; a picture is named
        `<scene>_<video>_<frame>.jpg`, the frame's number with at least six digits.

    Raises:
        DataError: the file as a whole cannot be read, or a line has other columns; file and line are named.
    """
    video = f"{path.parent.parent.name}_{path.parent.name}"
    found: dict[int, list[RawObject]] = {}
    for number, line in text_lines(path):
        try:
            cells = shlex.split(line)
            frame, lost = int(cells[5]), int(cells[6])
        except (ValueError, IndexError):
            raise DataError(f"{path}, line {number}: not a line of tracks; {_COLUMNS} columns, the sixth a frame's number") from None
        if len(cells) != _COLUMNS or frame < 0:
            raise DataError(f"{path}, line {number}: {len(cells)} columns, frame {frame}; {_COLUMNS} columns and a frame from 0 are needed")
        if frame % STEP == 0 and not lost:
            found.setdefault(frame, []).append(_object(f"line {number}", cells))
    return [Annotation(f"{video}_{frame:06d}.jpg", objects) for frame, objects in sorted(found.items())]


def _object(where: str, cells: list[str]) -> RawObject:
    label = cells[9].strip()
    try:
        x1, y1, x2, y2 = (number_of(cell, name) for cell, name in zip(cells[1:5], ("xmin", "ymin", "xmax", "ymax"), strict=True))
        return RawObject(where, label, corners_of_box(x1, y1, x2, y2))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)
    except ValueError as error:
        return RawObject(where, label, fault=Unfit("line is not an object", str(error)))
