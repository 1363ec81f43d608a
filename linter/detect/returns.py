"""The tables `returns` and `harvested` to sets of names: how every known function fails.

The harvested classes are long sorted strings. They are searched where they stand: making sets of them would cost more
than a small patch does.
"""

from __future__ import annotations

from linter.memory import Memo
from linter.record import field, record
from linter.rulebook.model import Tables


@record
class SortedNames:
    """Membership in a sorted string of names, by halving."""

    text: str

    def __contains__(self, name: str) -> bool:
        text, low, high = self.text, 0, len(self.text)
        while low < high:
            middle = (low + high) // 2
            start = text.rfind(" ", low, middle) + 1 or low
            end = text.find(" ", middle, high)
            end = high if end < 0 else end
            word = text[start:end]
            if word == name:
                return True
            if word < name:
                low = end + 1
            else:
                high = start - 1 if start > 0 else 0
        return False


@record(frozen=False)
class Names:
    """Names that a curated list holds, or a harvested class that is not overruled."""

    own: frozenset[str]
    told: tuple[SortedNames, ...] = ()
    never: frozenset[str] = frozenset()
    known: Memo[str, bool] = field(default_factory=Memo)

    def __contains__(self, name: str) -> bool:
        answer = self.known.get(name)
        if answer is None:
            answer = name in self.own or (name not in self.never and any(name in each for each in self.told))
            self.known[name] = answer
        return answer


@record
class Conventions:
    """Names of functions by the way they fail. What the curated table says wins over the harvested one."""

    null: Names  # NULL on failure
    allocations: Names  # ... and there is no use of the result that needs no test
    never_errptr: frozenset[str]  # NULL or 0 on failure; not everybody has to test it
    errptr: Names  # ERR_PTR on failure, never NULL
    must: Names  # must not be dropped, as nearly all callers know
    must_strong: Names  # ... as twenty or more callers know
    forgotten: frozenset[str]  # must not be dropped, and often is
    fallible: Names  # fails with a negative errno; many callers drop it
    negative: Names  # callers test for a negative result
    errptr_sure: frozenset[str]  # ERR_PTR, as the curated table says
    either: frozenset[str]  # NULL: there is none; ERR_PTR: failure
    ignored: frozenset[str]  # ERR_PTR on failure that nobody should test
    stub_null: frozenset[str]  # NULL where the kernel was configured without it
    zero: frozenset[str]  # 0 on failure
    positive_success: frozenset[str]  # negative on failure, a positive number may be a success
    irq_number: frozenset[str]  # an interrupt number or a negative errno
    irq_takers: dict[str, int]  # callee -> the argument that it takes for an interrupt number
    left: frozenset[str]  # bytes left: 0 is a success
    user_errno: frozenset[str]  # 0 or -EFAULT
    timeout: frozenset[str]  # unsigned: 0 is a timeout
    timeout_signed: frozenset[str]  # 0 is a timeout, negative an interruption
    dma_handle: frozenset[str]
    trylock: frozenset[str]
    tests: frozenset[str]  # calls that only test their argument
    reads: frozenset[str]  # calls that read through their argument without a test
    reads_first: frozenset[str]  # calls that read through their first argument, whatever else they are given
    null_safe: frozenset[str]  # calls that accept NULL and ERR_PTR
    may_ignore: frozenset[str]  # nobody is expected to test these
    read_for_effect: frozenset[str]  # the result is what was read: dropped where the read itself is the point


def conventions(tables: Tables) -> Conventions:
    """The conventions, read once a process."""
    return tables.derived("returns.conventions", _build)


def typed_allocators(tables: Tables) -> frozenset[str]:
    """The allocators that take a type in place of a size: each fails as the plain one behind it does, with NULL."""
    return frozenset(tables.data.get("cleanup", {}).get("typed", ()))


def _build(tables: Tables) -> Conventions:
    curated, harvested = tables["returns"], tables["harvested"]

    def known(name: str) -> frozenset[str]:
        return frozenset(curated.get(name, "").split())

    def told(name: str) -> SortedNames:
        return SortedNames(harvested.get(name, ""))

    null, errptr = known("may-be-null") | typed_allocators(tables), known("errptr")
    either, ignored = known("either"), known("ignored")
    zero, may_ignore, lookups, must = known("zero"), known("may-ignore"), known("lookups"), known("must")
    settled = null | errptr | either | ignored | zero | may_ignore
    always, strong = told("null-always"), told("must-strong")
    return Conventions(
        null=Names(null, (always, told("may-be-null")), settled),
        allocations=Names(null - lookups, (always,), settled | lookups),
        never_errptr=known("never-errptr") | lookups | zero,
        errptr=Names(errptr, (told("errptr"),), settled),
        must=Names(must, (strong, told("must")), may_ignore),
        must_strong=Names(frozenset(), (strong,), may_ignore),
        forgotten=must,
        fallible=Names(must, (told("fallible"), told("must"), strong), may_ignore),
        negative=Names(known("positive-success"), (told("negative"),), may_ignore),
        errptr_sure=errptr,
        either=either,
        ignored=ignored,
        stub_null=known("stub-null"),
        zero=zero,
        positive_success=known("positive-success"),
        irq_number=known("irq-number"),
        irq_takers={name: int(at) for at, names in curated.get("irq-takers", {}).items() for name in names.split()},
        left=known("left"),
        user_errno=known("user-errno"),
        timeout=known("timeout"),
        timeout_signed=known("timeout-signed"),
        dma_handle=known("dma-handle"),
        trylock=known("trylock"),
        tests=known("tests"),
        reads=known("reads"),
        reads_first=known("reads-first"),
        null_safe=known("null-safe"),
        may_ignore=may_ignore,
        read_for_effect=known("read-for-effect"),
    )
