"""The table `release`, ready for use, and the calls of a function that it names."""

from __future__ import annotations

from linter.detect.calls import called_names
from linter.detect.questions import Query
from linter.detect.returns import typed_allocators
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.record import record
from linter.rulebook.model import Tables


@record
class ReleaseWords:
    """Callees by what they do to an argument."""

    frees: dict[str, int]  # callee -> argument whose memory is gone afterwards
    consumes: dict[str, int]  # callee -> argument that is somebody else's afterwards
    puts: dict[str, int]  # callee -> argument that may be gone afterwards
    takes_null: dict[str, int]  # callee -> argument that it releases, if it is not NULL
    null_unsafe: dict[str, int]  # callee -> argument that must not be NULL
    error_unsafe: dict[str, int]  # callee -> argument that must not be an error pointer
    stops: dict[str, str]  # callee that does not wait -> the one that does
    walks: frozenset[str]  # iterators that read the entry after the body
    allocates: frozenset[str]
    counted: dict[str, str]  # callee that begins to count references of what holds its argument -> what drops the first

    @property
    def gone(self) -> dict[str, int]:
        """Callees after which an argument must not be touched."""
        return {**self.frees, **self.consumes}


def release_words(tables: Tables) -> ReleaseWords:
    """The words, read once a process."""
    return tables.derived("release.words", _build)


def _numbered(rows: dict[object, str]) -> dict[str, int]:
    return {name: int(str(index)) for index, names in rows.items() for name in names.split()}


def _build(tables: Tables) -> ReleaseWords:
    table = tables["release"]
    frees, puts, safe = _numbered(table["frees"]), _numbered(table["puts"]), table["error-safe"].split()
    unsafe = {**frees, **puts, **_numbered(table["error-unsafe"])}
    return ReleaseWords(
        frees=frees,
        consumes=_numbered(table["consumes"]),
        puts=puts,
        takes_null={**frees, **puts, **_numbered(table["takes-null"])},
        null_unsafe=_numbered(table["null-unsafe"]),
        error_unsafe={name: index for name, index in unsafe.items() if name not in safe},
        stops=dict(table["stops"]),
        walks=frozenset(table["walks"].split()),
        allocates=frozenset(table["allocates"].split()) | typed_allocators(tables),
        counted=dict(table["counted"]),
    )


def names_any(query: Query, names: dict[str, int]) -> bool:
    """Whether the function calls one of these."""
    return not names.keys().isdisjoint(called_names(query.function))


def argument(step: Step, names: dict[str, int]) -> Expr | None:
    """The argument that a table is about, where a step is a call of one of its names."""
    if step.kind is not StepKind.CALL or step.expr is None:
        return None
    index = names.get(step.expr.text)
    if index is None or index >= len(step.expr.args):
        return None
    found = step.expr.args[index]
    return found if found.kind in (Kind.NAME, Kind.FIELD) and "[" not in found.key and "++" not in found.key else None


def root(expr: Expr) -> str | None:
    """The variable that an lvalue starts from."""
    while expr.args and expr.kind in (Kind.FIELD, Kind.INDEX, Kind.DEREF, Kind.ADDRESS):
        expr = expr.args[0]
    return expr.text if expr.kind is Kind.NAME else None
