import tracemalloc

import numpy as np
import pytest

from rsvlm.evaluation.metrics.retrieval import CUTS, Ranks, chance, mean_recall, pair_multi, pair_one, pair_unique, ranks, recalls


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def ranks_by_sorting(scores, right):
    """The slow way: sort every row, look for the first right answer."""
    found = []
    for row, answers in zip(scores, right, strict=True):
        order = sorted(range(len(row)), key=lambda j: (-round(float(row[j]), 5), j))
        found.append(next(rank for rank, j in enumerate(order) if answers[j]))
    return found


@pytest.fixture
def captions():
    generator = np.random.default_rng(3)
    return [[f"caption {generator.integers(30)}" for _ in range(5)] for _ in range(37)]


@pytest.mark.system("remoteclip", 2)
@pytest.mark.parametrize("protocol", ["multi", "unique-text", "one-to-one"])
@pytest.mark.parametrize(("rows", "columns"), [(1024, 16384), (5, 7), (1, 1), (40, 3)])
def test_ranks_equal_those_of_sorting_the_whole_matrix(captions, protocol, rows, columns):
    pairing = {
        "multi": lambda: pair_multi(captions),
        "unique-text": lambda: pair_unique(captions, "a satellite image. "),
        "one-to-one": lambda: pair_one(captions, np.random.default_rng(1)),
    }[protocol]()
    generator = np.random.default_rng(0)
    known: dict[str, np.ndarray] = {}
    images = unit(generator.normal(size=(37, 8)))
    texts = unit(np.stack([known.setdefault(text, generator.normal(size=8)) for text in pairing.texts]))
    right = np.zeros((37, len(texts)), bool)
    right[pairing.pairs[:, 1], pairing.pairs[:, 0]] = True
    scores = images @ texts.T
    found = ranks(images, texts, pairing.pairs, rows, columns)
    assert found.image_to_text.tolist() == ranks_by_sorting(scores, right)
    assert found.text_to_image.tolist() == ranks_by_sorting(scores.T, right.T)


def test_protocols_pair_as_their_definitions_say():
    captions = [["a", "a", "b"], ["b", "c", "c"]]
    assert pair_multi(captions).texts == ["a", "a", "b", "b", "c", "c"]
    assert pair_multi(captions).pairs.tolist() == [[0, 0], [1, 0], [2, 0], [3, 1], [4, 1], [5, 1]]
    unique = pair_unique(captions, "see ")
    assert unique.texts == ["see a", "see b", "see c"]
    assert unique.pairs.tolist() == [[0, 0], [1, 0], [1, 1], [2, 1]]
    one = pair_one(captions, np.random.default_rng(0))
    assert one.pairs.tolist() == [[0, 0], [1, 1]]
    assert one.texts[0] in captions[0]
    assert one.texts[1] in captions[1]


def test_a_model_that_says_the_same_for_everything_gets_no_credit():
    same = unit(np.ones((20, 4)))
    found = ranks(same, same, np.stack([np.arange(20), np.arange(20)], axis=1), 6, 7)
    assert found.image_to_text.tolist() == list(range(20))
    assert recalls(found)["i2t_r1"].mean() == 1 / 20


def test_recalls_and_their_mean_by_hand():
    hits = recalls(Ranks(np.array([0, 4, 9, 10]), np.array([0, 1, 5, 20])))
    assert {name: values.mean() for name, values in hits.items()} == {
        "i2t_r1": 0.25,
        "i2t_r5": 0.5,
        "i2t_r10": 0.75,
        "t2i_r1": 0.25,
        "t2i_r5": 0.5,
        "t2i_r10": 0.75,
    }
    assert mean_recall(hits) == 0.5


def test_chance_equals_a_simulation():
    counts = np.array([5] * 20)
    expected = chance(counts)
    generator = np.random.default_rng(0)
    hits = {cut: [] for cut in CUTS}
    for _ in range(4000):
        best = generator.permutation(100)[:5].min()  # ranks of one image's five captions in a random order
        for cut in CUTS:
            hits[cut].append(best < cut)
    for cut in CUTS:
        assert expected[f"i2t_r{cut}"] == pytest.approx(np.mean(hits[cut]), abs=0.025)
        assert expected[f"t2i_r{cut}"] == cut / 20


def test_memory_is_that_of_a_block_not_of_the_matrix():
    images = unit(np.random.default_rng(0).normal(size=(1000, 8)))
    texts = unit(np.random.default_rng(1).normal(size=(5000, 8)))
    pairs = np.stack([np.arange(5000), np.arange(5000) // 5], axis=1)
    tracemalloc.start()
    ranks(images, texts, pairs, 100, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # the full matrix alone would be 20 MB
