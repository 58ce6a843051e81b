import numpy as np
import pytest

from rsvlm.evaluation.metrics.zero_shot import class_weights, ranked_classes, top_k
from rsvlm.evaluation.prompts import TEMPLATES, class_prompts, class_text


@pytest.mark.system("remoteclip", 2)
def test_both_normalisation_orders_by_hand():
    features = np.array([[[3.0, 0.0], [0.0, 1.0]]])
    first = class_weights(features, norm_first=True)
    last = class_weights(features, norm_first=False)
    np.testing.assert_allclose(first, [[2**-0.5, 2**-0.5]], atol=1e-12)
    np.testing.assert_allclose(last, [[3 / 10**0.5, 1 / 10**0.5]], atol=1e-12)


def test_the_two_orders_can_disagree():
    features = np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [0.6, 0.8]]])
    image = np.array([[0.65, 0.76]])
    assert ranked_classes(image, class_weights(features, True))[0, 0] == 1
    image = np.array([[0.8, 0.6]])
    assert ranked_classes(image, class_weights(features, True))[0, 0] != ranked_classes(image, class_weights(features, False))[0, 0]


def test_equal_scores_keep_the_order_of_the_classes():
    weights = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert ranked_classes(np.array([[1.0, 0.0]]), weights).tolist() == [[0, 1, 2]]


def test_top_k_by_hand():
    ranked = np.array([[0, 1, 2], [2, 0, 1]])
    assert top_k(ranked, np.array([0, 1]), 1).tolist() == [True, False]
    assert top_k(ranked, np.array([0, 0]), 2).tolist() == [True, True]


def test_template_sets_have_their_published_sizes():
    assert {name: len(templates) for name, templates in TEMPLATES.items()} == {
        "remoteclip": 1,
        "skyscript-2": 2,
        "s-clip": 1,
        "itra-eurosat-3": 3,
        "georsclip-105": 105,
        "captions-6": 6,
    }
    assert len(set(TEMPLATES["georsclip-105"])) == 105
    assert "a blurry satellite image of the {}." in TEMPLATES["georsclip-105"]
    assert "an aerial image of many {}." in TEMPLATES["georsclip-105"]


@pytest.mark.parametrize("label", ["DenseResidential", "dense_residential", "dense/residential", "dense residential"])
def test_class_names_become_words(label):
    assert class_text(label) == "dense residential"
    assert class_prompts([label], "remoteclip") == [["a satellite photo of dense residential."]]
