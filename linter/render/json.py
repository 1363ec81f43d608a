"""One JSON document over a whole run: the records of `jsonl`, gathered by type."""

from __future__ import annotations

import json
from collections.abc import Iterator

from linter.render.jsonl import records
from linter.render.options import RenderOptions
from linter.render.record import Record
from linter.review.model import Report


def _dump(record: Record) -> str:
    return json.dumps({key: value for key, value in record.items() if key != "type"})


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """Findings stream out as they come; what was skipped and the summary follow."""
    head = {"tool": options.tool_name, "version": report.version, "rulebook": report.rulebook.digest}
    yield json.dumps(head)[:-1] + ', "findings": ['
    separator = "\n  "
    skipped: list[str] = []
    for record in records(report, options):
        if record["type"] == "finding":
            yield separator + _dump(record)
            separator = ",\n  "
        elif record["type"] == "skipped":
            skipped.append(_dump(record))
        else:
            listed = "".join(f"{',' if at else ''}\n  {line}" for at, line in enumerate(skipped))
            yield f'\n], "skipped": [{listed}\n], "summary": {_dump(record)}}}\n'
