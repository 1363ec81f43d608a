"""Every rule of the rulebook: its examples, its text, and that each part is needed. Found by listing the folder."""

from __future__ import annotations

import functools
import io
import re
from collections import Counter
from pathlib import Path

import pytest

from linter.detect.model import Scope
from linter.detect.registry import check_rule, engine_of
from linter.errors import RuleError
from linter.patch.intake import read_messages
from linter.record import replace
from linter.review.crosswise import Drowned, crossings
from linter.review.example import build_case
from linter.review.mutate import mutants, survivors
from linter.review.verify import run_case, verify_case
from linter.rulebook.build import example_texts, is_bad, split_markers
from linter.rulebook.load import find_rules, load_rulebook, read_rule
from linter.rulebook.model import Example, Rule, Rulebook
from linter.rulebook.paths import matches
from linter.syntax.parse import is_c_path, parse_image

FILES = find_rules()


@functools.cache
def rulebook() -> Rulebook:
    problems: list[RuleError] = []
    return load_rulebook(check=check_rule, cache=False, problems=problems)


@functools.cache
def rule_of(path: Path) -> Rule:
    return read_rule(path, tables=rulebook().tables, check=check_rule)


def _examples() -> list[tuple[Path, int]]:
    found = []
    for path in FILES:
        try:
            found += [(path, index) for index in range(len(read_rule(path).examples))]
        except RuleError:
            continue  # test_loads says so
    return found


def _name(path: Path) -> str:
    return path.stem


def test_there_are_rules() -> None:
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_loads(path: Path) -> None:
    assert rule_of(path).id == path.stem


@pytest.mark.parametrize(
    ("path", "index"), _examples(), ids=lambda value: value.stem if isinstance(value, Path) else str(value)
)
def test_example(path: Path, index: int) -> None:
    rule = rule_of(path)
    example = rule.examples[index]
    outcome = verify_case(rule, example, build_case(example), rulebook())
    assert outcome.passed, (outcome.result.value, outcome.missing, [place for place, _ in outcome.noisy])


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_cut_context_says_nothing_new(path: Path) -> None:
    """What three lines of context show is less than the whole file: no new finding, none that is surer."""
    rule = rule_of(path)
    for example in rule.examples:
        if not example.files or example.context == "hunk":
            continue
        known = _by_place(rule, example)
        for place, confidence in _by_place(rule, replace(example, context="hunk")).items():
            assert place in known, (example.name, place)
            assert confidence <= known[place], (example.name, place)


def _by_place(rule: Rule, example: Example) -> dict[tuple[object, ...], int]:
    found = run_case(rule, example, build_case(example), rulebook())
    places: dict[tuple[object, ...], int] = {}
    for index, finding in found:
        where = finding.primary.location
        place = (index, where.path, where.side, where.line)
        places[place] = max(places.get(place, 0), int(finding.confidence))
    return places


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_an_example_is_what_a_mail_with_it_would_be(path: Path) -> None:
    for example in rule_of(path).examples:
        if not example.files:
            continue
        (built,) = build_case(example).series.patches
        messages = read_messages(["-"], stdin=io.BytesIO(built.raw), cwd=".", problems=[])
        (read,) = [patch for message in messages for patch in message.patches]
        for one, other in zip(built.files, read.files, strict=True):
            assert (one.pre_path, one.post_path, one.change) == (other.pre_path, other.post_path, other.change)
            assert one.hunks == other.hunks, example.name
        for key in ("title", "prefixes", "author", "trailers", "body", "body_lineno", "notes_lineno", "damage"):
            assert getattr(read, key) == getattr(built, key), (example.name, key)


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_is_heard_beside_all_other_rules(path: Path) -> None:
    drowned = [one for one in crossings(rule_of(path), rulebook()) if isinstance(one, Drowned)]
    assert [(one.example.name, one.place) for one in drowned] == []


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_each_part_is_needed(path: Path) -> None:
    rule = rule_of(path)
    left = [mutant.name for mutant in survivors(rule, rulebook())]
    assert not left, f"without each of these all examples still pass: {left}"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_has_good_and_bad_examples(path: Path) -> None:
    bad = sum(is_bad(example) for example in rule_of(path).examples)
    good = len(rule_of(path).examples) - bad
    assert bad >= 2 and good >= 2
    names = Counter(example.name for example in rule_of(path).examples)
    assert [name for name, count in names.items() if count > 1] == []


def _broken(example: Example) -> list[str]:
    """Files of an example that are not C to the parser."""
    case = build_case(example)
    found = []
    for patch in case.series.patches:
        for file in patch.files:
            for image in case.images.get(file.patch_lineno, ()):
                if image is not None and is_c_path(file.path) and parse_image(image).tree.root_node.has_error:
                    found.append(f"{image.path} ({image.side.value})")
    return found


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_examples_are_c(path: Path) -> None:
    if engine_of(rule_of(path).engine).scope is not Scope.UNIT:
        return  # lines as text: what git left behind is no C
    for example in rule_of(path).examples:
        if example.files and example.context == "whole":
            assert _broken(example) == [], example.name


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_bad_examples_are_where_it_applies(path: Path) -> None:
    rule = rule_of(path)
    for example in rule.examples:
        for file in example.files if is_bad(example) else ():
            marked = any(split_markers(text)[1] for text in (file.pre, file.post) if text is not None)
            if marked and rule.applies_to.paths:
                assert matches(rule.applies_to.paths, file.path), (example.name, file.path)


