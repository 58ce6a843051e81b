import pytest

from rsvlm.captioning.grammar import article, class_words, counted, listed, plural, sentence, title, verb


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


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("honest estimate", "an"), ("heirloom", "an"), ("hospital", "a"), ("house", "a"), ("used car lot", "a"), ("utility truck", "a"),
        ("unit", "a"), ("unique town", "a"), ("uninhabited island", "an"), ("unimproved road", "an"), ("unfinished building", "an"),
        ("urban area", "an"), ("uranium mine", "a"), ("usher", "an"), ("eucalyptus tree", "a"), ("ewe", "a"), ("onerous task", "an"),
        ("F-16", "an"), ("B-52", "a"), ("U-turn", "a"), ("S-bend", "an"), ("T-junction", "a"), ("L-shaped building", "an"),
        ("X-band image", "an"), ("C-band image", "a"), ("SUV", "an"), ("SUVs", "an"), ("UAV", "a"), ("RGB image", "an"), ("USA map", "a"),
        ("SAR image", "a"), ("NDVI map", "an"), ("UTM zone", "a"), ("NASA image", "a"), ("AIRPORT", "an"), ("SHIP", "a"),
        ("A330", "an"), ("C919", "a"), ("MD-11", "an"), ("Boeing 737", "a"), ("8-lane road", "an"), ("11-storey building", "an"),
        ("18-hole golf course", "an"), ("80 m wide river", "an"), ("8,000 m runway", "an"), ("800", "an"), ("11000", "an"),
        ("1-lane road", "a"), ("110", "a"), ("1800", "a"), ("81", "an"), ("118", "a"), ("0.8", "a"), ("8.5 m pier", "an"),
        ('"airport"', "an"), ("(old) harbor", "an"), ("été", "a"), ("", "a"), ("9" * 5000, "a"), ("t junction", "a"), ("s-curve", "an"),
    ],
)  # fmt: skip
def test_articles_of_abbreviations_numbers_and_rare_words(phrase, expected):
    assert article(phrase) == expected


@pytest.mark.parametrize(
    ("one", "more"),
    [
        ("roof", "roofs"), ("shelf", "shelves"), ("wharf", "wharves"), ("volcano", "volcanoes"), ("silo", "silos"), ("oasis", "oases"),
        ("terminus", "terminuses"), ("gas", "gases"), ("lens", "lenses"), ("campus", "campuses"), ("fisherman", "fishermen"),
        ("human", "humans"), ("Person", "People"), ("City", "Cities"), ("spacecraft", "spacecraft"), ("loch", "lochs"), ("SUV", "SUVs"),
        ("car park", "car parks"), ("man in a boat", "men in a boat"), ("barracks", "barracks"), ("quay", "quays"),
        ("area of grassland", "areas of grassland"), ("forest land", "forest land"), ("Farmland", "Farmland"),
    ],
)  # fmt: skip
def test_plurals_of_other_nouns(one, more):
    assert plural(one) == more


def test_verbs_lists_and_titles():
    forms = {"show": "shows", "pass": "passes", "carry": "carries", "lie": "lies", "go": "goes", "have": "has", "be": "is"}
    assert {base: verb(base, many=False) for base in forms} == forms
    assert [verb(base, many=True) for base in ("show", "have", "be")] == ["show", "have", "are"]
    assert listed(["a", "b", "c"], oxford=True) == "a, b, and c"
    assert listed(["a", "b"], conjunction="or", oxford=True) == "a or b"
    titles = ["place of worship", "Boeing 737", "T-junction", "multi-unit residential building", "of ships and harbors", ""]
    assert [title(text) for text in titles] == [
        "Place of Worship", "Boeing 737", "T-Junction", "Multi-Unit Residential Building", "Of Ships and Harbors", ""
    ]  # fmt: skip
