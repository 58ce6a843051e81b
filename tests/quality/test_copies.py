import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsvlm.imagery.hashing import perceptual_hash
from rsvlm.imagery.pictures import decode
from rsvlm.quality.copies import Looks, digests, find_copies, perceptual_labels, plain_url, source_ranks
from rsvlm.quality.settings import Copies, EmbeddingCopies, EqualCopies, PerceptualCopies


def naive_labels(hashes, below):
    label = list(range(len(hashes)))
    for _ in hashes:
        for i, first in enumerate(hashes):
            for j, second in enumerate(hashes):
                if (first ^ second).bit_count() < below:
                    label[i] = label[j] = min(label[i], label[j])
    return label


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 63), max_size=3)), max_size=14),
    st.sampled_from([(1, 1), (2, 2), (2, 4), (3, 4)]),
)
def test_near_copies_are_those_of_a_naive_loop(changes, rule):
    below, segments = rule
    bases = (0, 2**64 - 1, 0x0123456789ABCDEF, 0x5A5A5A5A5A5A5A5A)
    hashes = [bases[base] ^ sum(1 << bit for bit in bits) for base, bits in changes]
    found = perceptual_labels(np.array(hashes, dtype=np.uint64), below=below, segments=segments)
    assert found.tolist() == naive_labels(hashes, below)


def test_one_bit_is_a_copy_and_two_bits_are_none_but_chains_hold():
    hashes = np.array([0, 0b11, 0b1], dtype=np.uint64)
    assert perceptual_labels(hashes[:2]).tolist() == [0, 1]
    assert perceptual_labels(hashes).tolist() == [0, 0, 0]


def test_many_equal_hashes_are_one_cluster():
    hashes = np.full(200_000, 77, dtype=np.uint64)
    hashes[-1] = 78
    assert perceptual_labels(hashes).tolist() == [0] * 199_999 + [199_999]


@pytest.mark.integration
def test_a_million_hashes():
    generator = np.random.default_rng(6)
    hashes = generator.integers(0, 2**64, 1_000_000, dtype=np.uint64)
    hashes[-500:] = hashes[:500] ^ (np.uint64(1) << generator.integers(0, 64, 500, dtype=np.uint64))
    labels = perceptual_labels(hashes)
    assert np.flatnonzero(labels != np.arange(1_000_000)).tolist() == list(range(999_500, 1_000_000))
    assert labels[-500:].tolist() == list(range(500))


def test_a_real_scene_saved_again_is_found(mirror):
    folder = mirror / "aid150-rsicd" / "images" / "Port"
    pictures = [decode(path.read_bytes(), path.name) for path in sorted(folder.iterdir())[:20]]
    stream = io.BytesIO()
    pictures[7].save(stream, "PNG")
    pictures.append(decode(stream.getvalue(), "again.png"))
    hashes = np.array([int(perceptual_hash(picture), 16) for picture in pictures], dtype=np.uint64)
    assert perceptual_labels(hashes).tolist() == [*range(20), 7]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://Example.com/A.jpg", "https://example.com/A.jpg#top"),
        ("https://example.com:443", "https://example.com/"),
        (" http://example.com:80/a?b=1 ", "http://example.com/a?b=1"),
    ],
)
def test_addresses_of_one_thing_are_equal(first, second):
    assert plain_url(first) == plain_url(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://example.com/A.jpg", "http://example.com/a.jpg"),
        ("http://example.com/a?b=1", "http://example.com/a?b=2"),
        ("http://example.com:8080/a", "http://example.com/a"),
    ],
)
def test_addresses_of_two_things_differ(first, second):
    assert plain_url(first) != plain_url(second)


@pytest.mark.parametrize("text", ["", "no address", "http://[broken", "http://a:99999/", "//", "\ud800"])
def test_what_is_no_address_is_left_alone(text):
    assert plain_url(text) == text


def test_digests_are_the_first_half_of_sha256():
    keys, known = digests(["a", None, "", "\ud800"])
    assert keys[0].tobytes() == hashlib.sha256(b"a").digest()[:16]
    assert known.tolist() == [True, False, False, True]


def test_rs5m_order_of_sources():
    rule = Copies(steps=(EqualCopies(kind="equal"),), prefer=("laion2b", "coyo700m"), last=("laioncoco",))
    assert source_ranks(["laioncoco", "cc3m", "coyo700m", "laion2b"], rule).tolist() == [3, 2, 1, 0]


def test_each_step_sees_what_the_earlier_ones_left():
    rule = Copies(
        steps=(EqualCopies(kind="equal", value="url"), PerceptualCopies(kind="perceptual"), EmbeddingCopies(kind="embedding")),
        last=("laioncoco",),
    )
    looks = Looks(
        {"url": digests(["u", "u", None, None, "v", "w"])},
        np.array([1, 1 << 40, 3, 1 << 50, 1 << 40, 1 << 20], dtype=np.uint64),
        np.array([[1, 0], [0, 1], [5, 5], [2, 0], [-1, 0], [0.9, 0.1]]),
    )
    sources = ["laioncoco", "cc3m", "cc3m", "cc3m", "cc3m", "laioncoco"]
    found = find_copies(["a", "b", "c", "d", "e", "f"], sources, looks, rule)
    assert [(copy.position, copy.stays, copy.reason, copy.detail) for copy in found] == [
        (0, 1, "copy: equal address", "b"),  # so that it cannot join 2 by hash
        (4, 1, "copy: near by perceptual hash", "b"),
        (5, 3, "copy: alike by embedding", "d"),  # cosine 0.994
    ]


def test_a_missing_column_is_named():
    for step, word in (
        (EqualCopies(kind="equal", value="caption"), "caption"),
        (PerceptualCopies(kind="perceptual"), "hashes"),
        (EmbeddingCopies(kind="embedding"), "embeddings"),
    ):
        with pytest.raises(ValueError, match=word):
            find_copies(["a"], ["s"], Looks({}), Copies(steps=(step,)))


def test_nothing_at_all_has_no_copies():
    assert perceptual_labels(np.empty(0, dtype=np.uint64)).tolist() == []
    rule = Copies(steps=(EqualCopies(kind="equal"), PerceptualCopies(kind="perceptual"), EmbeddingCopies(kind="embedding")))
    looks = Looks({"sha256": digests([])}, np.empty(0, dtype=np.uint64), np.empty((0, 4)))
    assert find_copies([], [], looks, rule) == []
