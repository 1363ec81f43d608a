"""A pool of worker processes with limits an item: batches in, answers out in the order of the batches.

`concurrent.futures` gives up the whole pool when one worker dies, and cannot end an item that hangs. Here a worker
that crashes, hangs or eats memory costs the one item it was at: that becomes a `Failed`, the worker is replaced.

Example: `with Pool("linter.review.work:prepare", spec, jobs=2) as pool: for answer in pool.map(batches): ...` where
`prepare(spec)` runs once in each worker and returns the function that is called for every item.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any

from linter.audit.worker import SOURCE
from linter.errors import InternalError, LinterError
from linter.record import field, record

LIFETIME = 10_000
"""Items after which a worker is replaced: what caches and a fragmented heap keep does not grow with the archive."""
AHEAD = 2
"""Batches that a worker holds: while the next one is on its way it works."""
SLACK = 8
"""Batches under way for each worker: so long may one of them be busy with a single item before the others wait."""
WALL_FACTOR = 10
"""How much longer than its CPU time an item may take on the clock, on a busy machine."""


@record
class Failed:
    """What stands in the place of an answer. The reason holds no number that differs from run to run."""

    reason: str
    told: tuple[str, str, int] | None = None  # title, help, exit code where it was an error of ours


@record
class Limits:
    """What one item may cost. 0: no limit."""

    seconds: float = 60.0  # CPU time
    mebibytes: int = 2048  # address space of the worker


@record(frozen=False)
class _Batch:
    items: Sequence[Any]
    answers: list[Any] = field(default_factory=list)
    careful: bool = False  # it has cost a worker: each item is answered for at once, so that the guilty one is known
    deaths: int = 0  # workers that the next item has cost since

    @property
    def complete(self) -> bool:
        return len(self.answers) == len(self.items)


@record(frozen=False)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    batches: deque[_Batch] = field(default_factory=deque)
    ready: bool = False
    since: float = 0.0  # when it was last heard of, or given something to do
    given: int = 0  # items


class Pool:
    """Worker processes. `submit` never blocks, `next` waits for the oldest batch."""

    def __init__(
        self, target: str, argument: Any, jobs: int = 1, limits: Limits | None = None, lifetime: int = LIFETIME
    ) -> None:
        self.target = target
        self.argument = argument
        self.jobs = max(1, jobs)
        self.limits = limits or Limits()
        self.lifetime = lifetime
        self._workers: list[_Worker] = []
        self._todo: deque[_Batch] = deque()
        self._order: deque[_Batch] = deque()

    @property
    def capacity(self) -> int:
        """Batches worth having under way."""
        return self.jobs * SLACK

    @property
    def pending(self) -> int:
        """Batches submitted and not yet handed out."""
        return len(self._order)

    def submit(self, items: Sequence[Any]) -> None:
        """Queue a batch."""
        batch = _Batch(items)
        self._order.append(batch)
        if not batch.complete:
            self._todo.append(batch)
        self._feed()

    def next(self) -> tuple[Sequence[Any], list[Any]]:
        """The oldest batch and its answers, one an item."""
        batch = self._order[0]
        while not batch.complete:
            self._turn()
        self._order.popleft()
        return batch.items, batch.answers

    def poll(self, seconds: float = 0.0) -> bool:
        """Whether `next` would return at once, or within so many seconds; feeds idle workers meanwhile."""
        if self._order and not self._order[0].complete:
            self._turn(seconds)
        return bool(self._order) and self._order[0].complete

    def map(self, batches: Iterable[Sequence[Any]]) -> Iterator[Any]:
        """Answers for all items of all batches, in order; input is taken no faster than it is worked on."""
        for batch in batches:
            self.submit(batch)
            while self.pending >= self.capacity:
                yield from self.next()[1]
        while self.pending:
            yield from self.next()[1]

    def close(self) -> None:
        """Let workers go; what is under way is dropped."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            try:
                worker.process.wait(0.5)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers.clear()
        self._todo.clear()
        self._order.clear()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _feed(self) -> None:
        while self._todo:
            idle = min(
                (one for one in self._workers if one.ready and len(one.batches) < AHEAD and one.given < self.lifetime),
                key=lambda one: len(one.batches), default=None,
            )  # fmt: skip
            starting = sum(not one.ready for one in self._workers)
            # one that is to leave leaves first: two of them at once would need the memory of two
            if (idle is None or idle.batches) and starting < len(self._todo) and len(self._workers) < self.jobs:
                self._workers.append(self._start())
            if idle is None:
                return
            self._give(idle, self._todo.popleft())

    def _give(self, worker: _Worker, batch: _Batch) -> None:
        if not worker.batches:
            worker.since = time.monotonic()
        items = list(batch.items[len(batch.answers) :])
        worker.batches.append(batch)
        worker.given += len(items)
        try:
            worker.connection.send((batch.careful, items))
        except OSError:  # it is gone; what it had answered for stands in the pipe still
            if len(worker.batches) == 1:  # it died while idle: nothing of the batch was begun
                self._take_back(worker)
                self._drop(worker)

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        package = str(Path(__file__).resolve().parents[2])
        command = [sys.executable, "-P", "-c", SOURCE, package, str(theirs.fileno())]
        # equal runs must walk sets in equal order: a database is compared byte by byte
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C must not end it while it starts
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, env=environment)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        ours.send((self.target, self.argument, self.limits.seconds, self.limits.mebibytes))
        return _Worker(process, ours, since=time.monotonic())

    def _turn(self, timeout: float | None = None) -> None:
        """Take what workers have to say, waiting for something to happen."""
        self._feed()
        pause = self._pause() if timeout is None else timeout
        for connection in wait([worker.connection for worker in self._workers], pause):
            worker = next(one for one in self._workers if one.connection is connection)
            try:
                kind, value, told = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker, _cause(worker.process, self.limits))
                continue
            self._hear(worker, kind, value, told)
        self._end_hung()
        self._feed()

    def _hear(self, worker: _Worker, kind: str, value: Any, told: tuple[str, str, int] | None) -> None:
        if kind == "ready":
            worker.ready = True
        elif kind == "broken":
            raise _error(value, told)
        elif worker.batches:
            batch = worker.batches[0]
            batch.answers += [Failed(*answer) if failed else answer for failed, answer in value]
            batch.deaths = 0
            worker.since = time.monotonic()
            if batch.complete:
                worker.batches.popleft()
                if worker.given >= self.lifetime and not worker.batches:
                    self._retire(worker)

    def _pause(self) -> float | None:
        limit = self.limits.seconds * WALL_FACTOR
        began = [worker.since for worker in self._workers if worker.batches]
        return max(0.05, min(began) + limit - time.monotonic()) if began and limit else None

    def _end_hung(self) -> None:
        limit = self.limits.seconds * WALL_FACTOR
        for worker in list(self._workers):
            if limit and worker.batches and time.monotonic() - worker.since > limit:
                worker.process.kill()
                self._bury(worker, "hung: no end in sight")

    def _bury(self, worker: _Worker, reason: str) -> None:
        """A worker died: the item it was at has failed, the rest of what it held goes to another."""
        if not worker.ready and not worker.batches:
            self._drop(worker)
            raise InternalError(f"a worker process cannot start ({reason})", "look at what it wrote above")
        batch = worker.batches[0] if worker.batches else None
        self._take_back(worker)
        self._drop(worker)
        if batch is None or not reason:
            return
        if not batch.careful and len(batch.items) - len(batch.answers) > 1:  # which of them it was at is not known
            batch.careful = True
            return
        # somebody may have killed the worker: an item is to blame if it takes a second one down
        batch.deaths += 1
        if batch.deaths > 1 or not reason.startswith("crashed"):
            batch.answers.append(Failed(reason))
            batch.deaths = 0
            if batch.complete:
                self._todo.remove(batch)

    def _take_back(self, worker: _Worker) -> None:
        """What a worker had not answered for is to do again, before all else."""
        self._todo.extendleft(reversed(worker.batches))
        worker.batches.clear()

    def _retire(self, worker: _Worker) -> None:
        """Let an idle worker go: it ends with its pipe."""
        worker.connection.close()
        worker.process.wait()
        self._workers.remove(worker)

    def _drop(self, worker: _Worker) -> None:
        with suppress(OSError):
            worker.connection.close()
        worker.process.kill()
        worker.process.wait()
        self._workers.remove(worker)


def _cause(process: subprocess.Popen[bytes], limits: Limits) -> str:
    """Why a worker is gone; "" where it left by itself, having answered for all it had begun."""
    code = process.wait()
    if code == 0:
        return ""
    if code == -signal.SIGPROF:
        return f"hung: more than {limits.seconds:g} s of CPU time"
    if code < 0:
        return f"crashed: {signal.Signals(-code).name}"
    return f"crashed: exit status {code}"


def _error(reason: str, told: tuple[str, str, int] | None) -> LinterError:
    if told is None:
        return InternalError(f"a worker process cannot start: {reason}")
    error = LinterError(told[0], told[1])
    error.exit_code = told[2]
    return error


def default_jobs() -> int:
    """Processors that this process may use."""
    return max(1, len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
