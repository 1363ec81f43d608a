"""`hunklint match`: what a C pattern matches in a file or a patch; where nothing does, how far it got."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from tree_sitter import Node

from linter.detect.match_drivers import find_pattern
from linter.detect.match_find import Site, sites_of, sites_of_kinds
from linter.detect.match_pattern import CONTEXTS, Branch, Dots, Leaf, Part, Pattern, PatternError, compile_pattern
from linter.detect.match_tree import explain_node
from linter.errors import InputError, UsageError
from linter.patch.images import ImageStore, whole_image
from linter.patch.intake import Problem, read_messages
from linter.patch.model import Image, Side
from linter.record import field, record
from linter.render.escape import visible
from linter.syntax.model import Unit
from linter.syntax.parse import is_c_path, parse_image

NEAREST = 3
"""Places shown where nothing matches."""


@click.command("match")
@click.option(
    "--pattern", "-p", required=True, help="C with $X for one part, ... for any parts, $...ARGS to bind them."
)
@click.option("--context", type=click.Choice(CONTEXTS), help="How the pattern is read [tried in this order].")
@click.option("--side", type=click.Choice(("pre", "post")), default="post", help="Which image of a patch [post].")
@click.option("--tree", "-t", is_flag=True, help="Show how the pattern was parsed, even where it matches.")
@click.argument("sources", nargs=-1, required=True, metavar="FILE|PATCH...")
def command(pattern: str, context: str | None, side: str, tree: bool, sources: Sequence[str]) -> int:
    """Try a pattern: print its matches and what each name is bound to.

    FILE is C source (.c, .h); anything else is read as a patch, `-` from standard input. Exits with 1 where nothing
    matches, and says how the pattern was parsed and where it stopped.
    """
    try:
        compiled = compile_pattern(pattern, context)
    except PatternError as error:
        raise UsageError(f"the pattern cannot be read: {error}", "try --context, or add the semicolon") from None
    if tree:
        click.echo("\n".join(_how_read(compiled)))
    missed = _Missed(compiled)
    matches = images = 0
    for image in _images(sources, Side(side)):
        unit = parse_image(image)
        images += 1
        found = 0
        for site, env in find_pattern(unit, compiled):
            found += 1
            click.echo("\n".join(_tell(unit, site, env)))
        matches += found
        if not found:
            missed.look(unit)
    if matches == 0:
        if not tree:
            click.echo("\n".join(_how_read(compiled)))
        click.echo("\n".join(missed.tell()))
    click.echo(f"{matches} {'match' if matches == 1 else 'matches'} in {images} {'image' if images == 1 else 'images'}")
    return 0 if matches else 1


def _images(sources: Sequence[str], side: Side) -> Iterator[Image]:
    """The images of C files and of the C files in patches."""
    for source in sources:
        if source != "-" and source.endswith((".c", ".h")):
            yield _file(source, side)
            continue
        problems: list[Problem] = []
        store = ImageStore()
        for message in read_messages([source], stdin=sys.stdin.buffer, cwd=".", problems=problems):
            for patch in message.patches:
                for file in patch.files:
                    pre, post = store.images(file, patch) if is_c_path(file.path) else (None, None)
                    image = pre if side is Side.PRE else post
                    if image is not None:
                        yield image
        if problems:
            raise InputError(f"{problems[0].source}: {problems[0].reason}", "name a C file or a patch")


def _file(source: str, side: Side) -> Image:
    try:
        text = Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror}", "name a C file or a patch") from error
    return whole_image(source, side, text.removesuffix(b"\n").split(b"\n"), ())


def _tell(unit: Unit, site: Site, env: Mapping[str, object]) -> Iterator[str]:
    yield f"{_place(unit, site.node)}: {_code(unit, site.node)}"
    for name, value in env.items():
        nodes = value if isinstance(value, tuple) else (value,)
        shown = ", ".join(_code(unit, node) if isinstance(node, Node) else str(node) for node in nodes)
        yield f"    ${name} = {shown}"


def _place(unit: Unit, node: Node) -> str:
    where = unit.location(node.start_byte, node.end_byte)
    line = where.line if where.line is not None else f"patch line {where.patch_lineno}"
    gutter = ("+" if where.side is Side.POST else "-") if where.changed else ""
    return f"{visible(where.path or '?')}:{line}:{where.column or 1}{f' {gutter}' if gutter else ''}"


def _code(unit: Unit, node: Node) -> str:
    text = " ".join(unit.snippet(node).decode("utf-8", "replace").split())
    return visible(text if len(text) <= 100 else text[:99] + "…")


def _how_read(pattern: Pattern) -> Iterator[str]:
    """How the pattern was parsed, with its own words for what stands for a name."""
    yield f"read as {pattern.context}:"
    for part in pattern.parts:
        yield from _part(part, 1)
    if pattern.anchors:
        yield f"looked for where `{pattern.anchors[0].decode()}` stands"


def _part(part: Part, depth: int) -> Iterator[str]:
    pad = "    " * depth
    if isinstance(part, Branch):
        yield f"{pad}{part.kind}"
        for child in part.children:
            yield from _part(child, depth + 1)
    elif isinstance(part, Leaf):
        yield f"{pad}{part.text.decode('utf-8', 'replace')}"
    elif isinstance(part, Dots):
        yield f"{pad}...{part.name}"
    else:
        yield f"{pad}${part.name or '_'}"


@record(frozen=False)
class _Missed:
    """Why nothing matched: a name that is nowhere, or the places that came nearest."""

    pattern: Pattern
    absent: set[bytes] = field(default_factory=set)
    near: list[tuple[int, str]] = field(default_factory=list)  # how far it got, and the words for it

    def look(self, unit: Unit) -> None:
        """Remember the nearest places of one image."""
        absent = {name for name in self.pattern.anchors if name not in unit.identifiers}
        self.absent |= absent
        if absent or self.pattern.is_sequence or len(self.near) > 1000:
            return
        for site in self._sites(unit):
            stopped = explain_node(self.pattern, site.node)
            if stopped is None:
                words = "fits, but the code around it is damaged or cut" if site.node.has_error else "fits"
                self.near.append((1 << 30, f"{_place(unit, site.node)}: {_code(unit, site.node)}\n    {words}"))
                continue
            got = stopped.start_byte - site.node.start_byte
            words = f"stopped at column {unit.location(stopped.start_byte, stopped.end_byte).column}: "
            words += f"`{_code(unit, stopped)}`"
            words += f" ({stopped.type})" if stopped.is_named else ""
            self.near.append((got, f"{_place(unit, site.node)}: {_code(unit, site.node)}\n    {words}"))

    def _sites(self, unit: Unit) -> Iterator[Site]:
        if not self.pattern.anchors:
            yield from sites_of_kinds(unit, self.pattern.kinds)
            return
        for site in sites_of(unit, self.pattern.anchors[0]):
            for levels in range(len(site.path)):
                if site.path[-1 - levels].type in self.pattern.kinds:
                    yield site.up(levels)
                    break

    def tell(self) -> Iterator[str]:
        """The nearest places, best first."""
        if self.near:
            yield "nearest:"
            for _, words in sorted(self.near, key=lambda one: -one[0])[:NEAREST]:
                yield words
        elif self.absent:
            yield "not there: " + ", ".join(f"`{name.decode()}`" for name in sorted(self.absent))
        elif self.pattern.is_sequence:
            yield "no block holds these statements one after the other; try them one by one"
        else:
            yield f"no node of the kind {' or '.join(sorted(self.pattern.kinds)) or 'that the pattern has'}"
