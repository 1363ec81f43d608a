"""What people get out of a database: queries, tables, the page, and the words on the way."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sqlite3
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linter.audit.charts import SLIM, Bar, bars, columns
from linter.audit.database import open_readonly
from linter.audit.export import COLUMNS, write_csv, write_parquet
from linter.audit.model import Tally
from linter.audit.page import write_page
from linter.audit.progress import Lines, describe, left, make_progress
from linter.audit.query import run_query
from linter.audit.schema import EXAMPLES, VIEWS, create_statements
from linter.audit.schema import describe as describe_schema
from linter.audit.summary import summarize
from linter.errors import InputError, LinterError, UsageError
from tests.audit.archive import mail, many, patch_body, series, write_mbox
from tests.audit.driver import audit
from tests.audit.test_link import reviewed


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audited archive with hostile texts in it."""
    folder = tmp_path_factory.mktemp("audit")
    evil = mail(
        "evil",
        "[PATCH] net: <script>alert(1)</script> & \x1b[31mred",
        patch_body("net/<img src=x onerror=alert(1)>.c", ['\tkmalloc("</pre><script>alert(2)</script>");']),
        sender='"=HYPERLINK(1)" <evil@example.org>',
        day=28,
    )
    messages = [*many(12), *series("x", 1, 1, "strcpy(a)", day=1), *series("x", 2, 1, "good(a)", day=2), evil]
    path = folder / "a.sqlite"
    audit(path, [str(write_mbox(folder / "some-list.mbox", messages))])
    return path


def test_every_view_and_example_runs(db: Path) -> None:
    connection = open_readonly(str(db))
    for name in VIEWS:
        connection.execute(f"SELECT * FROM {name}").fetchall()
    for _, sql in EXAMPLES:
        connection.execute(sql).fetchall()


def test_the_schema_names_every_table_column_and_view(db: Path) -> None:
    text = describe_schema()
    connection = open_readonly(str(db))
    for name, kind in connection.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"):
        if kind == "table":
            for column in connection.execute(f"PRAGMA table_info({name})"):
                assert re.search(rf"\b{column[1]}\b", text), f"{name}.{column[1]}"
        if kind in ("table", "view"):
            assert name in text


