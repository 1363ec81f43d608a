"""The pool: order, limits, and what becomes of items that misbehave."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linter.audit.pool import AHEAD, Failed, Limits, Pool
from linter.errors import InternalError, LinterError, UsageError

HERE = "tests.audit.test_pool"


def prepare(factor: int) -> Callable[[Any], Any]:
    """Multiply; some items do harm."""

    def work(item: Any) -> Any:
        match item:
            case "segv":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "spin":
                while True:
                    pass
            case "eat":
                return bytearray(64 << 30)
            case "pid":
                return os.getpid()
            case "raise":
                raise ValueError("no such thing")
            case "told":
                raise UsageError("what happened", "what to do")
            case ("once", path):
                if not Path(path).exists():
                    Path(path).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                return "second time"
            case ("late", seconds):
                time.sleep(seconds)
                return "late"
        return item * factor

    return work


def refuse(_: object) -> Callable[[Any], Any]:
    """A set-up that fails."""
    raise UsageError("no rulebook", "write one")


def test_answers_come_in_the_order_of_the_items() -> None:
    batches = [[("late", 0.3), 1], [2, 3], [4], [], [5]]
    with Pool(f"{HERE}:prepare", 10, 2) as pool:
        assert list(pool.map(batches)) == ["late", 10, 20, 30, 40, 50]


def test_one_bad_item_costs_nothing_but_itself() -> None:
    items = [1, "segv", 2, "spin", 3, "eat", 4, "raise", 5]
    with Pool(f"{HERE}:prepare", 10, 2, Limits(1.0, 1024)) as pool:
        answers = list(pool.map([items]))
    assert [answer for answer in answers if not isinstance(answer, Failed)] == [10, 20, 30, 40, 50]
    assert [answer.reason for answer in answers if isinstance(answer, Failed)] == [
        "crashed: SIGSEGV",
        "hung: more than 1 s of CPU time",
        "out of memory",
        "ValueError: no such thing",
    ]


def test_a_busy_worker_does_not_hold_up_the_others() -> None:
    with Pool(f"{HERE}:prepare", 10, 2) as pool:
        pool.submit([("late", 1.5)])
        for number in range(pool.capacity - 1):
            pool.submit([number])
        assert pool.next()[1] == ["late"]
        done = sum(batch.complete for batch in pool._order)
        assert done >= pool.capacity - 1 - AHEAD


def test_two_bad_items_in_one_batch_cost_nothing_but_themselves() -> None:
    items = [1, "segv", "segv", 2, "spin", 3]
    with Pool(f"{HERE}:prepare", 10, 1, Limits(1.0, 1024)) as pool:
        (first, *others) = pool.map([items, [4], [5]])
    assert [first, *others] == [10, Failed("crashed: SIGSEGV"), Failed("crashed: SIGSEGV"), 20,
        Failed("hung: more than 1 s of CPU time"), 30, 40, 50]  # fmt: skip


def test_answers_travel_together_but_none_waits_long() -> None:
    """A batch of slow items is heard of before it is done: else a slow one would look like one that hangs."""
    with Pool(f"{HERE}:prepare", 10, 1) as pool:
        pool.submit([1, ("late", 0.6), ("late", 0.6), 2])
        heard = []
        batch = pool._order[0]
        while not batch.complete:
            pool._turn()
            heard.append(len(batch.answers))
    assert {2, 3} & set(heard) and heard[-1] == 4 and 1 not in heard


def test_a_worker_killed_from_outside_costs_no_item(tmp_path: Path) -> None:
    with Pool(f"{HERE}:prepare", 1) as pool:
        assert list(pool.map([[1, ("once", str(tmp_path / "mark")), 2]])) == [1, "second time", 2]


def test_our_own_errors_keep_title_help_and_code() -> None:
    with Pool(f"{HERE}:prepare", 1) as pool:
        (answer,) = pool.map([["told"]])
    assert answer.told == ("what happened", "what to do", 2)


def test_a_set_up_that_fails_is_told() -> None:
    with Pool(f"{HERE}:refuse", 1) as pool, pytest.raises(LinterError) as caught:
        list(pool.map([[1]]))
    assert (caught.value.title, caught.value.exit_code) == ("no rulebook", 2)


def test_a_target_that_is_not_there_is_told() -> None:
    with Pool("tests.audit.nowhere:prepare", 1) as pool, pytest.raises(InternalError):
        list(pool.map([[1]]))


def test_input_is_taken_no_faster_than_it_is_worked_on() -> None:
    taken = []

    def batches() -> Any:
        for number in range(100):
            taken.append(number)
            yield [number]

    with Pool(f"{HERE}:prepare", 1) as pool:
        next(iter(pool.map(batches())))
        assert len(taken) <= pool.capacity + 1


def test_a_worker_is_replaced_after_its_lifetime() -> None:
    with Pool(f"{HERE}:prepare", 1, 1, lifetime=10) as pool:
        real, alive = pool._start, []
        pool._start = lambda: [alive.append(len(pool._workers)), real()][1]  # type: ignore[method-assign]  # to look on
        pids = list(pool.map([["pid"] for _ in range(25)]))
    assert alive == [0, 0, 0], "one leaves before the next comes: memory is that of one"
    assert [len(list(same)) for _, same in itertools.groupby(pids)] == [10, 10, 5]


def test_an_interrupt_does_not_end_a_worker_that_starts() -> None:
    with Pool(f"{HERE}:prepare", 10, 2) as pool:
        pool.submit([1])
        pool.submit([2])
        for worker in pool._workers:
            worker.process.send_signal(signal.SIGINT)
        assert [pool.next()[1], pool.next()[1]] == [[10], [20]]


def test_closing_leaves_no_process_behind() -> None:
    pool = Pool(f"{HERE}:prepare", 1, 2)
    pool.submit([("late", 30)])
    pool.submit([1])
    processes = [worker.process for worker in pool._workers]
    pool.close()
    assert processes and all(process.poll() is not None for process in processes)
