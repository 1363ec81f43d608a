"""`hunklint harvest TREE`: how the functions of a kernel tree fail, told by their callers, as a table for the rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from linter.errors import InputError
from linter.rulebook.conventions import classes, table_yaml
from linter.rulebook.harvest import Tally, harvest, merge, source_files

_BATCH = 400  # files that a worker reads before it hands back its counts


@click.command("harvest")
@click.argument("tree", type=click.Path(path_type=Path))
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Worker processes.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table here, not to standard output.")
def command(tree: Path, jobs: int, output: Path | None) -> None:
    """Count how callers in a kernel TREE treat results, and print the table of failure conventions (YAML).

    The table stands in rules/data/harvested.yaml; put a new one into a folder given with --rules to use it.
    """
    if not tree.is_dir():
        raise InputError(f"{tree}: not a folder", "Give the top of a kernel source tree.")
    files = list(source_files(str(tree)))
    if not files:
        raise InputError(f"{tree}: no C source in it", "Give the top of a kernel source tree.")
    tallies: dict[bytes, Tally] = {}
    for part in _counts(files, jobs):
        merge(tallies, part)
    found = classes(tallies)
    text = table_yaml(found, f"callers in Linux {kernel_version(tree)}")
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
    summary = ", ".join(f"{len(names)} {group}" for group, names in found.items())
    print(f"{len(files)} files, {len(tallies)} names: {summary}", file=sys.stderr)


def _counts(files: list[str], jobs: int) -> Iterator[dict[bytes, Tally]]:
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    if jobs == 1:
        yield from map(harvest, batches)
        return
    import multiprocessing

    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap_unordered(harvest, batches)


def kernel_version(tree: Path) -> str:
    """The release that a tree's Makefile names, e.g. 6.12."""
    values: dict[str, str] = {}
    makefile = tree / "Makefile"
    if makefile.is_file():
        for line in makefile.read_text(encoding="utf-8", errors="replace").splitlines()[:10]:
            key, _, value = line.partition("=")
            values[key.strip()] = value.strip()
    return f"{values.get('VERSION', '?')}.{values.get('PATCHLEVEL', '?')}"
