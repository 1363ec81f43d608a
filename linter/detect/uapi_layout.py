"""Where the compiler puts the members of a structure: offsets, holes and size on 64 bit, 32 bit and i386.

No compiler and no headers: what a declaration does not tell (a macro as array length, a structure from elsewhere) makes
the layout unknown from there on, and unknown says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from linter.detect.match_find import nodes_within
from linter.pattern import lazy
from linter.record import record
from linter.syntax.model import Unit

ABIS = ("64 bit", "32 bit", "i386")
_SIZES = {
    1: "char,signed char,unsigned char,__u8,__s8,u8,s8,uint8_t,int8_t,_Bool,bool",
    2: "short,unsigned short,short int,__u16,__s16,u16,s16,uint16_t,int16_t,__le16,__be16,__sum16,__kernel_sa_family_t",
    4: "int,unsigned,unsigned int,signed int,__u32,__s32,u32,s32,uint32_t,int32_t,__le32,__be32,float,"
    "__poll_t,__wsum,__kernel_pid_t,__kernel_uid32_t,__kernel_gid32_t,pid_t,drm_magic_t,drm_drawable_t",
    8: "long long,unsigned long long,__u64,__s64,u64,s64,uint64_t,int64_t,__le64,__be64,__kernel_loff_t,loff_t,"
    "__kernel_time64_t,double,__aligned_u64,__aligned_s64,__aligned_be64,__aligned_le64,__virtio64",
}
_FIXED = {name: size for size, names in _SIZES.items() for name in names.split(",")}
_BY_MACHINE = (
    "long,unsigned long,long int,size_t,ssize_t,__kernel_size_t,__kernel_long_t,__kernel_ulong_t,uintptr_t,"
    "drm_handle_t,__kernel_time_t,off_t,__kernel_off_t"
)
_WORDS = frozenset(_BY_MACHINE.split(","))
_NUMBER = lazy(rb"\(?\s*(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*\s*\)?\Z")


@record
class Shape:
    """Size and alignment on the three kinds of machine."""

    size: tuple[int, int, int]
    align: tuple[int, int, int]


@record
class Member:
    """One member: where it stands, how large it is, and the hole before it."""

    name: str
    node: Node
    offsets: tuple[int, int, int]
    holes: tuple[int, int, int]
    shape: Shape


@record
class Layout:
    """A structure laid out to its end."""

    name: str
    node: Node
    members: tuple[Member, ...]
    shape: Shape
    tail: tuple[int, int, int]  # unnamed bytes at the end


def structures(unit: Unit) -> Iterator[Node]:
    """Every struct or union with a body."""
    for node in nodes_within(unit.tree.root_node, 200_000):
        if node.type in ("struct_specifier", "union_specifier") and node.child_by_field_name("body") is not None:
            yield node


def name_of(node: Node) -> str:
    """The tag of a struct, union or enum."""
    name = node.child_by_field_name("name")
    return (name.text or b"").decode("utf-8", "replace") if name is not None else ""


def called(layout: Layout) -> str:
    """`struct x`, or what it is where it has no name."""
    kind = layout.node.type[:6].rstrip("_")
    return f"{kind} {layout.name}" if layout.name else f"the unnamed {kind}"


def is_packed(unit: Unit, node: Node) -> bool:
    """Whether a structure is packed or aligned by attribute."""
    end = unit.source.find(b";", node.end_byte)
    tail = unit.source[node.end_byte : end if 0 <= end < node.end_byte + 200 else node.end_byte + 60]
    head = unit.source[node.start_byte : node.start_byte + 80].split(b"{")[0]
    return b"packed" in tail or b"packed" in head or b"aligned" in tail or b"aligned" in head


def member_name(declarator: Node) -> str:
    """The name that a member's declarator declares."""
    current: Node | None = declarator
    for _ in range(12):
        if current is None:
            return ""
        if current.type == "field_identifier":
            return (current.text or b"").decode("utf-8", "replace")
        inner = current.child_by_field_name("declarator")
        current = inner if inner is not None else (current.named_children[0] if current.named_child_count else None)
    return ""


