"""A small regression to train on: quick, with dropout (a source of randomness) and a batch norm (a buffer)."""

from pathlib import Path

import torch
from torch import nn

from rsvlm.training.loop import fit
from rsvlm.training.settings import OptimisationSettings

SAMPLES = 50


def settings(**changes):
    chosen = {"steps": 40, "batch": 8, "accumulate": 2, "learning_rate": 0.01, "warmup": 4, "ema": 0.9, "clip": 1.0}
    return OptimisationSettings(**{**chosen, "weight_decay": 0.01, "checkpoint_every": 5, "log_every": 4, **changes})


def model(dropout=0.3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(dropout), nn.Linear(8, 1))


def data():
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(SAMPLES, 4, generator=generator)
    return inputs, inputs.sum(dim=1, keepdim=True)


def train(scratch: Path, chosen=None, trained=None, objective=None):
    inputs, outputs = data()
    trained = model() if trained is None else trained

    def squared(module, batch, place):
        noise = 0.01 * torch.randn(batch[0].shape, generator=place.generator)
        return ((module(batch[0] + noise) - batch[1]) ** 2).mean()

    def batch(rows, place):
        return inputs[rows], outputs[rows]

    history = fit(trained, objective or squared, batch, samples=SAMPLES, settings=chosen or settings(), seed=1, scratch=scratch)
    return history, trained
