"""One contrastive training step, ours against the same model in a plain PyTorch loop, and the chunked loss at batch 4,096.

    python -m benchmarks.contrastive_step [--samples N] [--steps N]

Both sides train the same CLIP (ViT-B/32 vision tower, a small text tower by default) on the same pictures in memory; ours
goes through `rsvlm.training.loop.fit`, the peer is `zero_grad, backward, step`. They take turns, so that a busy machine
slows both. Each measurement runs in a process of its own, whose peak memory is printed too.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.contrastive.model import DualEncoder
from rsvlm.contrastive.objective import info_nce
from rsvlm.contrastive.settings import Architecture
from rsvlm.settings import validate
from rsvlm.training.loop import Place, fit
from rsvlm.training.settings import OptimisationSettings

_LARGE = 4096
_DIMENSION = 512
_CHUNK = 256
_LINEAR = {"kind": "linear"}


def build(layers: int) -> DualEncoder:
    """Return ViT-B/32's towers with this many layers each."""
    data = {
        "vision": {"kind": "clip-vit", "layers": layers},
        "text": {"kind": "clip-text", "layers": layers},
        "image_head": _LINEAR,
        "text_head": _LINEAR,
        "embedding": _DIMENSION,
    }
    torch.manual_seed(0)
    return DualEncoder(validate(Architecture, data, "benchmark")).train()


def made_batch(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels, token ids and their mask."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1000, 40000, (size, 77), generator=generator)
    ids[:, -1] = 49407
    return torch.randn(size, 3, 224, 224, generator=generator), ids, torch.ones_like(ids)


def ours(model: DualEncoder, batch: tuple[Tensor, Tensor, Tensor], steps: int) -> float:
    """Return seconds a step through the platform's loop, without its first step and without the checkpoint at the end."""
    moments: list[float] = []

    def objective(module: nn.Module, inputs: tuple[Tensor, ...], place: Place) -> Tensor:
        moments.append(time.perf_counter())
        images, texts = module(*inputs)
        return info_nce(images, texts, torch.arange(len(images)), model.heads.scale(100.0))

    settings = OptimisationSettings(steps=steps + 1, batch=len(batch[0]), learning_rate=1e-5, schedule="constant", checkpoint_every=10**6)
    with tempfile.TemporaryDirectory() as scratch:
        fit(model, objective, lambda rows, place: batch, samples=len(batch[0]), settings=settings, seed=1, scratch=Path(scratch))
    return (moments[-1] - moments[0]) / steps


def plain(model: DualEncoder, batch: tuple[Tensor, Tensor, Tensor], steps: int) -> float:
    """Return seconds a step in a plain loop with the published loss, without its first step."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0)
    target = torch.arange(len(batch[0]))
    began = 0.0
    for step in range(steps + 1):
        if step == 1:
            began = time.perf_counter()
        optimiser.zero_grad()
        images, texts = model(*batch)
        logits = model.heads.log_scale.exp().clamp(max=100) * images @ texts.T
        loss = (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2
        loss.backward()
        optimiser.step()
        loss.item()
    return (time.perf_counter() - began) / steps


def large_loss(chunk: int | None) -> float:
    """Return seconds of loss and gradients at batch 4,096, embeddings given."""
    generator = torch.Generator().manual_seed(2)
    images, texts = (functional.normalize(torch.randn(_LARGE, _DIMENSION, generator=generator), dim=-1).requires_grad_() for _ in range(2))
    began = time.perf_counter()
    info_nce(images, texts, torch.arange(_LARGE), torch.tensor(14.3), chunk=chunk).backward()
    return time.perf_counter() - began


def _memory() -> float:
    """Return this process's peak memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure(arguments: argparse.Namespace) -> None:
    """Run one side in this process and print what it took as JSON."""
    torch.set_num_threads(arguments.threads)
    if arguments.side in ("whole", "chunked"):
        before = _memory()
        seconds = large_loss(_CHUNK if arguments.side == "chunked" else None)
        print(json.dumps({"seconds": seconds, "memory": _memory() - before}))
        return
    run = ours if arguments.side == "ours" else plain
    seconds = run(build(arguments.layers), made_batch(arguments.samples), arguments.steps)
    print(json.dumps({"seconds": seconds, "memory": _memory()}))


def _side(name: str, given: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.contrastive_step", *given, "--side", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure all sides and print figure, peer and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", choices=["ours", "plain", "whole", "chunked"])
    arguments = parser.parse_args()
    if arguments.side:
        _measure(arguments)
        return
    sides: dict[str, list[dict[str, float]]] = {"ours": [], "plain": [], "whole": [], "chunked": []}
    for number in range(arguments.rounds):
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            sides[name].append(_side(name, sys.argv[1:]))
    best = {name: min(found, key=lambda one: one["seconds"]) for name, found in sides.items()}
    rate = {name: arguments.samples / best[name]["seconds"] for name in ("ours", "plain")}
    layers, threads = arguments.layers, arguments.threads
    print(f"contrastive step, batch {arguments.samples}, {layers} + {layers} layers, {threads} threads, best of {arguments.rounds}")
    print(f"  ours   {rate['ours']:8.2f} samples/s  {best['ours']['memory']:8.0f} MiB")
    print(f"  plain  {rate['plain']:8.2f} samples/s  {best['plain']['memory']:8.0f} MiB")
    print(f"  ratio  {rate['ours'] / rate['plain']:8.2f} (aim >= 1.0), memory {best['ours']['memory'] / best['plain']['memory']:.2f}")
    print(f"loss and gradients at batch {_LARGE:,}, {_DIMENSION} dimensions")
    for name, text in (("chunked", f"chunks of {_CHUNK}"), ("whole", "whole matrix")):
        print(f"  {text:14} {best[name]['seconds']:6.2f} s  {best[name]['memory']:8.0f} MiB more")
    whole, chunked = best["whole"], best["chunked"]
    print(f"  ratio {whole['seconds'] / chunked['seconds']:15.2f} in time, {chunked['memory'] / whole['memory']:.2f} of the memory")


if __name__ == "__main__":
    main()
