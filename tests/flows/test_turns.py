"""Turns by rank."""

import threading
import time

from flows.turns import Turns


def work_through(at_once: int, ranks: list[int]) -> tuple[list[int], int]:
    """Let threads ask for turns in the given order while one holds all of them; return the order of work and the most at once."""
    turns, done, lock = Turns(at_once), [], threading.Lock()
    state = {"now": 0, "most": 0}
    blocked = threading.Event()

    def hold() -> None:
        with turns.turn(-1):
            blocked.wait()

    def work(rank: int) -> None:
        with turns.turn(rank):
            with lock:
                done.append(rank)
                state["now"] += 1
                state["most"] = max(state["most"], state["now"])
            time.sleep(0.01)
            with lock:
                state["now"] -= 1

    holders = [threading.Thread(target=hold) for _ in range(at_once)]
    threads = [threading.Thread(target=work, args=(rank,)) for rank in ranks]
    for thread in [*holders, *threads]:
        thread.start()
        time.sleep(0.01)
    blocked.set()
    for thread in [*holders, *threads]:
        thread.join(10)
    return done, state["most"]


def test_the_first_in_the_plan_goes_first() -> None:
    assert work_through(1, [5, 3, 9, 1]) == ([1, 3, 5, 9], 1)


def test_so_many_at_once() -> None:
    done, most = work_through(2, list(range(8)))
    assert (sorted(done), most) == (list(range(8)), 2)


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(1)
    for _ in range(2):
        try:
            with turns.turn(0):
                raise RuntimeError
        except RuntimeError:
            pass
    assert work_through(1, [0]) == ([0], 1)
