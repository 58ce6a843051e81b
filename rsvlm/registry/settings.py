"""Settings of the register stage: name, licence, the gates a model must pass, and how it is compared with the champion."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Name, Section, Settings

Metric = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._@-]*(/[A-Za-z0-9._@-]+)*$")]


class Gate(Settings):
    """One condition on a metric; exactly one bound.

    Attributes:
        metric: key in `metrics.json`.
        at_least: the value must be this or more.
        at_most: the value must be this or less.
        above_baseline: the value must exceed its trivial baseline by this or more.
        times_baseline: the value must be at most this many times its baseline (for distances such as FID).
        interval: the worse end of the 95 % interval must meet the bound, not only the value.
    """

    metric: Metric
    at_least: float | None = None
    at_most: float | None = None
    above_baseline: float | None = None
    times_baseline: float | None = None
    interval: bool = False

    @model_validator(mode="after")
    def _one_bound(self) -> "Gate":
        bounds = (self.at_least, self.at_most, self.above_baseline, self.times_baseline)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("a gate has exactly one of at_least, at_most, above_baseline, times_baseline")
        return self


class Kept(Settings):
    """A metric that a new champion must keep: it may be worse than the old one's by `within` at most."""

    metric: Metric
    better: Literal["higher", "lower"] = "higher"
    within: Annotated[float, Field(ge=0)] = 0.0


class PerSample(Settings):
    """Where a metric's value for each sample lies: a Parquet file of the evidence, its id column and its score column."""

    file: Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._-]*\.parquet$")]
    key: str = "id"
    score: str


class RegisterSettings(Section):
    """Name, gates and licence of a registered model.

    Attributes:
        model: folder of the checkpoint to register.
        name: name in the registry.
        licence: the licence under which the registered weights may be used.
        terms: what else a user must know before using them (academic sources, attribution).
        limits: what the model cannot do, one sentence each, for its card.
        metric: the main metric, on which versions are compared.
        better: whether a higher or a lower main metric is better.
        samples: where the main metric's values by sample lie; without it, intervals are compared.
        gates: conditions that every version must meet.
        keep: metrics that must not fall against the champion.
    """

    model: str
    name: Name
    licence: Annotated[str, Field(min_length=1)]
    terms: str = ""
    limits: list[str] = Field(default_factory=list)
    metric: Metric
    better: Literal["higher", "lower"] = "higher"
    samples: PerSample | None = None
    gates: Annotated[list[Gate], Field(min_length=1)]
    keep: list[Kept] = Field(default_factory=list)
