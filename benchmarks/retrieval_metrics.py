"""Retrieval metrics on 100,000 images x 500,000 captions, beside the full-matrix way; aim: 3 times as fast, memory flat.

The full-matrix way is what evaluation scripts do: the whole similarity matrix, every row and column sorted. At full size it
would need 600 GB (scores and their order), so the two are compared at a size that fits, and ours is then run in full.

    python benchmarks/retrieval_metrics.py [--images 100000] [--dimension 256]
"""

import argparse
import resource
import time

import numpy as np

from rsvlm.evaluation.metrics.retrieval import Ranks, mean_recall, ranks, recalls
from rsvlm.seeds import numpy_generator

CAPTIONS = 5
SHARED = 3_000


def make(images: int, dimension: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit embeddings of images and captions (near their image), float32, and their pairs."""
    generator = numpy_generator("retrieval benchmark", images)
    image = generator.standard_normal((images, dimension), dtype=np.float32)
    image /= np.linalg.norm(image, axis=1, keepdims=True)
    text = np.empty((images * CAPTIONS, dimension), dtype=np.float32)
    for start in range(0, images, 10_000):
        owner = np.repeat(image[start : start + 10_000], CAPTIONS, axis=0)
        near = owner + 0.25 * generator.standard_normal(owner.shape, dtype=np.float32)
        text[start * CAPTIONS : start * CAPTIONS + len(near)] = near / np.linalg.norm(near, axis=1, keepdims=True)
    rows = np.arange(len(text))
    return image, text, np.stack([rows, rows // CAPTIONS], axis=1)


def full_matrix(image: np.ndarray, text: np.ndarray) -> Ranks:
    """Return the ranks by sorting the whole matrix in both directions."""
    scores = image @ text.T
    owner = np.arange(len(text)) // CAPTIONS
    order = np.argsort(-scores, axis=1)
    i2t = (owner[order] == np.arange(len(image))[:, None]).argmax(axis=1)
    order = np.argsort(-scores.T, axis=1)
    return Ranks(i2t, (order == owner[:, None]).argmax(axis=1))


def peak() -> float:
    """Return this process's peak memory in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Measure both at a common size, then ours in full."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=256)
    options = parser.parse_args()

    image, text, pairs = make(options.images, options.dimension)
    before, inputs = peak(), (image.nbytes + text.nbytes) / 1e9
    started = time.perf_counter()
    found = ranks(image, text, pairs)
    seconds = time.perf_counter() - started
    cells = len(image) * len(text)
    print(f"{len(image):,} x {len(text):,} x {options.dimension}: ours {seconds:.0f} s, {cells / seconds / 1e6:.0f} million pairs/s")
    print(f"memory: {peak() - before:.2f} GB beside {inputs:.2f} GB of inputs; the full matrix and its order: {cells * 12 / 1e9:.0f} GB")
    print(f"mean recall {mean_recall(recalls(found)):.4f}")

    image, text, pairs = make(SHARED, options.dimension)
    started = time.perf_counter()
    ours = ranks(image, text, pairs)
    blocked = time.perf_counter() - started
    started = time.perf_counter()
    theirs = full_matrix(image, text)
    full = time.perf_counter() - started
    equal = np.mean(ours.text_to_image == theirs.text_to_image), np.mean(ours.image_to_text == theirs.image_to_text)
    print(f"{SHARED:,} x {len(text):,}: ours {blocked:.2f} s, full matrix {full:.2f} s, ratio {full / blocked:.1f} (aim >= 3)")
    print(f"equal ranks: {equal[0]:.2%} text to image, {equal[1]:.2%} image to text (single precision: near ties may swap)")
    at_size = full / (len(image) * len(text)) * cells
    print(f"full matrix at that rate a pair, in full: {at_size:.0f} s, ratio {at_size / seconds:.1f} (aim >= 3)")


if __name__ == "__main__":
    main()
