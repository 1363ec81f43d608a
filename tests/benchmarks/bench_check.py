"""Cold start, bulk and memory of `hunklint check`: ratios against checkpatch.pl and the floor, in one run.

    python tests/benchmarks/bench_check.py --mbox dev-5k.mbox --checkpatch scripts/checkpatch.pl [--patches 400]

The floor is what any tool of this design pays: split the archive, decode, unidiff, one tree-sitter parse of each
post-image fragment. All figures are CPU time (user + system) of whole processes, measured in the same run: the best of
three runs, for the cold start the median over patches of that. Byte-code and caches are warm, as they are on anybody's
second run.
"""

from __future__ import annotations

import argparse
import itertools
import lzma
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FROM = re.compile(rb"^From [0-9a-f]{40} ", re.M)

FLOOR = r"""
import re, sys, unidiff, tree_sitter, tree_sitter_c
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))
data = open(sys.argv[1], "rb").read()
starts = [m.start() for m in re.finditer(rb"^From [0-9a-f]{40} ", data, re.M)] + [len(data)]
for a, b in zip(starts, starts[1:]):
    text = data[a:b].decode("latin-1")
    at = text.find("\ndiff --git ")
    if at < 0:
        continue
    try:
        files = unidiff.PatchSet(text[at + 1:].split("\n-- \n")[0].splitlines(True))
    except unidiff.UnidiffParseError:
        continue
    for file in files:
        if file.path.endswith((".c", ".h")):
            for hunk in file:
                parser.parse("".join(l.value for l in hunk if not l.is_removed).encode("latin-1"))
"""


def cpu(command: list[str]) -> tuple[float, int]:
    """CPU seconds and peak resident KiB of a command; its output is thrown away."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def best(command: list[str], runs: int = 3) -> float:
    """CPU seconds of the fastest of some runs: what else the machine does only adds."""
    return min(cpu(command)[0] for _ in range(runs))


def read(path: Path, wanted: int) -> list[bytes]:
    """Every n-th message of an mbox of `git format-patch` mails, `wanted` of them."""
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    starts = [match.start() for match in FROM.finditer(data)] + [len(data)]
    messages = [data[a:b] for a, b in itertools.pairwise(starts)]
    step = max(len(messages) // wanted, 1)
    return messages[::step][:wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbox", type=Path, required=True)
    parser.add_argument("--checkpatch", type=Path)
    parser.add_argument("--patches", type=int, default=400)
    parser.add_argument("--cold", type=int, default=25, help="patches for the cold start")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("hunklint")))
    options = parser.parse_args()
    if options.checkpatch and not options.checkpatch.is_file():
        parser.error(f"{options.checkpatch}: no such file")
    messages = read(options.mbox, options.patches)
    check = [options.command, "check", "--no-git", "--format", "terse"]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, message in enumerate(messages):
            path = Path(folder, f"{number:04}.patch")
            path.write_bytes(message)
            files.append(str(path))
        mbox = Path(folder, "all.mbox")
        mbox.write_bytes(b"".join(messages))
        floor_script = Path(folder, "floor.py")
        floor_script.write_text(FLOOR, "utf-8")
        cpu([*check, str(mbox)])  # the compiled rulebook and patterns are made once
        by_size = sorted(files, key=lambda name: Path(name).stat().st_size)
        middle = by_size[len(by_size) // 2 - options.cold // 2 :][: options.cold]
        perl = ["perl", str(options.checkpatch), "--no-tree", "-q", "--terse", "--no-summary", "--showfile"]
        rows: list[tuple[str, float, str, float, float]] = []
        cold = statistics.median(best([*check, name]) for name in middle)
        if options.checkpatch:
            peer = statistics.median(best([*perl, "--mailback", name]) for name in middle)
            rows.append(("cold start, median patch", cold * 1e3, "checkpatch, ms", peer * 1e3, peer / cold))
        n = len(messages)
        floor = best([sys.executable, str(floor_script), str(mbox)])
        bulk, memory = min(cpu([*check, str(mbox)]) for _ in range(3))
        rows.append(("bulk, ms a patch", bulk / n * 1e3, "floor, ms a patch", floor / n * 1e3, bulk / floor))
        if options.checkpatch:
            batch = cpu([*perl, *files])[0]
            rows.append(("bulk, ms a patch", bulk / n * 1e3, "checkpatch batch", batch / n * 1e3, batch / bulk))
    print(f"{n} patches; peak memory {memory / 1024:.0f} MiB")
    print(f"{'what':28} {'hunklint':>10}   {'against':20} {'figure':>10} {'ratio':>8}")
    for what, ours, against, theirs, ratio in rows:
        print(f"{what:28} {ours:10.2f}   {against:20} {theirs:10.2f} {ratio:8.2f}")


if __name__ == "__main__":
    main()
