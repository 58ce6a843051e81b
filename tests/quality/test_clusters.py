import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rsvlm.quality.clusters import components, equal_labels, survivors

PAIRS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40)


def naive_components(count, pairs):
    label = list(range(count))
    for _ in range(count):
        for left, right in pairs:
            label[left] = label[right] = min(label[left], label[right])
    return label


@settings(max_examples=80)
@given(PAIRS, st.integers(1, 7))
def test_components_are_those_of_a_naive_loop_however_pairs_come(pairs, size):
    blocks = [pairs[start : start + size] for start in range(0, len(pairs), size)]
    arrays = [(np.array([left for left, _ in block]), np.array([right for _, right in block])) for block in blocks]
    assert components(20, arrays).tolist() == naive_components(20, pairs)
    assert components(20, reversed(arrays)).tolist() == naive_components(20, pairs)


def test_a_long_chain_is_one_cluster():
    """One by one along the chain would be five thousand million steps: the test's own time limit would end them."""
    for order in (np.arange(99_999), np.arange(99_999)[::-1], np.random.default_rng(1).permutation(99_999)):
        assert components(100_000, [(order, order + 1)]).max() == 0
        assert components(100_000, [(part, part + 1) for part in np.array_split(order, 30)]).max() == 0


@given(st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=15))
def test_equal_keys_share_the_first_position(values):
    keys = np.array([value or 0 for value in values], dtype=np.uint64)
    known = np.array([value is not None for value in values], dtype=bool)
    expected = [position if value is None else values.index(value) for position, value in enumerate(values)]
    assert equal_labels(keys, known).tolist() == expected
    assert equal_labels(np.stack([np.zeros_like(keys), keys], axis=1), known).tolist() == expected


def test_best_source_stays_then_the_smallest_id():
    labels = np.array([0, 0, 0, 3, 4, 4])
    ids = ["z", "b", "a", "q", "y", "x"]
    ranks = np.array([0, 1, 1, 5, 2, 2])
    assert survivors(labels, ranks, ids.__getitem__).tolist() == [0, 0, 0, 3, 5, 5]


def test_ids_of_records_without_copies_are_never_read():
    def id_of(position):
        assert position in (1, 2)
        return str(position)

    assert survivors(np.array([0, 1, 1, 3]), np.zeros(4, dtype=int), id_of).tolist() == [0, 1, 1, 3]
