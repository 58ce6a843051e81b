"""How a model is optimised: the same words in every family's recipe."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Settings

Precision = Literal["auto", "float32", "bfloat16"]
Share = Annotated[float, Field(ge=0, le=1)]


class OptimisationSettings(Settings):
    """AdamW with a warmed-up schedule, and when to save.

    Attributes:
        steps: optimiser steps of the whole run.
        batch: samples of one step, over all workers and micro-batches.
        accumulate: micro-batches that a worker's share of a step is cut into, for memory.
        learning_rate: the peak rate.
        schedule: `cosine` falls from the peak to `final_share` of it; `constant` stays at the peak.
        warmup: steps of linear rise to the peak.
        final_share: share of the peak that cosine ends at.
        rate_factors: learning-rate factor by the start of a parameter's name; the longest match counts.
        weight_decay: decoupled decay of weight matrices; vectors (biases, norms) and scalars have none.
        betas: AdamW's two decay rates.
        epsilon: AdamW's epsilon.
        clip: largest gradient norm; none: gradients are left alone.
        precision: `bfloat16` computes under autocast; weights and optimiser states stay float32. `auto`: bfloat16 where the
            device has it, else float32.
        ema: decay of the average of the weights, which then is what training yields; none: the last weights.
        checkpoint_every: steps between two checkpoints; a kill costs at most these.
        keep: checkpoints kept.
        nonfinite_limit: steps in a row with a loss or gradient that is not finite, all skipped, that end the run.
        log_every: steps between two entries of the history.
    """

    steps: Annotated[int, Field(ge=1, le=100_000_000)]
    batch: Annotated[int, Field(ge=1, le=1_000_000)]
    accumulate: Annotated[int, Field(ge=1, le=100_000)] = 1
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: Annotated[int, Field(ge=0)] = 0
    final_share: Share = 0.0
    rate_factors: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(default_factory=dict)
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    epsilon: Annotated[float, Field(gt=0, le=1)] = 1e-8
    clip: Annotated[float, Field(gt=0)] | None = None
    precision: Precision = "float32"
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    checkpoint_every: Annotated[int, Field(ge=1)] = 100
    keep: Annotated[int, Field(ge=1, le=100)] = 2
    nonfinite_limit: Annotated[int, Field(ge=1)] = 10
    log_every: Annotated[int, Field(ge=1)] = 10

    @model_validator(mode="after")
    def _fits(self) -> "OptimisationSettings":
        if self.warmup >= self.steps:
            raise ValueError(f"warmup ({self.warmup}) must be below steps ({self.steps})")
        if self.batch % self.accumulate:
            raise ValueError(f"batch ({self.batch}) must be a multiple of accumulate ({self.accumulate})")
        return self
