"""The same tasks on a Dask cluster. Scheduling, transport and the loss of workers are Dask's business, not ours.

Each thread of a Dask worker keeps one guarded process of `pool.py`, so that limits a message hold there too. Archives
must be readable under the same paths on every machine of the cluster, and hunklint installed in the same version.
"""

from __future__ import annotations

import importlib
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from linter.audit.job import TARGET, Job
from linter.audit.pool import Failed, Limits, Pool
from linter.errors import UsageError

distributed: Any = importlib.import_module("distributed")  # it is only half typed
TIMEOUT = 30
_ours = threading.local()


def run_batch(target: str, job: Job, limits: Limits, items: Sequence[Any]) -> list[Any]:
    """On a Dask worker: one batch, through the process that this thread keeps."""
    kept = getattr(_ours, "kept", None)
    if kept is None or kept[0] != (target, job, limits):
        if kept is not None:
            kept[1].close()
        kept = _ours.kept = ((target, job, limits), Pool(target, job, 1, limits))
    pool: Pool = kept[1]
    pool.submit(items)
    return pool.next()[1]


class DaskExecutor:
    """Batches as futures; the oldest is waited for first."""

    def __init__(self, job: Job, address: str, limits: Limits, target: str = TARGET) -> None:
        self.target = target
        self.limits = limits
        self._cluster: Any = None
        self._queue: deque[tuple[Sequence[Any], Any]] = deque()
        kind, _, count = address.partition(":")
        if kind == "local":
            if not count.isdigit() or int(count) < 1:
                raise UsageError(f"`--dask {address}` starts no cluster", "write it like local:4")
            self._cluster = distributed.LocalCluster(
                n_workers=int(count), threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
            )
        try:
            self.client = distributed.Client(self._cluster or address, timeout=TIMEOUT)
        except (OSError, ValueError) as error:
            raise UsageError(f"no Dask scheduler at {address}: {error}", "give tcp://HOST:PORT, or local:N") from error
        self.job = job

    @property
    def capacity(self) -> int:
        """Three batches a thread, counted anew: workers come and go."""
        threads: int = sum(self.client.nthreads().values())
        return max(4, 3 * threads)

    @property
    def pending(self) -> int:
        """Batches submitted and not yet handed out."""
        return len(self._queue)

    def submit(self, items: Sequence[Any]) -> None:
        """Queue a batch."""
        future = self.client.submit(run_batch, self.target, self.job, self.limits, list(items), pure=False, retries=2)
        self._queue.append((items, future))

    def poll(self, seconds: float = 0.0) -> bool:
        """Whether `next` would return at once, or within so many seconds."""
        if not self._queue:
            return False
        future = self._queue[0][1]
        if seconds and not future.done():
            with suppress(TimeoutError):
                distributed.wait([future], timeout=seconds)
        return bool(future.done())

    def next(self) -> tuple[Sequence[Any], list[Any]]:
        """The oldest batch; one that took several workers with it has failed as a whole."""
        items, future = self._queue.popleft()
        try:
            return items, list(future.result())
        except distributed.KilledWorker:
            return items, [Failed("crashed: the Dask worker was lost")] * len(items)

    def close(self) -> None:
        """Cancel what is under way, and stop a cluster that was started here."""
        for _, future in self._queue:
            future.cancel()
        self._queue.clear()
        self.client.close()
        if self._cluster is not None:
            self._cluster.close()
