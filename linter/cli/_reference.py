"""The reference in Markdown: `rules/README.md` from the rules, `rules/data/README.md` from the tables.

Nothing in it comes from a clock or a machine: the same rules give the same bytes, so that a stale page can be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linter.cli._manual import properties, record, scope
from linter.pattern import lazy
from linter.review.example import example_diff
from linter.rulebook.build import is_bad
from linter.rulebook.load import read_examples
from linter.rulebook.model import CATEGORIES, Citation, Example, Rule, Rulebook, Status, Tables
from linter.rulebook.schema import REQUIRED, RULE_KEYS

KERNEL = "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/"
LONG = 60
"""Entries of a list of words that are shown; a longer one is counted and cut."""

SPARSE = 5
"""A key that fewer than one row in so many has gets no column of its own."""

ROWS = 300
"""Rows of a table that are shown."""

_MARKUP = lazy(r"[\\*<\[]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def reference(rulebook: Rulebook) -> Iterator[str]:
    """`rules/README.md`, line by line."""
    rules = sorted(rulebook.rules.values(), key=lambda rule: (CATEGORIES.index(rule.category), rule.id))
    stable = sum(rule.status is Status.STABLE for rule in rules)
    yield "<!-- Made by `hunklint rules --write`; do not edit by hand. -->"
    yield ""
    yield "# The rules"
    yield ""
    yield f"{len(rules)} rules, {stable} of them stable; the others run with `--preview` or by name (`--rule ID`)."
    yield "The tables behind them: [data/README.md](data/README.md). In the terminal: `hunklint explain ID`."
    yield "What a rule file holds: [Keys of a rule file](#keys-of-a-rule-file), at the end."
    for category in CATEGORIES:
        own = [rule for rule in rules if rule.category == category]
        if own:
            yield from _index(category, own)
    yield ""
    for rule in rules:
        yield from _section(rule, rulebook.tables)
    yield from _keys()


def _keys() -> Iterator[str]:
    """The keys of a rule file, from the schema."""
    yield "## Keys of a rule file"
    yield ""
    yield "`hunklint rule new ID --category CATEGORY` writes one to fill in; `hunklint verify ID --mutate` tries it."
    yield ""
    yield "| key | | what it is |"
    yield "|---|---|---|"
    for key, schema in RULE_KEYS.items():
        yield f"| `{key}` | {'required' if key in REQUIRED else ''} | {_cell(_describe(schema))} |"
        item = schema.get("items", schema)
        for inner, about in item.get("properties", {}).items():
            yield f"| `{key}: {inner}` | | {_cell(_describe(about))} |"
    yield "| the engine's name | required | what the engine looks for: the top of its module in linter/detect/ |"


def _describe(schema: Mapping[str, Any]) -> str:
    said = [schema["description"]] if "description" in schema else []
    said += [f"one of {', '.join(schema['enum'])}"] if "enum" in schema else []
    said += [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    return "; ".join(said)


def _index(category: str, rules: Sequence[Rule]) -> Iterator[str]:
    yield ""
    yield f"## {category}"
    yield ""
    yield "| rule | what it finds | severity | confidence | status |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        values = f"{rule.severity.label} | {rule.confidence.label} | {rule.status.value}"
        yield f"| [{rule.id}](#{rule.id}) | {_cell(rule.title)} | {values} |"


def _section(rule: Rule, tables: Tables) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield f"**{_prose(rule.title)}**"
    yield ""
    yield f"{', '.join(properties(rule))}."
    if rule.aliases:
        yield f"Also known as {', '.join(f'`{alias}`' for alias in rule.aliases)}."
    for line in scope(rule):
        yield f"- {line.replace('*', chr(92) + '*')}"
    yield ""
    yield from _prose(rule.rationale).split("\n")
    yield ""
    yield f"What to do: {_prose(rule.help)}"
    yield ""
    yield "Sources:"
    yield ""
    for citation in rule.citations:
        yield f"- {_cite(citation)}"
    rows = list(record(rule, tables))
    if rows:
        yield ""
        yield "Measured:"
        yield ""
        yield from (f"- {_prose(row)}" for row in rows)
    yield ""
    for example in read_examples(rule):
        yield from _example(example, rule)


def _cite(citation: Citation) -> str:
    says = _prose(citation.says)
    if citation.url:
        return f"<{citation.url}>: {says}"
    place = (citation.path or "").partition(":")[0]
    return f"[{citation.path}]({KERNEL}{place}): {says}"


def _example(example: Example, rule: Rule) -> Iterator[str]:
    about = [f"target {example.target}"] if example.target else []
    about += [f"sent {example.date}"] if example.date else []
    about += ["seen with three lines of context"] if example.context == "hunk" else []
    shown = f" ({', '.join(about)})" if about else ""
    yield f"{'Bad' if is_bad(example) else 'Good'}: {_prose(example.name)}{shown}"
    yield ""
    lines = [f"{text}    <-- {rule.id}" if marked else text for text, marked in example_diff(example)]
    fence = "`" * max(3, _longest_run(lines) + 1)
    yield f"{fence}{'diff' if example.files else 'text'}"
    yield from lines
    yield fence
    yield ""


def _longest_run(lines: Sequence[str]) -> int:
    """The longest run of backquotes, which the fence must exceed."""
    longest = 0
    for line in lines:
        run = 0
        for char in line:
            run = run + 1 if char == "`" else 0
            longest = max(longest, run)
    return longest


def _prose(text: str) -> str:
    """Text for Markdown: underscores in identifiers and angle brackets are no markup."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        parts[index] = _MARKUP.sub(r"\\\g<0>", parts[index])
    return "`".join(parts)


