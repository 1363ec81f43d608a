"""Archives: throughput against checkpatch.pl, two processes against one, memory at ten times the size, and kills.

    python tests/benchmarks/bench_audit.py --mbox scale-12k.mbox --checkpatch scripts/checkpatch.pl [--scratch DIR]

Everything in one run on one machine; ratios are what counts. CPU time is that of the whole process tree. Peak memory
is the most that the processes alive at one time had each used at their peak, added up. The ten-fold archive repeats
every message under new Message-IDs and is judged in full (`--copies message-id`); it needs ten times the space, and is
removed afterwards.
"""

from __future__ import annotations

import argparse
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


def measure(command: Sequence[str]) -> Cost:
    """Run a command to its end, watching the memory of its process tree."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        peak = max(peak, sum(high_water(pid) for pid in tree(process.pid)))
        time.sleep(0.1)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(time.monotonic() - began, cpu, peak / 1024)


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


def against_checkpatch(options: argparse.Namespace, messages: Sequence[bytes], scratch: Path) -> None:
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
    each = f"audit {1e3 * ours.cpu / n:.2f}, checkpatch {1e3 * theirs.cpu / n:.2f}"
    print(f"{n} patches, one worker, CPU ms a patch: {each}, ratio {theirs.cpu / ours.cpu:.1f}", flush=True)


def say(what: str, cost: Cost, count: int) -> None:
    """One line about a run."""
    each = f"{1e3 * cost.cpu / count:.2f} ms a patch, {count / cost.wall:.0f} patches/s"
    print(f"{what}: {cost.wall:.1f} s, {cost.cpu:.1f} s CPU, {each}, peak {cost.peak:.0f} MiB", flush=True)


def one_and_two(options: argparse.Namespace, count: int, scratch: Path) -> Cost:
    """The whole archive with one worker and with two; returns the cost with two."""
    one = measure(audit(options, options.mbox, scratch / "one.sqlite", 1))
    two = measure(audit(options, options.mbox, scratch / "two.sqlite", 2))
    for name, cost in (("1 job", one), ("2 jobs", two)):
        say(f"{count} patches, {name}", cost, count)
    print(
        f"2 jobs against 1: {one.wall / two.wall:.2f} times as fast, {two.cpu / one.cpu:.2f} times the CPU", flush=True
    )
    same = contents(scratch / "one.sqlite") == contents(scratch / "two.sqlite")
    print(f"database with 1 and with 2 jobs: {'identical' if same else 'DIFFERENT'}", flush=True)
    return two


def kills(options: argparse.Namespace, wall: float, scratch: Path) -> None:
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
    print(f"killed after {', '.join(moments)}, then continued: {'identical' if same else 'DIFFERENT'}", flush=True)


def ten_fold(options: argparse.Namespace, messages: Sequence[bytes], once: Cost, scratch: Path) -> None:
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
    say(f"{count} patches, 2 jobs", cost, count)
    print(f"peak at {options.times} times the size against 1x: {cost.peak / once.peak:.2f} times", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbox", type=Path, required=True, help="plain mbox of git format-patch mails")
    parser.add_argument("--checkpatch", type=Path)
    parser.add_argument("--patches", type=int, default=600, help="of the sample for checkpatch [600]")
    parser.add_argument("--times", type=int, default=10, help="size of the big archive; 0: none [10]")
    parser.add_argument("--scratch", type=Path, help="where databases and archives are made")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("hunklint")))
    options = parser.parse_args()
    data = options.mbox.read_bytes()
    starts = [match.start() for match in FROM.finditer(data)] + [len(data)]
    messages = [data[a:b] for a, b in itertools.pairwise(starts)]
    del data
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        scratch = Path(folder)
        if options.checkpatch:
            against_checkpatch(options, messages, scratch)
        once = one_and_two(options, len(messages), scratch)
        kills(options, once.wall, scratch)
        if options.times:
            ten_fold(options, messages, once, scratch)


if __name__ == "__main__":
    main()
