"""`hunklint harvest TREE`: how the functions of a kernel tree fail, told by their callers, as a table for the rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import click

from linter.detect.pairing import Pairs, lines, pair, pairs_yaml
from linter.detect.registry import check_rule
from linter.errors import InputError
from linter.rulebook.conventions import classes, table_yaml
from linter.rulebook.harvest import Tally, harvest, merge, source_files
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Tables

T = TypeVar("T")
_BATCH = 400  # files that a worker reads before it hands back its counts


@click.command("harvest")
@click.argument("tree", type=click.Path(path_type=Path))
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Worker processes.")
@click.option("--pairs", "want_pairs", is_flag=True, help="Tell which calls undo each other instead.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table here, not to standard output.")
def command(tree: Path, jobs: int, want_pairs: bool, output: Path | None) -> None:
    """Count how callers in a kernel TREE treat results, and print the table of failure conventions (YAML).

    The table stands in rules/data/harvested.yaml; put a new one into a folder given with --rules to use it. With
    --pairs the table is that of rules/data/pairs.yaml: calls and their counterparts, as error paths pair them.
    """
    if not tree.is_dir():
        raise InputError(f"{tree}: not a folder", "Give the top of a kernel source tree.")
    files = list(source_files(str(tree)))
    if not files:
        raise InputError(f"{tree}: no C source in it", "Give the top of a kernel source tree.")
    source = f"Linux {kernel_version(tree)}"
    text, summary = _pairs(files, jobs, source) if want_pairs else _conventions(files, jobs, source)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
    print(f"{len(files)} files, {summary}", file=sys.stderr)


def _conventions(files: list[str], jobs: int, source: str) -> tuple[str, str]:
    tallies: dict[bytes, Tally] = {}
    for part in _read(harvest, files, jobs):
        merge(tallies, part)
    found = classes(tallies)
    summary = ", ".join(f"{len(names)} {group}" for group, names in found.items())
    return table_yaml(found, f"callers in {source}"), f"{len(tallies)} names: {summary}"


def _pairs(files: list[str], jobs: int, source: str) -> tuple[str, str]:
    found = Pairs()
    for part in _read(_pair, [file for file in files if file.endswith(".c")], jobs):
        found.add(part)
    rows = lines(found, _tables())
    return pairs_yaml(rows, f"error paths in {source}"), f"{len(rows)} lines of pairs"


def _pair(files: list[str]) -> Pairs:
    return pair(files, _tables())


@cache
def _tables() -> Tables:
    return load_rulebook(check=check_rule).tables


def _read(work: Callable[[list[str]], T], files: list[str], jobs: int) -> Iterator[T]:
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    if jobs == 1:
        yield from map(work, batches)
        return
    import multiprocessing

    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap_unordered(work, batches)


def kernel_version(tree: Path) -> str:
    """The release that a tree's Makefile names, e.g. 6.12."""
    values: dict[str, str] = {}
    makefile = tree / "Makefile"
    if makefile.is_file():
        for line in makefile.read_text(encoding="utf-8", errors="replace").splitlines()[:10]:
            key, _, value = line.partition("=")
            values[key.strip()] = value.strip()
    return f"{values.get('VERSION', '?')}.{values.get('PATCHLEVEL', '?')}"
