import math
import os
import socket
from pathlib import Path

import pytest
import torch
from torch import multiprocessing, nn
from torch.nn import functional

from rsvlm.training import distributed
from rsvlm.training.loop import fit
from rsvlm.training.settings import OptimisationSettings

SAMPLES = 24


def towers() -> nn.ModuleDict:
    torch.manual_seed(0)
    return nn.ModuleDict({"image": nn.Linear(6, 4), "text": nn.Linear(5, 4)})


def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(SAMPLES, 6, generator=generator), torch.randn(SAMPLES, 5, generator=generator)


def loss_of(model: nn.ModuleDict, images: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """InfoNCE over all workers, written plainly."""
    left = distributed.gather(functional.normalize(model["image"](images), dim=-1))
    right = distributed.gather(functional.normalize(model["text"](texts), dim=-1))
    logits = left @ right.T / 0.1
    target = torch.arange(len(logits))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def train(scratch: Path) -> tuple[list, dict, float, dict]:
    model, (images, texts) = towers(), pairs()
    here = distributed.worker()
    size = 12 // here.size
    mine = slice(here.rank * size, (here.rank + 1) * size)
    loss = loss_of(model, images[mine], texts[mine])
    loss.backward()
    distributed.average_gradients(model.parameters())
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    settings = OptimisationSettings(steps=6, batch=12, learning_rate=0.01, ema=0.9, log_every=1, checkpoint_every=3)
    history = fit(
        model,
        lambda module, batch, place: loss_of(module, *batch),
        lambda rows, place: (images[rows], texts[rows]),
        samples=SAMPLES,
        settings=settings,
        seed=1,
        scratch=scratch,
    )
    return history, {name: value.clone() for name, value in model.state_dict().items()}, float(loss.detach()), gradients


def work(rank: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    try:
        assert distributed.mean(float(rank)) == 0.5
        torch.save(train(Path(folder) / "scratch"), Path(folder) / f"{rank}.pt")
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.system("remoteclip", 2)
def test_two_workers_have_the_loss_and_gradients_of_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, str(tmp_path)), nprocs=2)
    history, weights, loss, gradients = train(tmp_path / "alone")
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert found[2] == pytest.approx(loss, abs=1e-6)
        torch.testing.assert_close(found[3], gradients, rtol=0, atol=1e-6)
        torch.testing.assert_close(found[1], weights, rtol=0, atol=1e-5)
        for ours, theirs in zip(history, found[0], strict=True):
            assert math.isclose(ours["loss"], theirs["loss"], abs_tol=1e-5)
            assert ours["learning_rate"] == theirs["learning_rate"]


def test_alone_nothing_is_exchanged():
    rows = torch.ones(2, 3, requires_grad=True)
    assert distributed.gather(rows) is rows
    assert distributed.mean(3.5) == 3.5
    distributed.average_gradients([rows])
    assert rows.grad is None
