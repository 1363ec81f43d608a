"""Folders to a rulebook: discovery, checks, the cache, several bad files, names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linter.errors import RuleError, UsageError
from linter.rulebook import load
from linter.rulebook.cache import MOST_RULEBOOKS, cache_dir
from linter.rulebook.errors import BlockError
from linter.rulebook.load import find_named, find_rule, find_rules, find_tables, load_rulebook, read_examples
from linter.rulebook.model import Rule, Tables

from .conftest import RULE

Write = Callable[..., Path]


class Check:
    """A check that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        self.calls += 1
        if rule.block.get("call") != "bad":
            raise BlockError(("toy", "call"), "no such call", "`bad`")
        return frozenset({"bad"})


def test_discovery(write: Write, folder: Path) -> None:
    wanted = [write("error/bad-call.yaml"), write("uapi/deep/er/x.yaml")]
    table = write("data/words.yaml", "a: 1\n")
    for other in ("error/notes.md", "error/.hidden.yaml", ".git/x.yaml", "error/x.yml"):
        write(other)
    assert find_rules() == wanted
    assert find_tables() == [table]
    own = folder.parent / "own" / "error"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text(RULE.replace("bad-call", "mine"))
    assert find_rules([folder.parent / "own"]) == [*wanted, own / "mine.yaml"]


def test_a_folder_that_cannot_be_read(write: Write, monkeypatch: Any) -> None:
    write("error/bad-call.yaml")

    def refuse(path: str) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RuleError, match="rules: cannot be read: Permission denied"):
        load_rulebook(cache=False)


def test_pipes_and_folders_are_no_rules(write: Write, folder: Path) -> None:
    path = write("error/bad-call.yaml")
    os.mkfifo(folder / "error" / "pipe.yaml")
    inner = write("error/folder.yaml/inner.yaml", RULE.replace("bad-call", "inner"))
    assert find_rules() == [path, inner]
    (folder / "error" / "huge.yaml").touch()
    os.truncate(folder / "error" / "huge.yaml", 1 << 34)
    problems: list[RuleError] = []
    load_rulebook(cache=False, problems=problems)
    names = {problem.title.rpartition("/")[2].partition(":")[0] for problem in problems}
    assert names == {"inner.yaml", "huge.yaml"}


def test_no_such_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="no rule folder at"):
        load_rulebook(["/nowhere/at/all"])


def test_load(write: Write) -> None:
    write("error/bad-call.yaml")
    write("data/words.yaml", "vendor: [nvidia, intel]\nsince: 6.10\n")
    check = Check()
    book = load_rulebook(check=check, cache=False)
    assert list(book.rules) == ["bad-call"]
    assert book.rules["bad-call"].triggers == {"bad"}
    assert book.tables["words"] == {"vendor": ["nvidia", "intel"], "since": "6.10"}
    assert len(book.digest) == 64 and check.calls == 1


def test_the_cache_gives_the_same_rulebook(write: Write) -> None:
    write("error/bad-call.yaml")
    write("data/words.yaml", "vendor: [nvidia]\n")
    check = Check()
    first = load_rulebook(check=check)
    second = load_rulebook(check=check)
    assert check.calls == 1, "the second one came from the cache"
    assert first.digest == second.digest
    assert second.tables["words"] == {"vendor": ["nvidia"]}
    assert list(second.tables.data) == ["words"] and len(second.tables.data) == 1
    one, two = first.rules["bad-call"], second.rules["bad-call"]
    assert two.examples == ()
    for name in Rule.__record_fields__:
        if name != "examples":
            assert getattr(one, name) == getattr(two, name), name
            assert type(getattr(one, name)) is type(getattr(two, name)), name
    assert read_examples(two) == one.examples


@pytest.mark.parametrize("what", ["rule", "table", "new", "gone", "rules dir"])
def test_a_change_makes_the_cache_stale(write: Write, folder: Path, what: str) -> None:
    path = write("error/bad-call.yaml")
    table = write("data/words.yaml", "a: 1\n")
    check = Check()
    before = load_rulebook(check=check)
    dirs: list[Path] = []
    if what == "rule":
        path.write_text(RULE.replace("a bad call", "a vad call", 1))
    elif what == "table":
        table.write_text("a: 2\n")
    elif what == "new":
        write("error/other.yaml", RULE.replace("bad-call", "other").replace("BAD_CALL", "OTHER"))
    elif what == "gone":
        table.unlink()
    else:
        dirs = [folder.parent / "own"]
        dirs[0].mkdir()
        (dirs[0] / "data").mkdir()
        (dirs[0] / "data" / "words.yaml").write_text("a: 3\n")
    after = load_rulebook(dirs, check=check)
    assert check.calls > 1
    assert after.digest != before.digest


def test_the_digest_is_about_contents(write: Write) -> None:
    path = write("error/bad-call.yaml")
    digest = load_rulebook(cache=False).digest
    os.utime(path, (1, 1))
    assert load_rulebook(cache=False).digest == digest
    path.write_text(RULE + "\n")
    assert load_rulebook(cache=False).digest != digest


