"""Frozen, slotted classes from annotations: `dataclasses.dataclass(frozen=True, slots=True)` at a seventh of its cost.

A hook starts the whole program for one small patch. There `dataclasses` (which imports `inspect` and compiles six
methods a class) would be a third of the time, so the types on that way are made here: one `__init__` a class,
compiled for its first object, everything else shared. Type checkers read `@record` as a frozen dataclass (PEP 681).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


class FrozenError(AttributeError):
    """Somebody tried to change a record."""


class _Field:
    """The default of a field that is made anew for each object, or that `__init__` does not take."""

    __slots__ = ("factory", "init", "repr")

    def __init__(self, factory: Callable[[], Any] | None, init: bool, repr: bool) -> None:
        self.factory, self.init, self.repr = factory, init, repr


def field(*, default_factory: Callable[[], Any] | None = None, init: bool = True, repr: bool = True) -> Any:
    """A field whose default is made by `default_factory`; with `init=False`, one that `__post_init__` fills."""
    return _Field(default_factory, init, repr)


_ABSENT = object()


@overload
def record(cls: type[T], /) -> type[T]: ...


@overload
def record(*, frozen: bool = True, eq: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[Any] | None = None, /, *, frozen: bool = True, eq: bool = True) -> Any:
    """Make a slotted class with `__init__`, `__repr__`, pickling, and (with `eq`) `__eq__` and `__hash__`.

    `frozen=False` gives a class whose fields may be set; it is not hashable when it has `eq`.
    """
    if cls is None:
        return lambda found: _make(found, frozen, eq)
    return _make(cls, frozen, eq)


def _make(cls: type[Any], frozen: bool, eq: bool) -> type[Any]:
    inherited: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited.update(getattr(base, "__record_fields__", {}))
    own = {
        name: cls.__dict__.get(name, _ABSENT)
        # inspect.get_annotations would bring the import back that this module avoids
        for name, kind in cls.__dict__.get("__annotations__", {}).items()  # noqa: RUF063
        if not str(kind).startswith(("ClassVar", "typing.ClassVar"))
    }
    fields = {**inherited, **own}
    body = {name: value for name, value in cls.__dict__.items() if name not in own and name not in _LEFT_OUT}
    body.update(__slots__=tuple(own), __record_fields__=fields, __match_args__=tuple(fields))
    body.setdefault("__repr__", _repr)
    if frozen:
        body.update(__setattr__=_refuse_set, __delattr__=_refuse_del)
    if eq:
        _add_equality(body, tuple(fields), frozen)
    body.update(__getstate__=_getstate, __setstate__=_setstate)
    made: type[Any] = type(cls).__call__(type(cls), cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _init_later(made, fields)
    return made


_LEFT_OUT = frozenset({"__dict__", "__weakref__", "__annotations__"})


_WARM = 24
"""Objects of a class after which its `__init__` is worth compiling: that costs as much as making so many without."""


def _init_later(made: type[Any], fields: dict[str, Any]) -> Any:
    """An `__init__` that sets the fields in a loop, until there were so many objects that compiling one pays.

    A small patch makes a handful of objects of most classes.
    """
    plan: Any = None
    count = 0

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal count, plan
        count += 1
        if plan is None:
            plan = _plan(made, fields)
        takes, known, required, setters, plain, factories, finish = plan
        given = dict(zip(takes, args, strict=False))
        names = kwargs.keys()
        wrong = len(args) > len(takes) or not (
            names <= known and names.isdisjoint(given) and required <= {*given, *names}
        )
        if wrong or count > _WARM:
            made.__init__ = compiled = _make_init(made, fields)
            compiled(self, *args, **kwargs)  # a wrong call gets the TypeError that Python has for it
            return
        values = {**plain, **given, **kwargs}
        for name, factory in factories.items():
            if name not in values:
                values[name] = factory()
        for name, value in values.items():
            setters[name](self, value)
        if finish:
            self.__post_init__()

    return __init__


def _plan(made: type[Any], fields: dict[str, Any]) -> tuple[Any, ...]:
    """What `__init__` has to know: the names it takes and those it needs, and how each field gets its value."""
    takes = tuple(name for name, default in fields.items() if not isinstance(default, _Field) or default.init)
    known = frozenset(takes)
    required = frozenset(name for name in takes if fields[name] is _ABSENT)
    required |= {name for name in takes if isinstance(fields[name], _Field) and fields[name].factory is None}
    setters = {name: getattr(made, name).__set__ for name in fields}
    plain = {name: value for name, value in fields.items() if value is not _ABSENT and not isinstance(value, _Field)}
    factories = {
        name: value.factory for name, value in fields.items() if isinstance(value, _Field) and value.factory is not None
    }
    finish = hasattr(made, "__post_init__")
    return takes, known, required, setters, plain, factories, finish


def _make_init(made: type[Any], fields: dict[str, Any]) -> Any:
    """Compile `__init__`: it sets slots through their descriptors, which also works for frozen classes."""
    scope: dict[str, Any] = {"_absent": _ABSENT}
    arguments, lines = ["self"], []
    for name, default in fields.items():
        scope[f"_set_{name}"] = getattr(made, name).__set__
        value = name
        if isinstance(default, _Field):
            scope[f"_new_{name}"] = default.factory
            if not default.init:
                if default.factory is not None:
                    lines.append(f" _set_{name}(self, _new_{name}())")
                continue
            if default.factory is None:
                arguments.append(name)
            else:
                arguments.append(f"{name}=_absent")
                value = f"_new_{name}() if {name} is _absent else {name}"
        elif default is _ABSENT:
            arguments.append(name)
        else:
            scope[f"_default_{name}"] = default
            arguments.append(f"{name}=_default_{name}")
        lines.append(f" _set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    # the names come from class bodies of this package, never from input
    exec(f"def __init__({', '.join(arguments)}):\n" + "\n".join(lines or [" pass"]), scope)
    return scope["__init__"]


def _add_equality(body: dict[str, Any], names: tuple[str, ...], frozen: bool) -> None:
    read: Callable[[Any], Any] = attrgetter(*names) if names else lambda self: ()

    def __eq__(self: Any, other: object) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(read(self))

    body.setdefault("__eq__", __eq__)
    body["__hash__"] = __hash__ if frozen else None


def _repr(self: Any) -> str:
    shown = (
        f"{name}={getattr(self, name)!r}"
        for name, default in self.__record_fields__.items()
        if not (isinstance(default, _Field) and not default.repr)
    )
    return f"{type(self).__name__}({', '.join(shown)})"


def _refuse_set(self: Any, name: str, value: object) -> NoReturn:
    raise FrozenError(f"{type(self).__name__}.{name} cannot be set")


def _refuse_del(self: Any, name: str) -> NoReturn:
    raise FrozenError(f"{type(self).__name__}.{name} cannot be deleted")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__record_fields__]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__record_fields__, state, strict=True):
        getattr(type(self), name).__set__(self, value)


def replace(item: T, /, **changes: Any) -> T:
    """A copy of a record with some fields changed."""
    fields = type(item).__record_fields__  # type: ignore[attr-defined]  # every record has it
    for name, default in fields.items():
        if name not in changes and not (isinstance(default, _Field) and not default.init):
            changes[name] = getattr(item, name)
    return type(item)(**changes)


def as_dict(item: Any) -> dict[str, Any]:
    """The fields of a record by name; their values as they are."""
    return {name: getattr(item, name) for name in item.__record_fields__}
