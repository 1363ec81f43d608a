"""Archives: throughput against checkpatch.pl, two processes against one, memory at ten times the size, and kills.

    python tests/benchmarks/bench_audit.py --mbox scale-12k.mbox --checkpatch scripts/checkpatch.pl [--scratch DIR]

Everything in one run on one machine, a table at the end; ratios are what counts. CPU time is that of the whole process
tree. Peak memory is the most that the processes alive at one time had each used at their peak, added up. The ten-fold
archive repeats every message under new Message-IDs and is judged in full (`--copies message-id`); it needs ten times
the space, and is removed afterwards.

Clocks lie on a machine that others use too. So for two jobs there are also figures from the kernel's accounts of each
process (`/proc/PID/schedstat`): how long workers had nothing to do (blocked, neither running nor waiting for a
processor), and what follows from that for a machine that nobody else uses. Two cores that share caches, memory and
perhaps one core's units give less than twice one core: two unrelated runs at once tell how much there is to be had.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FROM = re.compile(rb"^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\n", re.MULTILINE)
PERL = ("--no-tree", "-q", "--terse", "--no-summary", "--showfile")


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    wall: float
    cpu: float
    peak: float  # MiB
    parent: float  # CPU time of the process that scans and writes
    blocked: float  # share of the workers' lives in which they had nothing to do

    def alone(self, jobs: int) -> float:
        """Seconds on two processors that nobody else uses: one worker has its own, two share theirs with the scan."""
        share = self.cpu - self.parent if jobs == 1 else self.cpu / 2
        return share / (1 - self.blocked)


def measure(command: Sequence[str], cores: set[int] | None = None) -> Cost:
    """Run a command to its end (on some cores), watching its process tree."""
    began = time.monotonic()
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin)
    peak = 0
    lives: dict[int, tuple[float, float, float, float]] = {}  # first and last seen, running, waiting for a processor
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        alive = tree(process.pid)
        peak = max(peak, sum(high_water(pid) for pid in alive))
        for pid in alive:
            note_life(pid, lives)
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    cpu = usage.ru_utime + usage.ru_stime
    parent = lives.pop(process.pid, (0, 0, 0, 0))[2]
    spans = [(last - first, running + waiting) for first, last, running, waiting in lives.values()]
    whole = sum(life for life, _ in spans)
    blocked = max(0.0, 1 - sum(used for _, used in spans) / whole) if whole else 0.0
    return Cost(time.monotonic() - began, cpu, peak / 1024, parent, blocked)


def note_life(pid: int, lives: dict[int, tuple[float, float, float, float]]) -> None:
    """Take down what the kernel says a process has done since it was first seen."""
    try:
        running, waiting, _ = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
    except (OSError, ValueError):
        return
    now = time.monotonic()
    lives[pid] = (lives[pid][0] if pid in lives else now, now, running / 1e9, waiting / 1e9)


def tree(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return found


def high_water(pid: int) -> int:
    """Peak resident KiB of a process so far; 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) if found else 0


def contents(db: Path) -> list[str]:
    """Every row of every table, but those that hold times of the runs."""
    connection = sqlite3.connect(db)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = [f"{n}{row!r}" for n in names if n != "runs" for row in connection.execute(f"SELECT * FROM {n}")]
    connection.close()
    return sorted(rows)


