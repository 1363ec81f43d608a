"""Who does the work: local processes, or a Dask cluster. Both take batches of tasks and answer in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from linter.audit.job import TARGET, Job
from linter.audit.pool import Limits, Pool
from linter.errors import UsageError


class Executor(Protocol):
    """What an audit runs its tasks on."""

    @property
    def capacity(self) -> int:
        """Batches worth having under way."""

    @property
    def pending(self) -> int:
        """Batches submitted and not yet handed out."""

    def submit(self, items: Sequence[Any]) -> None:
        """Queue a batch."""

    def poll(self, seconds: float = 0.0) -> bool:
        """Whether `next` would return at once, or within so many seconds."""

    def next(self) -> tuple[Sequence[Any], list[Any]]:
        """The oldest batch and its answers: an `Answer` or a `Failed` for each task."""

    def close(self) -> None:
        """Let go of everything."""


def make_executor(job: Job, *, jobs: int, dask: str | None, limits: Limits) -> Executor:
    """The executor that the command line asks for."""
    if dask is None:
        return Pool(TARGET, job, jobs, limits)
    try:
        import distributed  # noqa: F401 - only to tell early that it is missing
    except ImportError as error:
        raise UsageError("Dask is not installed", "install hunklint[dask]") from error
    from linter.audit.dask_executor import DaskExecutor

    return DaskExecutor(job, dask, limits)
