"""All caption metrics of one run."""

from dataclasses import dataclass

import numpy as np

from rsvlm.evaluation.metrics.bleu import bleu_counts
from rsvlm.evaluation.metrics.cider import cider
from rsvlm.evaluation.metrics.ngrams import describe
from rsvlm.evaluation.metrics.rouge import rouge_l


@dataclass(frozen=True)
class CaptionScores:
    """Per-image values of a run.

    Attributes:
        bleu: (n, 10) counts that corpus BLEU sums.
        rouge_l: (n,).
        cider: (n,).
    """

    bleu: np.ndarray
    rouge_l: np.ndarray
    cider: np.ndarray


def score_captions(candidates: list[str], references: list[list[str]]) -> CaptionScores:
    """Score one answer an image against all references of the image."""
    described = describe(candidates, references)
    return CaptionScores(bleu_counts(described), rouge_l(described), cider(described))
