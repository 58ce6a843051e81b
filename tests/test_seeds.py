"""Generators depend on names only."""

import hashlib
import itertools
from collections import Counter

import numpy as np
import pytest

from rsvlm.seeds import Draws, numpy_generator, seed_of, torch_generator


def test_seed_is_the_hash_of_the_typed_parts() -> None:
    expected = int(hashlib.sha256(b"int:7\x1fstr:split").hexdigest()[:16], 16) >> 1
    assert seed_of(7, "split") == expected
    assert 0 <= seed_of("x") < 2**63


def test_parts_do_not_run_together() -> None:
    assert len({seed_of("a", "b"), seed_of("ab"), seed_of("a", 1), seed_of("a", "1"), seed_of("b", "a")}) == 5


def test_the_same_name_gives_the_same_numbers() -> None:
    assert np.array_equal(numpy_generator(7, "x").random(5), numpy_generator(7, "x").random(5))
    assert not np.array_equal(numpy_generator(7, "x").random(5), numpy_generator(8, "x").random(5))


def test_other_generators_do_not_disturb() -> None:
    generator = numpy_generator("a")
    np.random.seed(1)
    first = generator.random()
    np.random.random()
    assert numpy_generator("a").random() == first


def test_torch_takes_the_same_seed() -> None:
    generator = torch_generator(7, "weights")
    assert generator.initial_seed() == seed_of(7, "weights")


def test_draws_are_the_high_words_of_salted_digests() -> None:
    digests = [hashlib.blake2b(b"int:7\x1fstr:b2c\x1fstr:p1", salt=bytes(15) + bytes([block])).hexdigest() for block in range(3)]
    words = [int(digest[start : start + 16], 16) for digest in digests for start in range(0, 128, 16)]
    draws = Draws(7, "b2c", "p1")
    assert [draws.below(1 + position) for position in range(24)] == [word * (1 + p) // 2**64 for p, word in enumerate(words)]
    assert words[0] == 0x96A850C4089024A0  # b2sum of the name: a salt of zeros is none


def test_draws_of_a_name_are_the_same_whatever_else_is_drawn() -> None:
    first, other = Draws("a", 1), Draws("b")
    mixed = []
    for _ in range(30):
        mixed.append(first.below(1000))
        other.sample(range(9), 4)
        numpy_generator("a", 1).random()
    again = Draws("a", 1)
    assert mixed == [again.below(1000) for _ in range(30)]
    assert mixed != [Draws("a", name).below(1000) for name in range(30)]


def chi_square(counts: Counter, cells: int) -> float:
    expected = counts.total() / cells
    return sum((counts[cell] - expected) ** 2 / expected for cell in counts) + expected * (cells - len(counts))


# The 99.9 % points of the chi-square distribution, as tables print them, by degrees of freedom.
LIMITS = {1: 10.83, 2: 13.82, 6: 22.46, 9: 27.88, 14: 36.12, 19: 43.82}


@pytest.mark.parametrize("count", [2, 3, 7, 10])
def test_numbers_below_a_count_are_equally_likely(count: int) -> None:
    draws = Draws("uniform", count)
    assert chi_square(Counter(draws.below(count) for _ in range(20_000)), count) < LIMITS[count - 1]


def test_the_first_draws_of_many_names_are_equally_likely() -> None:
    assert chi_square(Counter(Draws("record", row).choose("abcdefg") for row in range(20_000)), 7) < LIMITS[6]


def test_neighbouring_draws_are_independent() -> None:
    draws = Draws("pairs")
    pairs = Counter((draws.below(5), draws.below(4)) for _ in range(20_000))
    assert chi_square(pairs, 20) < LIMITS[19]


def test_samples_are_drawn_without_replacement_and_every_order_is_equally_likely() -> None:
    draws = Draws("sample")
    ordered = Counter(tuple(draws.sample("abcde", 2)) for _ in range(20_000))
    assert set(ordered) == set(itertools.permutations("abcde", 2))
    assert chi_square(ordered, 20) < LIMITS[19]
    sets = Counter(frozenset(draws.sample("abcdef", 4)) for _ in range(15_000))
    assert set(sets) == set(map(frozenset, itertools.combinations("abcdef", 4)))
    assert chi_square(sets, 15) < LIMITS[14]


def test_a_sample_of_all_is_a_permutation_and_a_sample_of_none_is_empty() -> None:
    options = ["a", "a", "b"]
    assert sorted(Draws("all").sample(options, 3)) == options
    assert Draws("none").sample(options, 0) == []
    assert options == ["a", "a", "b"]


def test_counts_near_the_size_of_a_word_are_drawn_from() -> None:
    draws = Draws("large")
    drawn = [draws.below(2**63) for _ in range(200)]
    assert 0 <= min(drawn) < 2**59 < 2**62 + 2**61 < max(drawn) < 2**63
    assert Draws("one").below(1) == 0


@pytest.mark.parametrize("take", [lambda draws: draws.choose([]), lambda draws: draws.sample("ab", 3)])
def test_what_is_not_there_cannot_be_drawn(take) -> None:
    with pytest.raises(IndexError):
        take(Draws("nothing"))
