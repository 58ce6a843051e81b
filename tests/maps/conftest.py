from collections.abc import Callable

import pytest

from rsvlm.records.unfit import Unfit


class Faults(list[tuple[str, Unfit]]):
    """Collects what a reader sets aside."""

    def __call__(self, id: str, fault: Unfit) -> None:
        self.append((id, fault))

    @property
    def reasons(self) -> list[str]:
        return [fault.reason for _, fault in self]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="session")
def new_faults() -> Callable[[], Faults]:
    return Faults
