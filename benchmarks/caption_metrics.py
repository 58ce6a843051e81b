"""Caption metrics beside pycocoevalcap's, on the same tokens; aim: equal to 1e-6, and no slower.

python benchmarks/caption_metrics.py [--images 5000]
"""

import argparse
import time

import numpy as np
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge

from rsvlm.evaluation.metrics.bleu import corpus_bleu
from rsvlm.evaluation.metrics.captions import score_captions
from rsvlm.evaluation.metrics.meteor import ABSENT, meteor, meteor_command
from rsvlm.evaluation.metrics.tokens import tokenise
from rsvlm.seeds import numpy_generator

SUBJECTS = ["some white planes", "many green trees", "several buildings", "a wide river", "two bridges", "a railway station", "red roofs"]
PLACES = ["near a road", "in an airport", "around a playground", "in a dense residential area", "on both sides of a river", "by the sea"]
LINKS = ["are", "stand", "lie", "can be seen", "is surrounded by trees and is", "with a parking lot is"]


def corpus(images: int) -> tuple[list[str], list[list[str]]]:
    """Return seeded answers and five references an image, with the repetition that RSICD has."""
    generator = numpy_generator("caption benchmark")

    def sentence() -> str:
        parts = [words[int(generator.integers(len(words)))] for words in (SUBJECTS, LINKS, PLACES, PLACES)]
        return f"{' '.join(parts)} number {int(generator.integers(200))} ."

    references = []
    for _ in range(images):
        distinct = [sentence() for _ in range(int(generator.integers(1, 6)))]
        references.append((distinct * 5)[:5])
    return [sentence() for _ in range(images)], references


def main() -> None:
    """Time both on the same corpus and compare every number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000)
    candidates, references = corpus(parser.parse_args().images)

    started = time.perf_counter()
    ours = score_captions(candidates, references)
    bleu = corpus_bleu(ours.bleu.sum(axis=0, keepdims=True))[0]
    seconds = time.perf_counter() - started

    started = time.perf_counter()
    truth = {index: [" ".join(tokenise(text)) for text in texts] for index, texts in enumerate(references)}
    answers = {index: [" ".join(tokenise(text))] for index, text in enumerate(candidates)}
    their_bleu, _ = Bleu(4).compute_score(truth, answers, verbose=0)
    _, their_rouge = Rouge().compute_score(truth, answers)
    _, their_cider = Cider().compute_score(truth, answers)
    peer = time.perf_counter() - started

    worst = max(
        float(np.abs(found - np.array(expected)).max())
        for found, expected in ((bleu, their_bleu), (ours.rouge_l, their_rouge), (ours.cider, their_cider))
    )
    print(f"BLEU-1..4, ROUGE-L, CIDEr of {len(candidates):,} images x 5: ours {seconds:.2f} s, pycocoevalcap {peer:.2f} s")
    print(f"ratio {peer / seconds:.2f} (aim >= 1), largest difference {worst:.1e} (aim <= 1e-6)")

    if meteor_command() is None:
        print(ABSENT)
        return
    few = min(300, len(candidates))
    started = time.perf_counter()
    value, _ = meteor(candidates[:few], references[:few])
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    part = [{index: texts[index] for index in range(few)} for texts in (truth, answers)]
    expected, _ = Meteor().compute_score(*part)
    peer = time.perf_counter() - started
    print(f"METEOR of {few}: ours {seconds:.1f} s, pycocoevalcap {peer:.1f} s, difference {abs(value - expected):.1e} (the same program)")


if __name__ == "__main__":
    main()
