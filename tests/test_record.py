"""Records behave as frozen slotted dataclasses do."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest

from linter.record import FrozenError, field, record, replace


@record
class Point:
    """A place."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)

    def norm(self) -> int:
        return self.x + self.y


@record
class Deep(Point):
    z: int = 5


@record(frozen=False, eq=False)
class Open:
    a: int
    b: int = field(init=False)
    c: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.b = self.a + 1


@record(eq=False)
class ByIdentity:
    a: int


def test_construction_defaults_and_methods() -> None:
    assert (Point(1).x, Point(1).y, Point(1, 3).norm(), Point(x=4, y=5).y) == (1, 2, 4, 5)
    one, two = Point(1), Point(1)
    one.tags.append("t")
    assert two.tags == []
    assert Point.__doc__ == "A place."
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]  # that is the test
    with pytest.raises(TypeError):
        Point(1, 2, [], 4)  # type: ignore[call-arg]  # that is the test


def test_frozen_and_slotted() -> None:
    point = Point(1)
    with pytest.raises(FrozenError):
        point.x = 2  # type: ignore[misc]  # that is the test
    with pytest.raises(AttributeError):
        point.other = 2  # type: ignore[attr-defined]  # that is the test
    with pytest.raises(FrozenError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_equality_hash_and_identity() -> None:
    assert Point(1, 2) == Point(1, 2) != Point(1, 3)
    assert Point(1) != (1, 2, [])
    assert ByIdentity(1) != ByIdentity(1)
    assert len({ByIdentity(1), ByIdentity(1)}) == 2
    assert record(type("P", (), {"__annotations__": {"x": "int"}}))(1) is not None


def test_inheritance_keeps_the_order_of_fields() -> None:
    deep = Deep(1, 2, ["a"], 9)
    assert (deep.x, deep.tags, deep.z, deep.norm()) == (1, ["a"], 9, 3)
    assert Deep(1).z == 5


def test_mutable_with_late_fields() -> None:
    item = Open(1)
    item.a = 7
    assert (item.a, item.b, item.c) == (7, 2, {})
    assert repr(item) == "Open(a=7, b=2)"


def test_repr_replace_match_copy_pickle() -> None:
    point = Point(1, 2, ["t"])
    assert repr(point) == "Point(x=1, y=2, tags=['t'])"
    assert replace(point, y=9) == Point(1, 9, ["t"])
    with pytest.raises(TypeError):
        replace(point, nope=1)
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    match point:
        case Point(1, y):
            assert y == 2
        case _:
            raise AssertionError


def test_it_pulls_in_nothing_heavy() -> None:
    code = "import sys, linter.record; print('inspect' in sys.modules, 'dataclasses' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2


@record
class Both:
    a: int
    b: int = 2
    c: list[int] = field(default_factory=list)
    d: int = field(init=False)


def test_the_many_are_made_as_the_few() -> None:
    shown = set()
    for _ in range(60):  # the first ones by a loop, the others by a compiled `__init__`
        made = [Both(1), Both(1, 3), Both(a=4, c=[5])]
        shown.add(str([(each.a, each.b, each.c) for each in made]))
    assert shown == {"[(1, 2, []), (1, 3, []), (4, 2, [5])]"}


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1, 2, [], 4), {}), ((1,), {"a": 1}), ((1,), {"d": 1})])
@pytest.mark.parametrize("before", [0, 60])
def test_a_wrong_call_is_a_type_error(args: tuple[Any, ...], kwargs: dict[str, Any], before: int) -> None:
    @record
    class Fresh:
        a: int
        b: int = 2
        c: list[int] = field(default_factory=list)
        d: int = field(init=False)

    for _ in range(before):
        Fresh(1)
    with pytest.raises(TypeError):
        Fresh(*args, **kwargs)
