"""The learning rate of a step."""

import math

from rsvlm.training.settings import OptimisationSettings


def learning_rate(settings: OptimisationSettings, step: int) -> float:
    """Return the rate of step 0, 1, ...: linear rise over `warmup` steps, then constant or half a cosine.

    The first step of the rise has peak / warmup, the last one the peak. Cosine starts at the peak with the first step after the
    rise and would reach `final_share` of it one step after the last.
    """
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    done = (step - settings.warmup) / (settings.steps - settings.warmup)
    share = settings.final_share + (1 - settings.final_share) * (1 + math.cos(math.pi * done)) / 2
    return settings.learning_rate * share
