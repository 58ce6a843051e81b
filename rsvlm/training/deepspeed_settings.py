"""How DeepSpeed shares a training out, and how many workers there are."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.settings import Settings


class DeepSpeedSettings(Settings):
    """DeepSpeed and the workers that train together.

    Attributes:
        zero: ZeRO stage; 0 shares nothing out, 1 optimiser states, 2 gradients too, 3 also the weights.
        workers: processes; more than one are started through Ray Train.
        bucket: elements that are reduced or gathered at once.
        failures: how often a group that lost a worker is started again from its last checkpoint.
    """

    zero: Literal[0, 1, 2, 3]
    workers: Annotated[int, Field(ge=1, le=4096)] = 1
    bucket: Annotated[int, Field(ge=1000)] = 50_000_000
    failures: Annotated[int, Field(ge=0, le=100)] = 2
