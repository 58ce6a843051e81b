import pytest

from rsvlm.evaluation.metrics.scenes import confusion, exact_matches, majority_share


@pytest.mark.system("geochat", 2)
def test_only_the_class_name_itself_is_a_hit():
    answers = ["Dense Residential.", "denseresidential", "dense residential area", "Bare Land", "", "storage_tanks"]
    labels = ["DenseResidential", "dense_residential", "DenseResidential", "BareLand", "Port", "StorageTanks"]
    assert exact_matches(answers, labels).tolist() == [1, 1, 0, 1, 0, 1]


def test_majority_answers_the_most_frequent_training_class():
    assert majority_share(["a", "b", "b", "c"], ["b", "b", "a"]) == 0.5
    assert majority_share(["a", "b"], ["b", "a"]) == 0.5


def test_confusion_counts_answers_that_are_no_class():
    names, counts = confusion(["Pond", "Port", "Port"], ["pond", "Pond.", "a ship"])
    assert names == ["Pond", "Port"]
    assert counts.tolist() == [[1, 0, 0], [1, 0, 1]]