def test_the_cache_is_read_without_yaml(write: Write, folder: Path) -> None:
    """A hook starts often: what only compiling needs must not be imported to read what was compiled."""
    write("data/words.yaml", "a: 1\n")
    code = (
        "import sys, linter.rulebook.load as load; load.rules_dir = lambda: sys.argv[1]; "
        "book = load.load_rulebook(check=lambda rule, tables: None); book.tables['words']; "
        "print(*(name for name in ('yaml', 'pathlib', 'hashlib', 'difflib', 'tempfile') if name in sys.modules))"
    )
    runs = [
        subprocess.run([sys.executable, "-S", "-c", code, str(folder)], capture_output=True, text=True, env=_env())
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs
    assert "yaml" in runs[0].stdout
    assert runs[1].stdout == "\n"


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _cached_files() -> list[Path]:
    return sorted(Path(cache_dir()).iterdir())


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"format":1,"manifest":""}'])
def test_a_broken_cache_is_made_again(write: Write, garbage: bytes) -> None:
    write("error/bad-call.yaml")
    check = Check()
    load_rulebook(check=check)
    (cached,) = _cached_files()
    cached.write_bytes(garbage)
    assert list(load_rulebook(check=check).rules) == ["bad-call"]
    assert check.calls == 2
    load_rulebook(check=check)
    assert check.calls == 2


def test_a_cache_with_damaged_rules_is_made_again(write: Write) -> None:
    write("error/bad-call.yaml")
    check = Check()
    load_rulebook(check=check)
    (cached,) = _cached_files()
    stored = json.loads(cached.read_bytes())
    stored["rules"][0] = stored["rules"][0][:5]
    cached.write_text(json.dumps(stored))
    assert load_rulebook(check=check).rules["bad-call"].engine == "toy"
    assert check.calls == 2


def test_a_table_that_left_the_cache_is_read_from_its_source(write: Write) -> None:
    write("error/bad-call.yaml")
    write("data/words.yaml", "a: 1\n")
    load_rulebook(check=Check())
    book = load_rulebook(check=Check())
    for file in _cached_files():
        file.unlink()
    assert book.tables["words"] == {"a": 1}


def test_old_tables_are_swept(write: Write) -> None:
    write("error/bad-call.yaml")
    table = write("data/words.yaml", "a: 1\n")
    load_rulebook(check=Check())
    assert len(_cached_files()) == 2
    table.write_text("a: 22\n")
    assert load_rulebook(check=Check()).tables["words"] == {"a": 22}
    assert len(_cached_files()) == 2


def test_rulebooks_of_forgotten_folders_are_swept(write: Write, tmp_path: Path) -> None:
    write("error/bad-call.yaml")
    write("data/words.yaml", "a: 1\n")
    for number in range(MOST_RULEBOOKS + 2):
        other = tmp_path / f"own{number}"
        other.mkdir()
        load_rulebook([other], check=Check())
    assert len(_cached_files()) == 2 * MOST_RULEBOOKS
    check = Check()
    load_rulebook([tmp_path / f"own{MOST_RULEBOOKS + 1}"], check=check)
    assert check.calls == 0, "the newest is still there"


def test_a_cache_folder_that_cannot_be_made_is_no_error(write: Write, monkeypatch: Any, tmp_path: Path) -> None:
    write("error/bad-call.yaml")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    check = Check()
    assert list(load_rulebook(check=check).rules) == ["bad-call"]
    assert list(load_rulebook(check=check).rules) == ["bad-call"]
    assert check.calls == 2


def test_a_cache_of_somebody_else_is_not_used(write: Write, monkeypatch: Any) -> None:
    write("error/bad-call.yaml")
    check = Check()
    load_rulebook(check=check)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    load_rulebook(check=check)
    assert check.calls == 2


def test_no_home_no_cache(write: Write, monkeypatch: Any, tmp_path: Path) -> None:
    write("error/bad-call.yaml")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    load_rulebook(check=Check())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rules"]


def test_unchecked_rules_never_enter_the_cache(write: Write, tmp_path: Path) -> None:
    write("error/bad-call.yaml")
    load_rulebook()
    assert not (tmp_path / "cache").exists()


def test_a_block_error_gets_file_and_line(write: Write) -> None:
    write("error/bad-call.yaml", changes={"call: bad}": "call: worse}"})
    with pytest.raises(RuleError) as caught:
        load_rulebook(check=Check(), cache=False)
    assert caught.value.title.endswith("bad-call.yaml:20: toy.call: no such call")
    assert caught.value.help == "expected `bad`"


def test_a_missing_table_is_said(write: Write) -> None:
    write("error/bad-call.yaml")
    with pytest.raises(RuleError, match=r":20: toy: needs the table 'vendors', which is missing"):
        load_rulebook(check=lambda rule, tables: tables["vendors"], cache=False)


