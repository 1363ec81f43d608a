"""A real Dask cluster of several processes gives the same database, also when one of them dies in mid-run."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from linter.audit.pool import Limits
from linter.errors import UsageError
from tests.audit.archive import mail, many, patch_body, write_mbox
from tests.audit.driver import audit, dump
from tests.audit.standin import TARGET, StandinJob
from tests.audit.test_run import ask

distributed = pytest.importorskip("distributed", reason="dask[distributed] is not installed")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> object:
    """A Dask executor that runs the stand-in."""
    from linter.audit import dask_executor

    def build(job: StandinJob, workers: int, limits: Limits) -> dask_executor.DaskExecutor:
        return dask_executor.DaskExecutor(job, f"local:{workers}", limits, TARGET)

    return build


def test_a_cluster_gives_the_same_database(tmp_path: Path, make: object) -> None:
    bad = mail("bad", "[PATCH] bad", patch_body("a/b.c", ["\tkmalloc();"], words="CRASH-ME"))
    box = write_mbox(tmp_path / "box", [*many(20), bad])
    job, limits = StandinJob(), Limits(10, 1024)
    audit(tmp_path / "a.sqlite", [str(box)], job=job, limits=limits)
    audit(tmp_path / "b.sqlite", [str(box)], job=job, executor=make(job, 2, limits))  # type: ignore[operator]  # fixture
    assert dump(tmp_path / "b.sqlite") == dump(tmp_path / "a.sqlite")
    assert ask(tmp_path / "b.sqlite", "SELECT reason FROM skipped") == [("crashed: SIGSEGV",)]


def test_a_worker_killed_in_mid_run_changes_nothing(tmp_path: Path, make: object) -> None:
    box = write_mbox(tmp_path / "box", many(60))
    audit(tmp_path / "a.sqlite", [str(box)])
    job = StandinJob(pause=0.02)
    executor = make(job, 3, Limits(10, 1024))  # type: ignore[operator]  # a fixture
    before = set(executor.client.scheduler_info(n_workers=-1)["workers"])
    killed: list[int] = []

    def strike() -> None:
        """Kill one worker process once results have come in."""
        while not killed:
            time.sleep(0.02)
            try:
                done = ask(tmp_path / "b.sqlite", "SELECT count(*) FROM messages WHERE outcome IS NOT NULL")[0][0]
            except Exception:
                continue
            if done > 10:
                pid = next(iter(executor.client.run(os.getpid).values()))
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    thread = threading.Thread(target=strike)
    thread.start()
    audit(tmp_path / "b.sqlite", [str(box)], job=job, executor=executor)
    thread.join()
    assert killed and len(before) == 3
    assert dump(tmp_path / "b.sqlite") == dump(tmp_path / "a.sqlite")
    assert ask(tmp_path / "b.sqlite", "SELECT count(*) FROM skipped") == [(0,)]


@pytest.mark.parametrize("address", ["local:", "local:x", "tcp://127.0.0.1:1"])
def test_a_bad_address_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from linter.audit import dask_executor

    monkeypatch.setattr(dask_executor, "TIMEOUT", 1)
    with pytest.raises(UsageError):
        dask_executor.DaskExecutor(StandinJob(), address, Limits())  # type: ignore[arg-type]  # never gets to a worker
