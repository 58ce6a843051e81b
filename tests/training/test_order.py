import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.training.order import Worker, micro_batches, permutation, rows_of_step


@pytest.mark.parametrize(("samples", "batch"), [(10, 3), (7, 7), (5, 12), (1, 4)])
def test_every_epoch_visits_every_sample_once(samples, batch):
    epochs = 6
    steps = -(-samples * epochs // batch)
    row = [sample for step in range(steps) for sample in rows_of_step(samples, batch, seed=3, step=step)]
    for epoch in range(epochs):
        part = row[epoch * samples : (epoch + 1) * samples]
        assert sorted(part) == list(range(samples))
        assert part == permutation(samples, 3, epoch).tolist()


def test_order_follows_from_seed_and_step_alone():
    first = [rows_of_step(100, 8, 1, step) for step in range(40)]
    assert [rows_of_step(100, 8, 1, step) for step in reversed(range(40))] == first[::-1]
    assert rows_of_step(100, 8, 2, 0) != first[0]
    assert first[0] != rows_of_step(100, 8, 1, 13)


@pytest.mark.parametrize(("size", "accumulate"), [(1, 1), (2, 1), (2, 3), (3, 2)])
def test_workers_share_a_step_without_loss_or_overlap(size, accumulate):
    rows = rows_of_step(100, 12, 1, 0)
    parts = [part for rank in range(size) for part in micro_batches(rows, accumulate, Worker(rank, size))]
    assert [row for part in parts for row in part] == rows
    assert {len(part) for part in parts} == {12 // (size * accumulate)}


def test_a_step_that_cannot_be_shared_out_is_refused():
    with pytest.raises(ConfigurationError, match="no multiple of 1 micro-batches x 3 workers"):
        micro_batches([1, 2, 3, 4], 1, Worker(0, 3))
