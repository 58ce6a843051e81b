import pytest

from rsvlm.captioning.grammar import article, class_words, counted, listed, plural, sentence


@pytest.mark.parametrize(
    ("one", "more"),
    [
        ("ship", "ships"), ("bus", "buses"), ("aircraft", "aircraft"), ("person", "people"), ("pedestrian", "pedestrians"),
        ("harbor", "harbors"), ("bridge", "bridges"), ("church", "churches"), ("marsh", "marshes"), ("box", "boxes"),
        ("city", "cities"), ("bay", "bays"), ("railway", "railways"), ("large vehicle", "large vehicles"),
        ("storage tank", "storage tanks"), ("dead tree", "dead trees"), ("man", "men"), ("police helicopter", "police helicopters"),
        ("factory", "factories"), ("soccer ball field", "soccer ball fields"), ("overpass", "overpasses"), ("leaf", "leaves"),
    ],
)  # fmt: skip
def test_plurals(one, more):
    assert plural(one) == more


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("DenseResidential", "dense residential"), ("BareLand", "bare land"), ("StorageTanks", "storage tanks"), ("Port", "port"),
        ("large-vehicle", "large vehicle"), ("ground_track-field", "ground track field"), ("RailwayStation", "railway station"),
        ("baseball  diamond", "baseball diamond"), ("UAVImage", "uav image"),
    ],
)  # fmt: skip
def test_class_names_become_words(name, words):
    assert class_words(name) == words


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("ship", "a"),
        ("airplane", "an"),
        ("orange ship", "an"),
        ("university", "a"),
        ("hour", "an"),
        ("one-way road", "a"),
        ("European town", "a"),
        ("umbrella", "an"),
    ],
)
def test_articles_follow_the_sound(phrase, expected):
    assert article(phrase) == expected


def test_counts_lists_and_sentences():
    assert [counted("airplane", 1), counted("ship", 3), counted("bus", 10, words=True), counted("ship", 11, words=True)] == [
        "an airplane", "3 ships", "ten buses", "11 ships"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="only what is there"):
        counted("ship", 0)
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert sentence("3 ships") == "3 ships"
    assert sentence("ships") == "Ships"