def remove(db: Path) -> None:
    """Delete a database with what lies beside it."""
    for path in db.parent.glob(f"{db.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def audit(options: argparse.Namespace, mbox: Path, db: Path, jobs: int, *more: str) -> list[str]:
    """The command that audits an mbox into a new database."""
    remove(db)
    return [options.command, "audit", "run", str(mbox), "--db", str(db), "-q", "--jobs", str(jobs), *more]


class Report:
    """Lines as they come, and the table at the end."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []

    def add(self, what: str, value: str, goal: str = "") -> None:
        """One figure."""
        self.rows.append((what, value, goal))
        print(f"{what}: {value}{f' (must: {goal})' if goal else ''}", flush=True)

    def cost(self, what: str, cost: Cost, count: int) -> None:
        """What a run took."""
        each = f"{1e3 * cost.cpu / count:.2f} ms CPU a patch, {count / cost.wall:.0f} patches/s by the clock"
        shares = (
            f"scanning process {100 * cost.parent / cost.cpu:.1f} % of CPU, workers idle {100 * cost.blocked:.1f} %"
        )
        self.add(what, f"{cost.wall:.1f} s, {cost.cpu:.1f} s CPU, {each}, {shares}, peak {cost.peak:.0f} MiB")

    def table(self) -> str:
        """All figures as Markdown."""
        rows = "".join(f"| {what} | {value} | {goal} |\n" for what, value, goal in self.rows)
        return f"\n| what | measured | must |\n|---|---|---|\n{rows}"


def against_checkpatch(options: argparse.Namespace, messages: Sequence[bytes], scratch: Path, report: Report) -> None:
    """The same patches through both."""
    step = max(1, len(messages) // options.patches)
    sample = messages[::step][: options.patches]
    folder = scratch / "sample"
    folder.mkdir()
    files = []
    for number, message in enumerate(sample):
        files.append(str(folder / f"{number:05}.patch"))
        Path(files[-1]).write_bytes(message)
    box = scratch / "sample.mbox"
    box.write_bytes(b"".join(sample))
    ours = min((measure(audit(options, box, scratch / "s.sqlite", 1)) for _ in range(3)), key=lambda cost: cost.cpu)
    theirs = measure(["perl", str(options.checkpatch), *PERL, *files])
    n = len(sample)
    each = f"audit {1e3 * ours.cpu / n:.2f} ms, checkpatch {1e3 * theirs.cpu / n:.2f} ms"
    report.add(f"{n} patches, one worker against checkpatch.pl in batch mode, CPU a patch", each)
    report.add("throughput against checkpatch.pl", f"{theirs.cpu / ours.cpu:.1f} times", "20")


def one_and_two(options: argparse.Namespace, count: int, scratch: Path, report: Report) -> Cost:
    """The whole archive with one worker and with two, and with everything on one core; returns the cost with two."""
    core = measure(audit(options, options.mbox, scratch / "core.sqlite", 1), {min(os.sched_getaffinity(0))})
    one = measure(audit(options, options.mbox, scratch / "one.sqlite", 1))
    two = measure(audit(options, options.mbox, scratch / "two.sqlite", 2))
    for name, cost in (("1 job on one core", core), ("1 job", one), ("2 jobs", two)):
        report.cost(f"{count} patches, {name}", cost, count)
    report.add("two cores against one core, by the clock", f"{core.wall / two.wall:.2f} times", "1.8")
    report.add("2 jobs against 1 job, by the clock", f"{one.wall / two.wall:.2f} times")
    report.add("two cores against one core, undisturbed", f"{core.cpu / two.alone(2):.2f} times", "1.8")
    report.add("2 jobs against 1 job, undisturbed", f"{one.alone(1) / two.alone(2):.2f} times")
    report.add("two unrelated runs at once against one after the other: what two cores of this machine can give",
               f"{2 * core.wall / at_once(options, scratch):.2f} times")  # fmt: skip
    same = contents(scratch / "one.sqlite") == contents(scratch / "two.sqlite") == contents(scratch / "core.sqlite")
    report.add("database with 1 and with 2 jobs", "identical" if same else "DIFFERENT", "identical")
    return two


def at_once(options: argparse.Namespace, scratch: Path) -> float:
    """Seconds that two runs over the archive take that know nothing of each other, each on a core of its own."""
    began = time.monotonic()
    runs = []
    for core in sorted(os.sched_getaffinity(0))[:2]:
        command = audit(options, options.mbox, scratch / f"apart-{core}.sqlite", 1)
        pin = functools.partial(os.sched_setaffinity, 0, {core})
        runs.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin))
    if any(run.wait() not in (0, 1) for run in runs):
        sys.exit("one of two runs at once failed")
    return time.monotonic() - began


def kills(options: argparse.Namespace, wall: float, scratch: Path, report: Report) -> None:
    """Three kills at random moments, then the same command to its end."""
    dice = random.Random(options.seed)
    db = scratch / "killed.sqlite"
    command = audit(options, options.mbox, db, 2)
    moments = []
    for _ in range(3):
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        moment = 1 + dice.random() * wall / 4
        time.sleep(moment)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            moments.append(f"{moment:.1f} s")
        process.wait()
    measure(command)
    same = contents(db) == contents(scratch / "one.sqlite")
    what = f"database after kills at {', '.join(moments)} against an undisturbed one"
    report.add(what, "identical" if same else "DIFFERENT", "identical")


def ten_fold(options: argparse.Namespace, messages: Sequence[bytes], once: Cost, scratch: Path, report: Report) -> None:
    """The archive ten times over: memory and throughput."""
    big, db = scratch / "ten.mbox", scratch / "ten.sqlite"
    with big.open("wb") as stream:
        for copy in range(options.times):
            for number, message in enumerate(messages):
                head, newline, rest = message.partition(b"\n")
                rest = re.sub(rb"(?im)\Amessage-id:[^\n]*\n", b"", rest)
                stream.write(head + newline + b"Message-ID: <%d.%d@bench.invalid>\n" % (copy, number) + rest)
    cost = measure(audit(options, big, db, 2, "--copies", "message-id"))
    big.unlink()
    count = options.times * len(messages)
    report.cost(f"{count} patches, 2 jobs", cost, count)
    growth = f"{cost.peak / once.peak:.2f} times ({once.peak:.0f} to {cost.peak:.0f} MiB)"
    report.add(f"peak memory at {options.times} times the size", growth, "at most 1.1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbox", type=Path, required=True, help="plain mbox of git format-patch mails")
    parser.add_argument("--first", type=int, help="take only so many messages of it")
    parser.add_argument("--checkpatch", type=Path)
    parser.add_argument("--patches", type=int, default=600, help="of the sample for checkpatch [600]")
    parser.add_argument("--times", type=int, default=10, help="size of the big archive; 0: none [10]")
    parser.add_argument("--scratch", type=Path, help="where databases and archives are made")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("hunklint")))
    options = parser.parse_args()
    data = options.mbox.read_bytes()
    starts = [match.start() for match in FROM.finditer(data)] + [len(data)]
    messages = [data[a:b] for a, b in itertools.pairwise(starts)][: options.first]
    del data
    report = Report()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        scratch = Path(folder)
        if options.first:
            options.mbox = scratch / "first.mbox"
            options.mbox.write_bytes(b"".join(messages))
        if options.checkpatch:
            against_checkpatch(options, messages, scratch, report)
        once = one_and_two(options, len(messages), scratch, report)
        kills(options, once.wall, scratch, report)
        if options.times:
            ten_fold(options, messages, once, scratch, report)
    print(report.table())


if __name__ == "__main__":
    main()