class Calculator:
    """Lays out the structures of one unit; each is done once."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._known: dict[str, Layout | None] = {}
        self._nodes = {f"{node.type[:6]} {name_of(node)}": node for node in structures(unit) if name_of(node)}

    def layout(self, node: Node, depth: int = 0) -> Layout | None:
        """The layout of a structure, None where some part of it is unknown."""
        body = node.child_by_field_name("body")
        if body is None or node.has_error or depth > 8 or is_packed(self.unit, node) or self._is_cut(node):
            return None
        at, align = [0, 0, 0], [1, 1, 1]
        union = node.type == "union_specifier"
        members: list[Member] = []
        size = [0, 0, 0]
        for child in body.named_children:
            if child.type == "comment":
                continue
            if child.type != "field_declaration":
                return None
            for name, shape in self._fields(child, depth):
                if shape is None:
                    return None
                start = [0 if union else _up(at[i], shape.align[i]) for i in range(3)]
                holes = [0 if union else start[i] - at[i] for i in range(3)]
                members.append(Member(name, child, _three(start), _three(holes), shape))
                at = [start[i] + shape.size[i] for i in range(3)]
                align = [max(align[i], shape.align[i]) for i in range(3)]
                size = [max(size[i], at[i]) for i in range(3)]
        if not members:
            return None
        total = [_up(size[i], align[i]) for i in range(3)]
        tail = [total[i] - size[i] for i in range(3)]
        return Layout(name_of(node), node, tuple(members), Shape(_three(total), _three(align)), _three(tail))

    def _is_cut(self, node: Node) -> bool:
        """Whether the patch shows only some lines of a structure: what stands before and between them counts, too."""
        return None in self.unit.rows[node.start_point[0] : node.end_point[0] + 1]

    def _fields(self, declaration: Node, depth: int) -> Iterator[tuple[str, Shape | None]]:
        kind = declaration.child_by_field_name("type")
        base = self._shape(kind, depth) if kind is not None else None
        declarators = declaration.children_by_field_name("declarator")
        if any(child.type == "bitfield_clause" for child in declaration.named_children):
            yield "", None
            return
        if not declarators:
            yield "", base
        for declarator in declarators:
            yield member_name(declarator), _declared(declarator, base)

    def _shape(self, kind: Node, depth: int) -> Shape | None:
        text = b" ".join((kind.text or b"").split()).decode("utf-8", "replace")
        if kind.type == "enum_specifier":
            return _plain(4)
        if kind.type in ("struct_specifier", "union_specifier"):
            if kind.child_by_field_name("body") is not None:
                found = self.layout(kind, depth + 1)
                return found.shape if found else None
            return self._named(f"{kind.type[:6]} {name_of(kind)}", depth)
        if text in _WORDS:
            return Shape((8, 4, 4), (8, 4, 4))
        size = _FIXED.get(text)
        if size is None:
            return None
        return Shape((8, 8, 8), (8, 8, 8)) if text.startswith("__aligned_") else _plain(size)

    def _named(self, name: str, depth: int) -> Shape | None:
        if name not in self._known:
            self._known[name] = None
            node = self._nodes.get(name)
            self._known[name] = self.layout(node, depth + 1) if node is not None else None
        found = self._known[name]
        return found.shape if found else None


def _plain(size: int) -> Shape:
    return Shape((size, size, size), (size, size, min(size, 4)))


def _declared(declarator: Node, base: Shape | None) -> Shape | None:
    """The shape of a member: a pointer, or so many of `base`."""
    shape, current = base, declarator
    for _ in range(6):
        if current.type == "pointer_declarator":
            return Shape((8, 4, 4), (8, 4, 4))
        if current.type == "function_declarator":
            return None
        if current.type != "array_declarator":
            return shape
        size = current.child_by_field_name("size")
        count = 0
        if size is not None:
            match = _NUMBER.match(size.text or b"")
            if match is None:
                return None
            count = int(match[1], 0) if match[1][:1] != b"0" or match[1][1:2] in b"xX" else int(match[1], 8)
        if shape is None or count > 1 << 20:
            return None
        shape = Shape(_three([part * count for part in shape.size]), shape.align)
        inner = current.child_by_field_name("declarator")
        if inner is None:
            return None
        current = inner
    return None


def _up(value: int, align: int) -> int:
    return -(-value // align) * align


def _three(values: list[int]) -> tuple[int, int, int]:
    return (values[0], values[1], values[2])