def test_every_bad_file_is_named(write: Write, folder: Path) -> None:
    write("error/bad-call.yaml")
    write("error/other.yaml")
    write("data/words.yaml", "a: 1\na: 2\n")
    with pytest.raises(RuleError) as caught:
        load_rulebook(cache=False)
    assert "words.yaml:2: the key `a` stands here twice" in caught.value.title
    assert "also " in caught.value.help and "other.yaml:1: id:" in caught.value.help
    problems: list[RuleError] = []
    assert list(load_rulebook(cache=False, problems=problems).rules) == ["bad-call"]
    assert len(problems) == 2


def test_a_rulebook_with_a_bad_file_is_not_cached(write: Write) -> None:
    write("error/bad-call.yaml")
    write("error/other.yaml")
    for _ in range(2):
        problems: list[RuleError] = []
        load_rulebook(check=Check(), problems=problems)
        assert len(problems) == 1


def test_the_same_id_twice(write: Write, folder: Path) -> None:
    write("error/bad-call.yaml")
    write("error/more/error/bad-call.yaml")
    with pytest.raises(RuleError, match="the id `bad-call` is taken"):
        load_rulebook(cache=False)


def test_the_same_alias_twice(write: Write) -> None:
    write("error/bad-call.yaml")
    write("error/third.yaml", RULE.replace("bad-call", "third").replace("BAD_CALL", "KMERR"))
    write("error/other.yaml", RULE.replace("bad-call", "other").replace("BAD_CALL", "KMERR"))
    book = load_rulebook(cache=False)
    assert [rule.id for rule in find_named(book, "kmerr.cocci")] == ["other", "third"]
    assert find_rule(book, "kmerr").id == "other"


def test_an_id_wins_over_an_alias(write: Write) -> None:
    write("error/bad-call.yaml")
    write("error/other.yaml", RULE.replace("bad-call", "other").replace("BAD_CALL", "bad_call.cocci"))
    assert [rule.id for rule in find_named(load_rulebook(cache=False), "bad_call.cocci")] == ["bad-call"]


def test_supersedes(write: Write) -> None:
    other = RULE.replace("bad-call", "other").replace("aliases: [BAD_CALL]", "supersedes: [bad-call]")
    write("error/bad-call.yaml")
    write("error/other.yaml", other)
    load_rulebook(check=Check())
    assert load_rulebook(check=Check()).rules["other"].supersedes == ("bad-call",)
    for wrong in ("bad-cal", "other"):
        write("error/other.yaml", other.replace("[bad-call]", f"[{wrong}]"))
        with pytest.raises(RuleError, match=f"supersedes: `{wrong}` is no other rule"):
            load_rulebook(cache=False)


def test_an_unknown_profile(write: Write) -> None:
    write("data/profiles.yaml", "profiles: {netdev: {}, staging: {}}\n")
    write("error/bad-call.yaml")
    load_rulebook(cache=False)
    write("error/bad-call.yaml", RULE.replace("[staging]", "[netdev, stagin]"))
    with pytest.raises(RuleError) as caught:
        load_rulebook(cache=False)
    assert ":18: profiles.silent[1]: no profile is named `stagin`; did you mean `staging`?" in caught.value.title
    write("error/bad-call.yaml", RULE.replace("netdev:", "net:"))
    with pytest.raises(RuleError, match=r":18: profiles.severity.net: no profile is named `net`"):
        load_rulebook(cache=False)


@pytest.mark.parametrize("name", ["bad-call", "BAD_CALL", "bad_call", "Bad-Call", "bad_call.cocci"])
def test_find(write: Write, name: str) -> None:
    write("error/bad-call.yaml")
    assert find_rule(load_rulebook(cache=False), name).id == "bad-call"


def test_find_nothing(write: Write) -> None:
    write("error/bad-call.yaml")
    with pytest.raises(UsageError) as caught:
        find_rule(load_rulebook(cache=False), "bad-cal")
    assert caught.value.title == "no rule is named `bad-cal`"
    assert caught.value.help == "did you mean `bad-call`? `hunklint rules` lists them all"
    with pytest.raises(UsageError) as caught:
        find_rule(load_rulebook(cache=False), "zzz")
    assert caught.value.help == "`hunklint rules` lists them all"


def test_the_rules_of_a_checkout_are_found() -> None:
    assert load.rules_dir() == str(Path(__file__).parents[2] / "rules")


def test_long_texts_of_a_table_come_back(write: Write) -> None:
    long = [" ".join(f"word{index}é" for index in range(start, start + 2000)) for start in (0, 5000)]
    table = {"short": "a", "first": long[0], "deep": {"second": long[1], "list": [1, {"x": "y"}]}}
    write("error/bad-call.yaml")
    write("data/long.yaml", json.dumps(table))
    made = load_rulebook(check=Check())
    assert load_rulebook(check=Check()).tables["long"] == made.tables["long"] == table
