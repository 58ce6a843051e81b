"""Image-text retrieval without the similarity matrix: ranks from blocks, in memory that does not grow with the data.

The rank of a pair's own partner is the number of others with a larger score, so nothing needs sorting: the partner's
score is computed first, then every block of the similarity matrix is compared with it, once for each direction, and
dropped. Scores within `TIE` of each other are equal (rounding differs with the shape of a block), and equal ones keep their
order, as a stable sort would have it: a model that gives everything the same score gets what guessing gets.
"""

from dataclasses import dataclass

import numpy as np

TIE = 2e-6
CUTS = (1, 5, 10)
_CHUNK = 65536


@dataclass(frozen=True)
class Ranks:
    """Zero-based ranks of the right answer.

    Attributes:
        image_to_text: (images,) rank of the best own caption among all captions.
        text_to_image: (captions,) rank of the own image among all images.
    """

    image_to_text: np.ndarray
    text_to_image: np.ndarray


def ranks(images: np.ndarray, texts: np.ndarray, pairs: np.ndarray, rows: int = 1024, columns: int = 16384) -> Ranks:
    """Return the ranks in both directions.

    Args:
        images: (n, d) float32, unit length.
        texts: (m, d) float32, unit length.
        pairs: (p, 2) right (text, image) index pairs; every image and every text has at least one.
        rows: images in a block.
        columns: texts in a block; memory is about 5 x rows x columns bytes beside the inputs.
    """
    of_text, of_image = np.asarray(pairs, dtype=np.int64).T
    own = _pair_scores(images, texts, of_image, of_text)
    best_image, at_text = _best_own(own, of_image, of_text, len(images))
    best_text, at_image = _best_own(own, of_text, of_image, len(texts))
    found = Ranks(np.zeros(len(images), dtype=np.int64), np.zeros(len(texts), dtype=np.int64))
    scores_buffer = np.empty(rows * columns, dtype=np.float32)
    ahead_buffer = np.empty(rows * columns, dtype=np.bool_)
    for top in range(0, len(images), rows):
        block = images[top : top + rows]
        for left in range(0, len(texts), columns):
            part = texts[left : left + columns]
            shape, size = (len(block), len(part)), len(block) * len(part)
            scores = np.matmul(block, part.T, out=scores_buffer[:size].reshape(shape))
            ahead = ahead_buffer[:size].reshape(shape)
            down, across = slice(top, top + len(block)), slice(left, left + len(part))
            _mark_ahead(scores, best_image[down], at_text[down] - left, ahead)
            found.image_to_text[down] += [np.count_nonzero(row) for row in ahead]
            _mark_ahead(scores.T, best_text[across], at_image[across] - top, ahead.T)
            found.text_to_image[across] += _count_columns(ahead)
    return found


def _pair_scores(images: np.ndarray, texts: np.ndarray, of_image: np.ndarray, of_text: np.ndarray) -> np.ndarray:
    """Return the score of each right pair, (p,), without holding copies of all their vectors."""
    starts = range(0, len(of_text), _CHUNK)
    parts = [np.einsum("pd,pd->p", images[of_image[at : at + _CHUNK]], texts[of_text[at : at + _CHUNK]]) for at in starts]
    return np.concatenate(parts)


def _best_own(own: np.ndarray, query: np.ndarray, answer: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best right answer's score of each query, and the first right answer that reaches it."""
    best = np.full(count, -np.inf, dtype=np.float32)
    np.maximum.at(best, query, own)
    reaches = own >= best[query] - TIE
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, query[reaches], answer[reaches])
    return best, first


def _mark_ahead(scores: np.ndarray, mine: np.ndarray, position: np.ndarray, ahead: np.ndarray) -> None:
    """Mark the entries of a block that stand ahead of their row's own answer: larger, or equal and earlier.

    Args:
        scores: (r, c) block.
        mine: (r,) score of the own answer.
        position: (r,) its column relative to the block: below zero before it, c or more behind it.
        ahead: (r, c) bool, overwritten.
    """
    count = scores.shape[1]
    low, high = mine - np.float32(TIE), mine + np.float32(TIE)
    np.greater(scores, np.where(position >= count, low, high)[:, None], out=ahead)
    inside = np.flatnonzero((position > 0) & (position < count))
    if len(inside):
        rows = slice(inside[0], inside[-1] + 1)  # neighbours own neighbours, so this is a few rows, and no copy
        earlier = np.arange(count) < position[rows, None]
        np.greater(scores[rows], np.where(earlier, low[rows, None], high[rows, None]), out=ahead[rows])


def _count_columns(marks: np.ndarray) -> np.ndarray:
    """Return the number of marks in each column; small integers add fastest, 255 rows at a time."""
    total = np.zeros(marks.shape[1], dtype=np.int64)
    for start in range(0, len(marks), 255):
        total += np.add.reduce(marks[start : start + 255].view(np.uint8), axis=0, dtype=np.uint8)
    return total


def recalls(found: Ranks) -> dict[str, np.ndarray]:
    """Return 0/1 hits a query for `i2t_r1` ... `t2i_r10`."""
    directions = {"i2t": found.image_to_text, "t2i": found.text_to_image}
    return {f"{name}_r{cut}": (rank < cut).astype(np.float64) for name, rank in directions.items() for cut in CUTS}


def mean_recall(hits: dict[str, np.ndarray]) -> float:
    """Return the mean of the six recalls."""
    return float(np.mean([values.mean() for values in hits.values()]))


def chance(captions_of: np.ndarray) -> dict[str, float]:
    """Return the expected recalls of a random order.

    An image with c of m captions is missed at k with probability C(m-c, k) / C(m, k); a caption finds its image among n
    with probability k / n.

    Args:
        captions_of: (n,) number of captions of each image.
    """
    count, total = len(captions_of), int(np.sum(captions_of))
    expected = {}
    for cut in CUTS:
        depth = min(cut, total)
        missed = [np.prod([max(total - own - i, 0) / (total - i) for i in range(depth)]) for own in captions_of.tolist()]
        expected[f"i2t_r{cut}"] = float(1 - np.mean(missed))
        expected[f"t2i_r{cut}"] = min(cut, count) / count
    return expected


@dataclass(frozen=True)
class Pairing:
    """The queries of a protocol.

    Attributes:
        texts: caption texts.
        pairs: (p, 2) right (text, image) index pairs.
    """

    texts: list[str]
    pairs: np.ndarray


def pair_multi(captions: list[list[str]]) -> Pairing:
    """Return every caption row of every image (RemoteCLIP, GeoRSCLIP, PIR-CLIP): a row's only right answer is its image."""
    rows = [(text, image) for image, texts in enumerate(captions) for text in texts]
    return Pairing([text for text, _ in rows], np.array([(index, image) for index, (_, image) in enumerate(rows)], dtype=np.int64))


def pair_unique(captions: list[list[str]], prefix: str) -> Pairing:
    """Return unique captions against unique images (SkyCLIP): every image that has the caption is right."""
    index: dict[str, int] = {}
    pairs = [(index.setdefault(text, len(index)), image) for image, texts in enumerate(captions) for text in dict.fromkeys(texts)]
    return Pairing([prefix + text for text in index], np.array(pairs, dtype=np.int64))


def pair_one(captions: list[list[str]], generator: np.random.Generator) -> Pairing:
    """Return one random caption an image (S-CLIP, Set-CLIP): the diagonal is right."""
    texts = [texts[int(generator.integers(len(texts)))] for texts in captions]
    return Pairing(texts, np.repeat(np.arange(len(captions), dtype=np.int64)[:, None], 2, axis=1))
