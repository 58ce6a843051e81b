"""Pictures from shards to tensors, against a bare Pillow loop over the same files: samples a second on one core.

    python -m benchmarks.decode [FOLDER]

FOLDER is a published folder of shards (default `data/pairs/remoteclip`). Ours opens each record by row through `Shards`,
decodes it with all the checks on hostile files and makes a uint8 tensor; the floor reads plain files, opens them with
Pillow, converts to RGB and makes the same tensor. Both run alternately over the same pictures in one thread; the best round
of each counts, in processor time, so that other work on the machine matters little.
"""

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rsvlm.imagery.pictures import decode
from rsvlm.records.shards import Shards


def tensor_of(image: Image.Image) -> Tensor:
    """Return (3, h, w) bytes."""
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)


def ours(shards: Shards, rows: list[int]) -> int:
    """Decode rows of the shards; return the bytes made."""
    return sum(tensor_of(decode(shards.image(row), f"row {row}")).numel() for row in rows)


def floor(paths: list[Path]) -> int:
    """Decode plain files; return the bytes made."""
    return sum(tensor_of(Image.open(io.BytesIO(path.read_bytes())).convert("RGB")).numel() for path in paths)


def main() -> None:
    """Measure both and print figure, floor and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="data/pairs/remoteclip", type=Path)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not (arguments.folder / "manifest.json").is_file():
        sys.exit(f"{arguments.folder}: no shards here; make them first: dvc repro caption@remoteclip")
    torch.set_num_threads(1)
    shards = Shards(arguments.folder)
    sources = shards.index.column("source").to_pylist()
    rows = [row for row in range(len(shards)) if sources[row] == "aid150-rsicd"][: arguments.samples]
    seconds: dict[str, list[float]] = {"ours": [], "floor": []}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{row}.img") for row in rows]
        for row, path in zip(rows, paths, strict=True):
            path.write_bytes(shards.image(row))
        for _ in range(arguments.rounds):
            for name, run in (("ours", lambda: ours(shards, rows)), ("floor", lambda: floor(paths))):
                began = time.process_time()
                made = run()
                seconds[name].append(time.process_time() - began)
    rate = {name: len(rows) / min(found) for name, found in seconds.items()}
    print(f"decode to tensor, {len(rows):,} pictures of {arguments.folder} ({made / 1e6:.0f} MB of pixels), one thread")
    print(f"  ours   {rate['ours']:8,.0f} samples/s")
    print(f"  floor  {rate['floor']:8,.0f} samples/s (bare Pillow)")
    print(f"  ratio  {rate['ours'] / rate['floor']:8.2f} (aim >= 0.9)")


if __name__ == "__main__":
    main()
