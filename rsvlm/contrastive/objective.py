"""Symmetric InfoNCE (van den Oord et al. 2018; Radford et al. 2021, figure 3) with several positives a row.

For images x, texts y (unit rows) and scale s, with P(i) the texts that count as positives of image i:

    L = 1/2 [ mean_i ( logsumexp_j s x_i y_j - mean_{j in P(i)} s x_i y_j ) + the same with x and y exchanged ]

With P(i) = {i} this is the published loss. Captions repeat in real data, and equal captions must not push their images
apart: P(i) then holds every text equal to i's own, compared by id, never by the distance of embeddings.
"""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def info_nce(
    images: Tensor, texts: Tensor, ids: Tensor, scale: Tensor, *, equal_positives: bool = True, chunk: int | None = None
) -> Tensor:
    """Return the mean loss over a batch.

    Args:
        images: (n, d) unit rows.
        texts: (n, d) unit rows; row i belongs to image i.
        ids: (n,) integers, equal exactly for equal texts.
        scale: scalar, 1 / temperature.
        equal_positives: count equal texts as positives; otherwise only the pair itself.
        chunk: rows of the (n, n) logits that exist at one time; forward and backward then need memory for chunk * n
            logits instead of n * n, for one more forward computation of them.

    Returns:
        A scalar in the type of the logits (float32 or wider).
    """
    if not equal_positives:
        ids = torch.arange(ids.shape[0], device=ids.device)
    rows = images.shape[0]
    size = rows if chunk is None else min(chunk, rows)
    total = images.new_zeros((), dtype=torch.float32)
    for start in range(0, rows, size):
        part = slice(start, start + size)
        for queries, keys in ((images[part], texts), (texts[part], images)):
            arguments = (queries, keys, ids[part], ids, scale)
            total = total + (_rows(*arguments) if size == rows else checkpoint(_rows, *arguments, use_reentrant=False))
    return total / (2 * rows)


def _rows(queries: Tensor, keys: Tensor, query_ids: Tensor, key_ids: Tensor, scale: Tensor) -> Tensor:
    """Return the summed loss of some rows of logits."""
    logits = (scale * queries @ keys.T).float()
    positive = query_ids[:, None] == key_ids[None, :]
    own = torch.where(positive, logits, 0.0).sum(dim=1) / positive.sum(dim=1)
    return (logits.logsumexp(dim=1) - own).sum()
