"""Generators depend on names only."""

import hashlib

import numpy as np

from rsvlm.seeds import numpy_generator, seed_of, torch_generator


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