SELF = re.compile(r"\b(?:this (?:rule|check|checker|warning)|the (?:rule|checker|warning|linter))\b", re.I)
SHOUT = re.compile(r"(?<![\w`$./-])[A-Z]{4,}(?![\w`(/.-])")
KNOWN = frozenset(
    re.findall(
        r"\w+",
        "NULL UAPI GPIO SPDX HTML ASCII MMIO POSIX NUMA IOMMU KUNIT PCIE HDMI EDID BIOS ACPI UEFI SMMU RDMA TOCTOU "
        "LIFO FIFO NAPI SIMD DMABUF KASAN KCSAN UBSAN VFIO MIME YAML SMTP TODO CLOEXEC",
    )
)
NAMES = frozenset({"Kconfig", "Makefile", "Fixes", "Subject", "Link", "Closes"})


def _prose(rule: Rule) -> dict[str, str]:
    texts = {"title": rule.title, "rationale": rule.rationale, "help": rule.help}
    texts |= {f"citation {number}": citation.says for number, citation in enumerate(rule.citations, 1)}
    texts |= {f"example `{example.name}`": example.name for example in rule.examples}
    return texts


def _messages(data: object) -> list[str]:
    """Every text of a block that a finding shows."""
    found: list[str] = []
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found += [str(text) for key, text in value.items() if key in ("message", "label", "help", "text")]
            stack += [inner for inner in value.values() if isinstance(inner, dict | list)]
        elif isinstance(value, list):
            stack += value
    return found


def shouted(text: str) -> list[str]:
    """Words all in capitals that are no identifier, error code or known abbreviation."""
    plain = re.sub(r"`[^`]*`", " ", text)
    return [
        word
        for word in SHOUT.findall(plain)
        if word not in KNOWN
        and not re.fullmatch(r"E[A-Z]{3,}", word)
        and not re.search(rf"\b{word}[_(]|_{word}\b", text)
    ]


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_text(path: Path) -> None:
    rule = rule_of(path)
    for where, text in _prose(rule).items():
        assert not SELF.search(text), f"{where}: speaks of itself: {text!r}"
        assert not shouted(text), f"{where}: shouts {shouted(text)}: put identifiers in backquotes"
    for text in _messages(rule.block):
        assert not SELF.search(text), f"message speaks of itself: {text!r}"
        assert not shouted(re.sub(r"\$\{?[A-Z_]+", " ", text)), f"message shouts: {text!r}"
    assert not rule.title.endswith("."), "a title has no full stop"
    first = rule.title.split()[0]
    assert not re.fullmatch(r"[A-Z][a-z]+", first) or first in NAMES, "a title starts small"
    assert rule.help[:1].isupper() or not rule.help[:1].isalpha(), "help is a sentence"
    assert len(rule.rationale.split()) >= 8, "a rationale teaches"


TOPS = (
    "Documentation arch block crypto drivers fs include init io_uring ipc kernel lib mm net rust samples scripts "
    "security sound tools virt"
)
CITED = re.compile(rf"(?:{'|'.join(TOPS.split())})(?:/[\w.+-]+)+(?::\w+)?|MAINTAINERS|Makefile")
LINK = re.compile(r"https?://[\w.-]+\.[a-z]{2,}/\S+")


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_citations(path: Path) -> None:
    """Each names a file of the kernel, perhaps with a symbol in it, or a page of the web."""
    for citation in rule_of(path).citations:
        assert len(citation.says.split()) >= 3, citation
        if citation.path is not None:
            assert CITED.fullmatch(citation.path) and ".." not in citation.path, citation
            if citation.path.startswith("Documentation/"):
                assert citation.path.endswith((".rst", ".txt", ".yaml", "/README")), citation
        if citation.url is not None:
            assert LINK.fullmatch(citation.url), citation
            assert "kernel.org/doc/html" not in citation.url, f"cite the file that the page is made from: {citation}"


def test_the_record_names_rules_and_corpora() -> None:
    record = rulebook().tables["record"]
    for id, rows in record["rules"].items():
        assert id in rulebook().rules, f"{id} is recorded and is no rule"
        for row in rows:
            assert set(row) <= {"corpus", "findings", "read", "right", "date", "note"}, (id, row)
            assert row["corpus"] in record["corpora"], (id, row)
            assert 0 <= row["right"] <= row["read"] <= row["findings"], (id, row)
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"]), (id, row)


def test_no_example_is_left_without_a_text() -> None:
    for path in FILES:
        for example in rule_of(path).examples:
            assert any(text.strip() for text in example_texts(example)), (path, example.name)


def test_mutants_exist_for_the_rules_there_are() -> None:
    assert sum(1 for path in FILES for _ in mutants(rule_of(path))) > len(FILES)


def test_the_text_tests_can_fail() -> None:
    assert shouted("NEVER do it") == ["NEVER"]
    assert shouted("returns `NEVER`, NULL, EFAULT or CLONE_NEWNS") == []
    assert SELF.search("This rule finds") and not SELF.search("the ruler")