def test_a_query_answers(db: Path) -> None:
    names, rows = run_query(str(db), "SELECT rule, findings FROM by_rule", 10)
    assert names == ["rule", "findings"]
    assert dict(rows)["word-kmalloc"] == 8


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM findings",
        "DROP TABLE findings",
        "UPDATE findings SET rule = 'x'",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'x.sqlite' AS x",
        "VACUUM INTO 'x.sqlite'",
        "PRAGMA query_only = OFF",
        "REPLACE INTO meta VALUES ('schema', '0')",
        "WITH gone(n) AS (SELECT 1) DELETE FROM findings WHERE n IN gone RETURNING rule",
        "CREATE TABLE t AS SELECT 1",
        "BEGIN IMMEDIATE",
        "DETACH main",
        "REINDEX",
        "SELECT zeroblob(999999999)",
        "CREATE TEMP TABLE t (a)",
        "SELECT load_extension('x')",
        "SELECT 1; DROP TABLE findings",
        "not sql",
    ],
)
def test_a_query_can_do_nothing_but_read(db: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = db.read_bytes()
    with pytest.raises(UsageError):
        list(run_query(str(db), sql, 10)[1])
    assert db.read_bytes() == before
    assert not list(tmp_path.iterdir())


def test_an_endless_query_is_ended(db: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(UsageError, match="longer than"):
        list(run_query(str(db), endless, 0.2)[1])


def test_what_is_no_audit_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no database"):
        open_readonly(str(tmp_path / "missing"))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="no audit database"):
        open_readonly(str(tmp_path / "text"))
    other = sqlite3.connect(tmp_path / "other")
    other.executescript(create_statements() + "INSERT INTO meta VALUES ('schema', '999');")
    other.close()
    with pytest.raises(LinterError, match="another version"):
        open_readonly(str(tmp_path / "other"))


def test_csv(db: Path, tmp_path: Path) -> None:
    write_csv(open_readonly(str(db)), str(tmp_path / "a.csv"))
    rows = list(csv.DictReader((tmp_path / "a.csv").open(newline="", encoding="utf-8")))
    assert len(rows) == len(list(run_query(str(db), "SELECT 1 FROM judged_findings", 10)[1]))
    assert {row["rule"] for row in rows} == {"word-kmalloc", "word-strcpy"}
    assert "'=HYPERLINK(1)" in {row["author"] for row in rows}, "no spreadsheet may take it for a formula"


def test_parquet(db: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet

    write_parquet(open_readonly(str(db)), str(tmp_path / "a.parquet"))
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert table.num_rows == len(list(run_query(str(db), "SELECT 1 FROM judged_findings", 10)[1]))


def test_the_summary_counts(db: Path) -> None:
    text = summarize(open_readonly(str(db)))
    assert re.search(r"word-kmalloc +8 ", text)
    assert "not finished" not in text


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(db: Path) -> str:
    """The page of the archive."""
    target = db.with_suffix(".html")
    write_page(open_readonly(str(db)), str(target))
    return target.read_text(encoding="utf-8")


def test_the_page_fetches_nothing(page: str) -> None:
    tags = Page(page).tags
    assert not [tag for tag, _ in tags if tag in ("link", "img", "iframe", "object", "embed", "base")]
    assert not [at for _, at in tags if "src" in at or any(name.startswith("on") for name in at)]
    outside = [at["href"] for tag, at in tags if tag == "a" and not str(at.get("href")).startswith("#")]
    assert outside and all(str(link).startswith("https://lore.kernel.org/r/") for link in outside)
    policies = [at["content"] for tag, at in tags if tag == "meta" and "http-equiv" in at]
    assert policies and str(policies[0]).startswith("default-src 'none'")


def test_nothing_in_a_patch_becomes_markup(page: str) -> None:
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page


def test_every_finding_has_an_anchor_and_every_link_a_target(db: Path, page: str) -> None:
    tags = Page(page).tags
    ids = {at["id"] for _, at in tags if "id" in at}
    found = run_query(str(db), "SELECT patch, rule, n FROM judged_findings", 10)[1]
    assert all(f"f{patch}-{rule}-{n}" in ids for patch, rule, n in found)
    links = {str(at["href"])[1:] for tag, at in tags if tag == "a" and str(at.get("href")).startswith("#")}
    assert {link for link in links if not link.startswith(("rule:", "find:"))} <= ids


def test_a_limit_is_told(db: Path, tmp_path: Path) -> None:
    write_page(open_readonly(str(db)), str(tmp_path / "a.html"), limit=2)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.count('<details class="patch"') == 2
    assert re.search(r"\d+ further findings are not on this page", text)
    tags = Page(text).tags
    ids = {at["id"] for _, at in tags if "id" in at}
    links = {str(at["href"])[1:] for tag, at in tags if tag == "a" and re.match(r"#[fp]\d", str(at.get("href")))}
    assert links <= ids, "what is not on the page is not linked to"


def test_remarks_stand_in_the_page(tmp_path: Path) -> None:
    write_page(open_readonly(str(reviewed(tmp_path))), str(tmp_path / "a.html"))
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Why this size?" in text
    assert "a reviewer remarked here" in text


def test_an_empty_audit_has_a_page(tmp_path: Path) -> None:
    audit(tmp_path / "a.sqlite", [str(write_mbox(tmp_path / "box", [mail("a", "hello", "x\n")]))])
    write_page(open_readonly(str(tmp_path / "a.sqlite")), str(tmp_path / "a.html"))
    assert "No findings." in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser(db: Path, page: str, tmp_path: Path, scheme: str) -> None:
    """The script runs under the page's own policy: a link to a finding opens its patch."""
    name, *_ = next(run_query(str(db), "SELECT 'f' || patch || '-' || rule || '-' || n FROM judged_findings", 10)[1])
    flags = (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}",
        f"--blink-settings=preferredColorScheme={int(scheme == 'light')}", "--window-size=1200,900",
    )  # fmt: skip
    address = f"{db.with_suffix('.html').as_uri()}#{name}"
    done = subprocess.run(["chromium", *flags, "--dump-dom", address], capture_output=True, text=True, timeout=120)
    opened = [at for tag, at in Page(done.stdout).tags if tag == "details" and "open" in at]
    assert len(opened) == 1
    filtered = [*flags, "--dump-dom", f"{db.with_suffix('.html').as_uri()}#find:drivers/net/"]
    done = subprocess.run(["chromium", *filtered], capture_output=True, text=True, timeout=120)
    patches = [at for tag, at in Page(done.stdout).tags if tag == "details" and at.get("class") == "patch"]
    left = [at for at in patches if "hidden" not in at]
    assert 0 < len(left) < len(patches) and all("drivers/net/" in str(at["data-words"]) for at in left)
    shot = tmp_path / "a.png"
    subprocess.run(
        ["chromium", *flags, f"--screenshot={shot}", address.partition("#")[0]], capture_output=True, timeout=120
    )
    assert shot.stat().st_size > 20_000, "a page with a chart and tables is no blank one"


def test_charts_escape_and_scale() -> None:
    text = bars([Bar("<b>", (("fixed", 3), ("last", 1)), link="#rule:x"), Bar("zero", ())], "t")
    assert "<b>" not in text and text.count("<rect") == 2
    assert columns([("2024-01", 0), ("2024-02", 7)], "t", "patches").count("<rect") == 2
    slim = bars([Bar("a-name-of-some-length", (("fixed", 3),))], "t", SLIM)
    assert "a-name-of-some-length" in slim and 'y="17"' in slim, "the name stands above the bar"
    assert "Nothing" in bars([], "t") and "Nothing" in columns([], "t", "x")


def test_progress_says_a_line_a_minute() -> None:
    now = [0.0]
    stream = io.StringIO()
    lines = Lines(stream, 1000, lambda: now[0])
    for second in range(0, 150, 5):
        now[0] = float(second)
        lines(Tally(messages=second * 10, patches=second), second * 5)
    said = stream.getvalue().splitlines()
    assert len(said) == 2
    assert said[0] == "600 messages, 60 patches, 0 findings, 10/s, 0:02:20 left"


def test_progress_is_silent_when_asked_and_plain_without_a_terminal() -> None:
    stream = io.StringIO()
    with make_progress(10, quiet=True, stream=stream) as silent:
        silent(Tally(), 5)
    assert stream.getvalue() == ""
    assert isinstance(make_progress(10, quiet=False, stream=stream), Lines)
    assert left(0, 10, 5) is None and left(5, 0, 5) is None
    assert describe(Tally(skipped=3), 1, None).endswith("3 skipped")
