"""`hunklint rule`: help for people who write rules: a scaffold, and the schema for their editor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click

from linter import __version__
from linter.detect.registry import engine_of, engines, schemas
from linter.errors import InputError, UsageError
from linter.pattern import lazy
from linter.rulebook.document import shown_name
from linter.rulebook.load import find_rules, rules_dir
from linter.rulebook.model import CATEGORIES
from linter.rulebook.schema import rule_schema
from linter.rulebook.validate import did_you_mean

_ID = lazy(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")

_TEMPLATE = """\
{schema}id: {id}
title: say the defect in one line, as a reviewer would
category: {category}
severity: warning           # error: the patch goes back; warning: a reviewer remarks on it; info: worth a thought
confidence: medium          # a ceiling: what cannot be seen lowers it
status: preview             # stable once it is measured, see rules/data/record.yaml
since: {since}
rationale: |
  Say why it is a defect to somebody who has never met it: what goes wrong, and when.
citations:
  - path: Documentation/process/coding-style.rst    # in the kernel tree; or url: https://…
    says: say in our words what it says there
applies-to: {{paths: ["**/*.c"]}}
engine: {engine}
{block}
help: Say what to do instead.
examples:
  - name: the defect, brought in by the patch
    pre: |
      int fill_me_in(void)
      {{
      \treturn 0;
      }}
    post: |
      int fill_me_in(void)
      {{
      \treturn fill_me_in_too();  //~ {id}
      }}
  - name: the defect in another shape
    post: |
      int fill_me_in(void)
      {{
      \treturn fill_me_in_too();  //~ {id}
      }}
  - name: code that is right
    post: |
      int fill_me_in(void)
      {{
      \treturn 0;
      }}
  - name: the nearest code that looks like it and is right
    post: |
      int fill_me_in(void)
      {{
      \treturn 1;
      }}
"""

_MATCH = """\
match:
  pattern: replace_this_pattern($X)
  message: "`$X` is what is wrong, said about this very line\""""


@click.group("rule")
def command() -> None:
    """Write rules: a scaffold, and the schema for an editor."""


@command.command("new")
@click.argument("id", metavar="ID")
@click.option("--category", type=click.Choice(CATEGORIES), required=True, help="The folder of the rule.")
@click.option("--engine", default="match", show_default=True, help="The engine that decides it.")
@click.option("--rules", "folder", metavar="DIR", help="The rule folder [the one of this checkout].")
def new(id: str, category: str, engine: str, folder: str | None) -> int:
    """Write rules/CATEGORY/ID.yaml, a rule that fails `hunklint verify ID` until it is filled in."""
    if not _ID.match(id):
        raise UsageError(f"`{id}` is no rule id", "small letters, digits and single hyphens, such as fd-leak")
    if engine not in engines():
        hint = did_you_mean(engine, engines())
        raise UsageError(f"no engine is named `{engine}`", f"{hint} one of {', '.join(engines())}".strip())
    top = Path(folder if folder is not None else rules_dir())
    taken = [path for path in find_rules([top] if top.is_dir() else []) if path.stem == id]
    if taken:
        raise UsageError(f"the id `{id}` is taken", f"{shown_name(taken[0])} has it; choose another name")
    path = top / category / f"{id}.yaml"
    since = ".".join(__version__.split(".")[:3])
    own = top.resolve() == Path(rules_dir()).resolve()
    schema = "# yaml-language-server: $schema=../schema.json\n" if own else ""
    quoted = '"null"' if category == "null" else category  # a bare null is no text in YAML
    text = _TEMPLATE.format(id=id, category=quoted, engine=engine, since=since, block=_block(engine), schema=schema)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", "name a folder with --rules DIR") from error
    click.echo(f"{shown_name(path)} is there; fill it in, then run: hunklint verify {id}")
    return 0


def _block(engine: str) -> str:
    """The engine's block to start from: what the engine offers as `template`, else an empty one."""
    if engine == "match":
        return _MATCH
    template = getattr(engine_of(engine), "template", None)
    if isinstance(template, str):
        return template.rstrip("\n")
    module = engine.replace("-", "_")
    return f"{engine}: {{}}    # its keys: the top of linter/detect/{module}.py, and any rule with `engine: {engine}`"


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of a rule file (editors: the first line that `rule new` writes points at it)."""
    click.echo(json.dumps(rule_schema(schemas()), indent=2))
    return 0


@command.command("record")
@click.argument("report", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--corpus", required=True, help="The name of the corpus, one of those in rules/data/record.yaml.")
@click.option("--pairs", is_flag=True, help="REPORT is over pairs of mails: right is what the fixed side has no more.")
@click.option(
    "--read", "read", multiple=True, metavar="RULE=RIGHT/READ", help="A reading: 18/20 were right; repeatable."
)
@click.option("--note", multiple=True, metavar="RULE=TEXT", help="What was wrong, or why a rule stands all the same.")
@click.option("--date", help="The day of the measurement [today].")
def record(
    report: TextIO | None, corpus: str, pairs: bool, read: tuple[str, ...], note: tuple[str, ...], date: str | None
) -> int:
    """Put counts and readings into rules/data/record.yaml.

    REPORT is what `hunklint check --preview --format jsonl CORPUS` printed; every rule's count for the corpus is
    taken from it (0 for those that said nothing). Readings are typed by the person who did the reading.
    """
    import datetime

    from linter.cli._record import count_findings, count_pairs, merge, read_record, write_record

    path = Path(rules_dir(), "data", "record.yaml")
    head, rows, corpora = read_record(path)
    if corpus not in corpora:
        raise UsageError(f"no corpus is named `{corpus}`", f"{did_you_mean(corpus, corpora)} add it to {path.name}")
    known = [file.stem for file in find_rules()]
    readings: dict[str, tuple[int, int]] = {}
    counts: dict[str, int] = {}
    if report is not None and pairs:
        counts, readings = count_pairs(report)
    elif report is not None:
        counts = dict.fromkeys(known, 0) | count_findings(report)
    readings |= {rule: _ratio(text) for rule, text in _pairs(read, known)}
    day = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    write_record(path, head, merge(rows, corpus, counts, readings, dict(_pairs(note, known)), day))
    click.echo(f"{shown_name(path)}: {len(counts)} counts, {len(readings)} readings, {len(note)} notes for {corpus}")
    return 0


def _pairs(options: Iterable[str], known: list[str]) -> Iterator[tuple[str, str]]:
    for option in options:
        rule, equals, text = option.partition("=")
        if not equals or rule not in known:
            raise UsageError(f"`{option}` names no rule", did_you_mean(rule, known) or "write RULE=…")
        yield rule, text


def _ratio(text: str) -> tuple[int, int]:
    right, slash, read = text.partition("/")
    if not slash or not right.isdigit() or not read.isdigit():
        raise UsageError(f"`{text}` is no reading", "write RULE=RIGHT/READ, such as fd-leak=18/20")
    return int(right), int(read)
