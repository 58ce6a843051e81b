import numpy as np
import pytest

from rsvlm.evaluation.metrics.generation import clip_score, inception_score, other_scene, resampled_inception_score, softmax


@pytest.mark.system("rs-sd", 2)
def test_inception_score_equals_the_mean_divergence():
    probabilities = softmax(np.random.default_rng(0).normal(size=(40, 5)))
    scores = []
    for part in np.array_split(probabilities, 4):
        marginal = part.mean(axis=0)
        divergence = [sum(p * np.log(p / q) for p, q in zip(row, marginal, strict=True)) for row in part]
        scores.append(np.exp(np.mean(divergence)))
    assert inception_score(probabilities, 4) == pytest.approx(np.mean(scores))
    assert resampled_inception_score(probabilities, np.ones((1, 40)), 4)[0] == pytest.approx(np.mean(scores))


def test_inception_score_ends():
    assert inception_score(np.eye(6), 1) == pytest.approx(6)
    assert inception_score(np.full((8, 6), 1 / 6), 2) == pytest.approx(1)


def test_clip_score_is_not_negative():
    assert clip_score(np.array([0.25, -0.1])).tolist() == [25, 0]


def test_other_scene_never_has_the_same_label():
    labels = ["a"] * 10 + ["b"] * 3
    chosen = other_scene(labels, np.random.default_rng(0))
    assert all(labels[other] != label for other, label in zip(chosen, labels, strict=True))
    assert other_scene(["a", "a"], np.random.default_rng(0)).tolist() == [-1, -1]
