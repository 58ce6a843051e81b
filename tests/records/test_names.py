"""Names seen so far."""

import sys

from rsvlm.records.names import NameSet


def test_holds_what_was_added_and_nothing_else():
    names, plain = NameSet(), set()
    for number in range(20_000):
        name = f"P{number * 7919 % 12_000:05d}"  # many come twice
        names.add(name)
        plain.add(name)
    assert len(names) == len(plain) == 12_000
    assert all(name in names for name in plain)
    assert not any(f"Q{number:05d}" in names for number in range(20_000))


def test_names_in_any_script_are_told_apart():
    names = NameSet()
    for name in ("船", "飛行場", "Порт", "ميناء", "port", ""):
        assert name not in names
        names.add(name)
        assert name in names
    assert "Port" not in names


def test_a_name_takes_a_fraction_of_what_a_set_takes():
    names, plain = NameSet(), set()
    for number in range(100_000):
        names.add(str(number))
        plain.add(number << 40)
    assert len(names) == 100_000
    of_a_set = sys.getsizeof(plain) + sum(map(sys.getsizeof, plain))
    assert sys.getsizeof(names._table) < of_a_set / 3
