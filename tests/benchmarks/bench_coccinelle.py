"""Coccinelle's kernel scripts against hunklint: bugs found and noise on the same pairs of functions, in one run.

    python tests/benchmarks/bench_coccinelle.py --pairs pairs.jsonl.xz --scripts linux/scripts/coccinelle [--sample 100]

A pair is one function before and after a bug fix (`id`, `file`, `function`, `class`, `before`, `after`, one JSON
object a line). spatch sees each side as a file of its own, hunklint as the patch that adds this file. Found: a rule or
script reports more on the buggy side than on the fixed one. Noise: it reports anything on the fixed side. hunklint's
findings count where they are errors or warnings about the code. CPU seconds are user + system of whole processes.
"""

from __future__ import annotations

import argparse
import collections
import json
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SIDES = ("before", "after")
PROSE = ("commit", "message", "series", "process", "style", "patch")  # categories that are not about the code
REPORT_MODE = re.compile(r"^virtual\b[^;@\n]*\breport\b", re.M)
OPTIONS = re.compile(r"^//[ /#]*Options:(.*)$", re.M)
PLACE = re.compile(r"(?:.*/)?(\d{5})-(before|after)\.c:\d+:")
INCLUDES = "#include <linux/module.h>\n#include <linux/slab.h>\n\n"

Pair = dict[str, str]
Reports = dict[tuple[int, str], collections.Counter[str]]  # (pair, side): reports by rule or script