def _cell(text: Any) -> str:
    return _prose(str(text)).replace("|", "\\|").replace("\n", " ")


def tables_page(files: Sequence[Path], tables: Tables) -> Iterator[str]:
    """`rules/data/README.md`: every table, with what its file says about it on top."""
    yield "<!-- Made by `hunklint rules --write`; do not edit by hand. -->"
    yield ""
    yield "# The tables"
    yield ""
    yield "Facts that rules share. One row serves every rule that needs it."
    for file in files:
        data = tables[file.stem]
        yield ""
        yield f"## {file.stem}"
        yield ""
        yield from _about(file)
        if isinstance(data, Mapping):
            for key, value in data.items():
                yield from _entry(key, value)
        else:
            yield from _value(data)


def _about(file: Path) -> Iterator[str]:
    """The comment at the top of a table's file."""
    for line in file.read_text("utf-8").split("\n"):
        if not line.startswith("#"):
            return
        yield _prose(line.removeprefix("#").strip())


def _entry(key: str, value: Any) -> Iterator[str]:
    yield ""
    if isinstance(value, str | int | bool) or value is None:
        yield from _scalar(key, value)
        return
    yield f"### {_prose(key)} ({len(value)})"
    yield ""
    yield from _value(value)


def _scalar(key: str, value: Any) -> Iterator[str]:
    words = str(value).split()
    if len(words) > LONG:
        shown = ", ".join(f"`{word}`" for word in words[:LONG])
        yield f"**{_prose(key)}** ({len(words)}): {shown} and {len(words) - LONG} more."
    else:
        yield f"**{_prose(key)}**: {_prose(str(value))}"


def _value(value: Any) -> Iterator[str]:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        yield from _rows([dict(item) for item in value])
    elif isinstance(value, list):
        yield _words(value)
    elif isinstance(value, Mapping) and value and all(isinstance(item, Mapping) for item in value.values()):
        yield from _rows([{"": name, **item} for name, item in value.items()])
    elif isinstance(value, Mapping):
        yield from _rows([{"": name, "value": item} for name, item in value.items()])


def _rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    used = Counter(key for row in rows for key in row)
    columns = [key for key in used if used[key] * SPARSE >= len(rows)]
    rare = [key for key in used if key not in columns]
    if rare:
        rows = [{**row, "else": {key: row[key] for key in rare if key in row}} for row in rows]
        columns.append("else")
    yield "| " + " | ".join(_cell(column) for column in columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows[:ROWS]:
        yield "| " + " | ".join(_brief(row.get(column, "")) for column in columns) + " |"
    if len(rows) > ROWS:
        yield ""
        yield f"And {len(rows) - ROWS} more rows."


def _brief(value: Any) -> str:
    """One cell; a text of lines is a list of them."""
    if isinstance(value, str) and "\n" in value.strip():
        value = value.strip().split("\n")
    if isinstance(value, Mapping):
        return "; ".join(f"{_cell(key)}: {_brief(item)}" for key, item in value.items())
    if isinstance(value, list):
        more = f" and {len(value) - LONG} more" if len(value) > LONG else ""
        return ", ".join(_brief(item) for item in value[:LONG]) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _cell("" if value is None else value)


def _words(words: Sequence[Any]) -> str:
    shown = ", ".join(f"`{_brief(word)}`" if isinstance(word, str) else _brief(word) for word in words[:LONG])
    return f"{shown} and {len(words) - LONG} more" if len(words) > LONG else shown
