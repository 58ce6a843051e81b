import math

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import decode
from rsvlm.quality.logistic import fit, read, score, write


def drawn(classes, count=240, width=6):
    generator = np.random.default_rng(13)
    labels = np.arange(count) % classes
    centres = generator.standard_normal((classes, width))
    features = centres[labels] + 1.5 * generator.standard_normal((count, width))
    return features * np.array([1, 10, 0.1, 1, 5, 1.0])[:width] + 3, labels


@pytest.mark.parametrize("classes", [2, 5])
def test_probabilities_are_those_of_scikit_learn(classes):
    features, labels = drawn(classes)
    names = tuple(f"c{number}" for number in range(classes))
    found = score(fit(features, labels, names, ridge=2.0), features)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    reference = LogisticRegression(C=0.5, tol=1e-12, max_iter=10_000).fit(standard, labels).predict_proba(standard)
    assert found == pytest.approx(reference, abs=1e-5)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(features)))


def test_one_feature_by_hand():
    """Features -1 and 1 with labels 0 and 1: no bias, and w solves w = 2 / (1 + e^w) for ridge 1."""
    found = fit(np.array([[-1.0], [1.0]]), np.array([0, 1]), ("no", "yes"), ridge=1.0)
    weight = found.weights[0, 0]
    assert weight == pytest.approx(2 / (1 + math.exp(weight)), abs=1e-6)
    assert found.bias[0] == pytest.approx(0.0, abs=1e-6)
    assert score(found, np.array([[0.0]]))[0].tolist() == pytest.approx([0.5, 0.5])


def test_the_same_features_give_the_same_bytes(tmp_path):
    features, labels = drawn(2)
    for name in ("a", "b"):
        write(fit(features, labels, ("other", "remote sensing")), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_features_that_never_change_do_no_harm():
    features, labels = drawn(2)
    whole = np.concatenate([features, np.full((len(features), 1), 7.3)], axis=1)
    found = fit(whole, labels, ("a", "b"))
    assert abs(found.weights[0, -1]) < 1e-12
    assert score(found, whole) == pytest.approx(score(fit(features, labels, ("a", "b")), features), abs=1e-6)


def test_real_beaches_are_told_from_real_forests(mirror):
    """Trained and asked as RS5M's detector is, with pictures of 4 x 4 pixels as features."""
    features, labels = [], []
    for number, name in enumerate(("Beach", "Forest")):
        for path in sorted((mirror / "aid150-rsicd" / "images" / name).iterdir())[:40]:
            features.append(np.asarray(decode(path.read_bytes(), path.name).resize((4, 4))).ravel() / 255)
            labels.append(number)
    features, labels = np.array(features), np.array(labels)
    train = np.arange(len(labels)) % 4 != 0
    found = fit(features[train], labels[train], ("beach", "forest"))
    right = score(found, features[~train]).argmax(axis=1) == labels[~train]
    assert right.mean() > 0.9


def test_a_classifier_comes_back_from_its_file(tmp_path):
    features, labels = drawn(5)
    written = fit(features, labels, ("0.1 m", "0.2 m", "0.6 m", "1 m", "10 m"))
    write(written, tmp_path / "visible.safetensors")
    found = read(tmp_path / "visible.safetensors")
    assert found.classes == written.classes
    assert np.array_equal(score(found, features), score(written, features))


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.zeros((1, 2))},
        {"spread": np.zeros(6)},
        {"mean": np.full(6, np.nan)},
        {"bias": np.zeros(3)},
        {"mean": None},
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, change):
    features, labels = drawn(2)
    path = tmp_path / "c.safetensors"
    write(fit(features, labels, ("a", "b")), path)
    tensors = {name: tensor for name, tensor in {**load_file(path), **change}.items() if tensor is not None}
    save_file(tensors, path, metadata={"classes": '["a", "b"]'})
    with pytest.raises(DataError):
        read(path)


@pytest.mark.parametrize("metadata", [None, {"classes": "3"}, {"classes": '["a"]'}, {"classes": "["}])
def test_class_names_that_are_none_are_refused(tmp_path, metadata):
    tensors = {"weights": np.zeros((1, 2)), "bias": np.zeros(1), "mean": np.zeros(2), "spread": np.ones(2)}
    save_file(tensors, tmp_path / "c.safetensors", metadata=metadata)
    with pytest.raises(DataError):
        read(tmp_path / "c.safetensors")
    with pytest.raises(DataError, match="not a classifier"):
        read(tmp_path / "none.safetensors")


def test_wrong_training_data_is_refused():
    features, labels = drawn(2)
    holed = features.copy()
    holed[3, 2] = np.nan
    cases = [
        (holed, labels, ("a", "b")),
        (features, labels[:-1], ("a", "b")),
        (features, labels, ("a", "b", "c")),
        (features, labels * 0, ("a",)),
    ]
    cases.append((features[:, 0], labels, ("a", "b")))
    for wrong_features, wrong_labels, classes in cases:
        with pytest.raises(DataError):
            fit(wrong_features, wrong_labels, classes)
    with pytest.raises(DataError, match="width 5"):
        score(fit(features, labels, ("a", "b")), features[:, :5])