def read_pairs(path: Path, wanted: int) -> list[Pair]:
    """Every n-th pair, `wanted` of them."""
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    return [json.loads(line) for line in lines[:: max(len(lines) // wanted, 1)][:wanted]]


def run(command: list[str], output: Path, timeout: float) -> tuple[float, int | None]:
    """CPU seconds and exit status (None: out of time) of a command; its output goes to a file."""
    with output.open("wb") as stream, output.with_suffix(".err").open("wb") as errors:
        process = subprocess.Popen(command, stdout=stream, stderr=errors, start_new_session=True)
    expired: list[int] = []

    def stop(*_: object) -> None:
        expired.append(process.pid)
        os.killpg(process.pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status, usage = os.wait4(process.pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, None if expired else process.returncode


def run_coccinelle(spatch: str, scripts: Path, folder: Path, timeout: float) -> tuple[Reports, float, list[str]]:
    """What every script with a report mode says of the files in a folder."""
    reports: Reports = collections.defaultdict(collections.Counter)
    total, failed, output = 0.0, [], folder.parent / "spatch.txt"
    for script in sorted(scripts.rglob("*.cocci")):
        text = script.read_text("utf-8", "replace")
        if not REPORT_MODE.search(text):
            continue
        wanted = [word for line in OPTIONS.findall(text) for word in line.split()]
        command = [spatch, "-D", "report", "--very-quiet", "--no-show-diff", "--cocci-file", str(script)]
        seconds, status = run([*command, *wanted, "--dir", str(folder)], output, timeout)
        total += seconds
        if status != 0:
            failed.append(f"{script.stem} ({'out of time' if status is None else f'exit status {status}'})")
        seen = {line for line in output.read_text("utf-8", "replace").splitlines() if PLACE.match(line)}
        for line in seen:
            if match := PLACE.match(line):
                reports[int(match[1]), match[2]][str(script.relative_to(scripts).with_suffix(""))] += 1
    return reports, total, failed


def mail(pair: Pair, number: int, side: str) -> str:
    """The patch mail that adds a file with one side."""
    lines = (INCLUDES + pair[side].rstrip("\n")).split("\n")
    day = "Sun, 1 Jan 2023" if pair.get("kernel") == "6.1" else "Wed, 1 Jan 2025"
    path, function = pair["file"], pair["function"]
    return (
        f"From {'1' * 40} Mon Sep 17 00:00:00 2001\nFrom: A Developer <dev@example.org>\nDate: {day} 12:00:00 +0000\n"
        f"Message-ID: <{number:05}.{side}@pairs>\nSubject: [PATCH] {Path(path).name}: add {function}()\n\n"
        f"Add {function}() as the subject says.\n\nSigned-off-by: A Developer <dev@example.org>\n---\n"
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 12}..{'1' * 12}\n"
        f"--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines) + "-- \n2.40.0\n\n"
    )


def run_hunklint(command: list[str], pairs: list[Pair], folder: Path, timeout: float) -> tuple[Reports, float]:
    """What hunklint says of the same files, as patches in one mbox."""
    mbox, output = folder / "pairs.mbox", folder / "hunklint.txt"
    with mbox.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.writelines(mail(pair, number, side) for number, pair in enumerate(pairs) for side in SIDES)
    reports: Reports = collections.defaultdict(collections.Counter)
    check = [*command, "check", "--no-git", "--format", "jsonl", str(mbox)]
    run([*command, "rules"], folder / "warm.txt", timeout)  # the compiled rulebook is made once
    seconds, _ = run(check, output, timeout)
    patches = 0
    for line in output.read_text("utf-8", "replace").splitlines():
        entry = json.loads(line)
        if entry.get("type") == "summary":
            patches = entry.get("patches", 0)
        if entry.get("type") != "finding" or entry["severity"] not in ("error", "warning"):
            continue
        if entry["category"] not in PROSE:
            number, side = entry["message_id"].strip("<>").split("@")[0].split(".")
            reports[int(number), side][entry["rule"]] += 1
    if patches != 2 * len(pairs):
        print(f"warning: {2 * len(pairs)} patches given, hunklint read {patches}", file=sys.stderr)
    return reports, seconds


def print_classes(pairs: list[Pair], tools: dict[str, Reports]) -> None:
    """Found and noise by class, the tools side by side."""
    names = [name for name, _ in collections.Counter(pair["class"] for pair in pairs).most_common()]
    print(f"{'class':28} {'pairs':>6}" + "".join(f" {name + ' found':>18} {'noise':>6}" for name in tools))
    for name in [*names, "all"]:
        numbers = [i for i, pair in enumerate(pairs) if name in (pair["class"], "all")]
        row = f"{name:28} {len(numbers):6}"
        for reports in tools.values():
            found = sum(bool(_gone(reports, i)) for i in numbers)
            row += f" {found:18} {sum(bool(reports.get((i, 'after'))) for i in numbers):6}"
        print(row)


def _gone(reports: Reports, number: int) -> collections.Counter[str]:
    """What is reported on the buggy side and not on the fixed one."""
    none: collections.Counter[str] = collections.Counter()
    return reports.get((number, "before"), none) - reports.get((number, "after"), none)


def print_rules(title: str, count: int, reports: Reports) -> None:
    """Pairs found and pairs with noise by rule or script."""
    found = collections.Counter(rule for i in range(count) for rule in _gone(reports, i))
    noise = collections.Counter(rule for i in range(count) for rule in reports.get((i, "after"), ()))
    print(f"\n{title:44} {'found':>6} {'noise':>6}")
    for rule in sorted(found | noise, key=lambda rule: (-found[rule], -noise[rule], rule)):
        print(f"{rule:44} {found[rule]:6} {noise[rule]:6}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--scripts", type=Path, required=True, help="scripts/coccinelle of a kernel tree")
    parser.add_argument("--sample", type=int, default=100, help="pairs to look at: every n-th one")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a script may take")
    parser.add_argument("--spatch", default="spatch")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("hunklint")))
    options = parser.parse_args()
    spatch = shutil.which(options.spatch)
    if spatch is None:
        print(f"skipped: {options.spatch} is not installed (package coccinelle)")
        return
    if not any(options.scripts.rglob("*.cocci")):
        print(f"skipped: {options.scripts} holds no Coccinelle scripts")
        return
    if not options.pairs.is_file():
        print(f"skipped: {options.pairs} is not there")
        return
    pairs = read_pairs(options.pairs, max(options.sample, 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "sides")
        folder.mkdir()
        for number, pair in enumerate(pairs):
            for side in SIDES:
                text = INCLUDES + pair[side].rstrip("\n") + "\n"
                Path(folder, f"{number:05}-{side}.c").write_text(text, "utf-8", "surrogateescape", "\n")
        theirs, spatch_seconds, failed = run_coccinelle(spatch, options.scripts, folder, options.timeout)
        ours, seconds = run_hunklint(options.command.split(), pairs, Path(name), options.timeout * 10)
    print_classes(pairs, {"hunklint": ours, "coccinelle": theirs})
    print(f"\nCPU seconds: hunklint {seconds:.2f}, coccinelle {spatch_seconds:.2f}")
    if failed:
        print(f"scripts that failed: {', '.join(failed)}")
    print_rules("rule (hunklint)", len(pairs), ours)
    print_rules("script (coccinelle)", len(pairs), theirs)


if __name__ == "__main__":
    main()
