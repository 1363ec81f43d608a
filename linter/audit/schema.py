"""The audit database: its tables and views, and what each column says. `hunklint audit schema` prints this.

Every key is a function of the input alone, so that two runs over the same archive give the same rows; whatever comes
from a clock stands in `runs`, and nowhere else.
"""

from __future__ import annotations

VERSION = 1

TABLES = """
-- Facts about the database itself: schema (version of this layout), settings (what findings were kept).
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row for each time `audit run` was started. The only table that holds times of the run.
CREATE TABLE IF NOT EXISTS runs (
  run INTEGER PRIMARY KEY, started TEXT, ended TEXT,
  outcome TEXT,              -- finished, stopped; NULL: killed
  version TEXT,              -- of hunklint
  executor TEXT);            -- "jobs 2", "dask local:4"

-- The archives, in the order in which they were given.
CREATE TABLE IF NOT EXISTS sources (
  source INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,        -- mbox, packed, maildir, inbox, commits
  path TEXT NOT NULL UNIQUE, -- absolute; for commits with the range behind a space
  identity TEXT NOT NULL,    -- tells whether it is still the same archive
  position TEXT NOT NULL,    -- up to where it was read
  finished INTEGER NOT NULL DEFAULT 0);

-- A set of rules that tasks were judged by. A task judged by another set is judged again by the rules that differ.
CREATE TABLE IF NOT EXISTS rulebooks (
  rulebook INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS rules (
  rulebook INTEGER NOT NULL, rule TEXT NOT NULL,
  digest TEXT NOT NULL,      -- of the rule, the tables and the code that runs it
  related TEXT NOT NULL,     -- rules whose findings may come or go with its own, separated by blanks
  title TEXT, category TEXT, severity TEXT, confidence TEXT, status TEXT,
  PRIMARY KEY (rulebook, rule)) WITHOUT ROWID;

-- Messages that are judged together: a series as far as it arrived in one stretch, or a single message.
CREATE TABLE IF NOT EXISTS tasks (
  task INTEGER PRIMARY KEY,  -- number of its first message
  state TEXT NOT NULL,       -- open (waits for patches of its series), ready, done
  rulebook INTEGER);         -- by which it was judged
CREATE INDEX IF NOT EXISTS tasks_state ON tasks (state) WHERE state <> 'done';

-- Every message of the archives, in reading order.
CREATE TABLE IF NOT EXISTS messages (
  message INTEGER PRIMARY KEY,
  source INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, name TEXT NOT NULL,
  message_id TEXT,           -- without angle brackets
  parents TEXT NOT NULL,     -- In-Reply-To and References, nearest first, separated by blanks
  digest BLOB,               -- of author, subject and body
  has_patch INTEGER NOT NULL,-- a diff stands in it, quoted or not
  judge INTEGER NOT NULL,    -- 0: its patch is at hand, only its remarks are taken
  task INTEGER,              -- NULL for a copy
  outcome TEXT,              -- judged, review, discussion, copy, skipped, retracted; NULL: not yet looked at
  copy_of INTEGER,
  version INTEGER, idx INTEGER, total INTEGER, -- as the subject says
  subject TEXT, sender TEXT, address TEXT, date TEXT, cover INTEGER, change_id TEXT,
  links TEXT);               -- Message-IDs that a cover letter or patch notes link to
CREATE INDEX IF NOT EXISTS messages_id ON messages (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_digest ON messages (digest) WHERE digest IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_task ON messages (task);
CREATE INDEX IF NOT EXISTS messages_name ON messages (name) WHERE name <> '';

-- Patches. The key is the message and the place inside it (0 in nearly all).
CREATE TABLE IF NOT EXISTS patches (
  patch INTEGER PRIMARY KEY, -- message * 1000 + place
  message INTEGER NOT NULL, message_id TEXT,
  title TEXT, title_key TEXT,-- words of the title in lower case
  author TEXT, address TEXT, date TEXT, month TEXT,
  version INTEGER, idx INTEGER, total INTEGER, prefixes TEXT,
  subsystem TEXT,            -- from the paths: drivers/watchdog, net/ipv4, mm, ...
  added INTEGER, removed INTEGER, file_count INTEGER,
  quoted INTEGER,            -- judged from a reviewer's quotation
  damage TEXT, commit_id TEXT, base_commit TEXT, change_id TEXT,
  lines BLOB,                -- what it changes: sorted triples of 32-bit numbers: hash, line, place of the file
  series INTEGER,            -- filled by the linking
  superseded INTEGER);       -- a quoted patch whose original, or another quotation of it, counts instead
CREATE INDEX IF NOT EXISTS patches_message ON patches (message);
CREATE INDEX IF NOT EXISTS patches_id ON patches (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS patches_title ON patches (title_key, address);
CREATE INDEX IF NOT EXISTS patches_series ON patches (series);
CREATE TABLE IF NOT EXISTS files (
  patch INTEGER NOT NULL, n INTEGER NOT NULL, path TEXT, change TEXT, added INTEGER, removed INTEGER,
  PRIMARY KEY (patch, n)) WITHOUT ROWID;

-- Findings that were reported. `fate` and what follows it is filled by the linking.
CREATE TABLE IF NOT EXISTS findings (
  patch INTEGER NOT NULL, rule TEXT NOT NULL, n INTEGER NOT NULL,
  category TEXT, severity TEXT, confidence TEXT,
  path TEXT, line INTEGER, col INTEGER, side TEXT, patch_line INTEGER, function TEXT,
  message TEXT, help TEXT, fingerprint TEXT,
  text TEXT,                 -- the line of the mail that it is about
  labels TEXT,               -- JSON [[line of the mail, words], ...]
  limits TEXT,
  excerpt BLOB,              -- the mail around its lines: JSON [[first line, text], ...], packed with zlib
  fate TEXT,                 -- fixed, persists, dropped (the file left the series), last (no later version)
  since INTEGER,             -- version in which it first stood
  fixed_in INTEGER,          -- version in which it is gone
  agreed INTEGER,            -- 1: a person remarked within three lines of it
  PRIMARY KEY (patch, rule, n)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS findings_rule ON findings (rule);

-- Findings that were made and not reported: how many of a patch and rule, by verdict.
CREATE TABLE IF NOT EXISTS unreported (
  patch INTEGER NOT NULL, rule TEXT NOT NULL,
  verdict TEXT NOT NULL,     -- pre-existing, suppressed, baselined, below threshold
  times INTEGER NOT NULL, PRIMARY KEY (patch, rule, verdict)) WITHOUT ROWID;

-- What people wrote below lines of a patch.
CREATE TABLE IF NOT EXISTS remarks (
  message INTEGER NOT NULL, n INTEGER NOT NULL,
  quoted_path TEXT, quoted_line INTEGER, -- as far as the quotation tells
  side TEXT, kind TEXT, line_text TEXT, line_key INTEGER, text TEXT,
  patch INTEGER,             -- what it is about, filled by the linking as is the rest
  path TEXT, line INTEGER,   -- found again in that patch, else as quoted
  by TEXT,                   -- reviewer, author, bot
  addressed TEXT,            -- changed, unchanged (the next version still has the line), dropped, last, unknown
  PRIMARY KEY (message, n)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS remarks_patch ON remarks (patch);

-- What was not analysed, and why.
CREATE TABLE IF NOT EXISTS skipped (
  message INTEGER NOT NULL, path TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (message, path, stage, reason)) WITHOUT ROWID;

-- Series, and their versions: a chain is one work over all its versions.
CREATE TABLE IF NOT EXISTS series (
  series INTEGER PRIMARY KEY,-- number of its first patch
  chain INTEGER,             -- series number of the first version
  previous INTEGER, next INTEGER,
  link TEXT,                 -- why it was put behind `previous`: change-id, reply, cited, titles, files
  title TEXT, title_key TEXT,-- of the cover letter, else of the first patch
  author TEXT, address TEXT, date TEXT, month TEXT,
  version INTEGER, total INTEGER, seen INTEGER);
CREATE INDEX IF NOT EXISTS series_chain ON series (chain);
CREATE INDEX IF NOT EXISTS series_address ON series (address, date);
CREATE INDEX IF NOT EXISTS series_author ON series (author, date);
CREATE INDEX IF NOT EXISTS series_title ON series (title_key, date);
"""

VIEWS = {
    "judged_findings": (
        "findings with their patch, without those of superseded quotations",
        "SELECT f.*, p.message AS mail, p.message_id, p.title, p.author, p.date, p.month, p.version, p.idx, p.total,"
        " p.subsystem, p.series, p.quoted FROM findings f JOIN patches p USING (patch) WHERE p.superseded IS NULL",
    ),
    "by_rule": (
        "findings by rule, with what became of them",
        "SELECT rule, category, severity, count(*) AS findings, count(DISTINCT patch) AS patches,"
        " sum(fate='fixed') AS fixed, sum(fate='persists') AS persists, sum(fate='dropped') AS dropped,"
        " sum(fate='last') AS last, sum(agreed) AS agreed FROM judged_findings"
        " GROUP BY rule ORDER BY findings DESC, rule",
    ),
    "by_subsystem": (
        "patches and findings by subsystem",
        "SELECT p.subsystem, count(*) AS patches, coalesce(sum(f.n), 0) AS findings,"
        " round(1.0 * coalesce(sum(f.n), 0) / count(*), 3) AS per_patch FROM patches p"
        " LEFT JOIN (SELECT patch, count(*) AS n FROM findings GROUP BY patch) f USING (patch)"
        " WHERE p.superseded IS NULL GROUP BY p.subsystem ORDER BY findings DESC, p.subsystem",
    ),
    "by_month": (
        "patches and findings by month",
        "SELECT p.month, count(*) AS patches, coalesce(sum(f.n), 0) AS findings FROM patches p"
        " LEFT JOIN (SELECT patch, count(*) AS n FROM findings GROUP BY patch) f USING (patch)"
        " WHERE p.superseded IS NULL GROUP BY p.month ORDER BY p.month",
    ),
    "top_files": (
        "files by findings",
        "SELECT path, count(*) AS findings, count(DISTINCT rule) AS rules, count(DISTINCT patch) AS patches"
        " FROM judged_findings WHERE path IS NOT NULL GROUP BY path ORDER BY findings DESC, path",
    ),
    "by_author": (
        "patches and findings by author",
        "SELECT p.author, p.address, count(*) AS patches, coalesce(sum(f.n), 0) AS findings FROM patches p"
        " LEFT JOIN (SELECT patch, count(*) AS n FROM findings GROUP BY patch) f USING (patch)"
        " WHERE p.superseded IS NULL GROUP BY p.address ORDER BY findings DESC, p.address",
    ),
    "vanished": (
        "findings that a later version fixed",
        "SELECT rule, path, function, text, message, mail, message_id, title, version, fixed_in, fingerprint"
        " FROM judged_findings WHERE fate = 'fixed' ORDER BY patch, rule, n",
    ),
    "persisting": (
        "findings that the next version still has",
        "SELECT rule, path, function, text, message, mail, message_id, title, version, since, fingerprint"
        " FROM judged_findings WHERE fate = 'persists' ORDER BY patch, rule, n",
    ),
    "unaddressed": (
        "remarks of reviewers on lines that the next version left as they were",
        "SELECT r.path, r.line, r.line_text, r.text, m.sender AS reviewer, m.message_id, p.title, p.version"
        " FROM remarks r JOIN messages m USING (message) JOIN patches p ON p.patch = r.patch"
        " WHERE r.by = 'reviewer' AND r.addressed = 'unchanged' ORDER BY r.message, r.n",
    ),
    "agreement": (
        "by rule: findings on patches that a person remarked on, and those within three lines of a remark",
        "SELECT rule, count(*) AS on_reviewed_patches, sum(agreed) AS agreed,"
        " round(1.0 * sum(agreed) / count(*), 3) AS share FROM judged_findings WHERE patch IN"
        " (SELECT patch FROM remarks WHERE by = 'reviewer' AND line IS NOT NULL)"
        " GROUP BY rule ORDER BY on_reviewed_patches DESC, rule",
    ),
    "versions": (
        "series with more than one version",
        "SELECT chain, count(*) AS versions, min(date) AS first, max(date) AS latest, max(version) AS version,"
        " author, min(title) AS title FROM series GROUP BY chain HAVING count(*) > 1 ORDER BY chain",
    ),
    "copies": (
        "messages that came more than once",
        "SELECT c.message, c.message_id, c.copy_of, m.subject FROM messages c"
        " JOIN messages m ON m.message = c.copy_of WHERE c.outcome = 'copy' ORDER BY c.message",
    ),
    "not_analysed": (
        "what was skipped, by stage and reason",
        "SELECT stage, CASE WHEN instr(reason, ' from line ') THEN substr(reason, 1, instr(reason, ' from line ') - 1)"
        " ELSE reason END AS why, count(*) AS times FROM skipped GROUP BY stage, why ORDER BY times DESC, stage, why",
    ),
    "totals": (
        "the whole in one row",
        "SELECT (SELECT count(*) FROM messages) AS messages,"
        " (SELECT count(*) FROM messages WHERE outcome = 'copy') AS copies,"
        " (SELECT count(*) FROM messages WHERE outcome = 'review') AS reviews,"
        " (SELECT count(*) FROM patches WHERE superseded IS NULL) AS patches,"
        " (SELECT count(*) FROM series) AS series, (SELECT count(DISTINCT chain) FROM series) AS works,"
        " (SELECT count(*) FROM judged_findings) AS findings,"
        " (SELECT count(*) FROM remarks WHERE by = 'reviewer') AS remarks,"
        " (SELECT count(DISTINCT message) FROM skipped WHERE stage = 'audit') AS skipped_messages",
    ),
}

EXAMPLES = (
    ("what goes wrong most", "SELECT * FROM by_rule LIMIT 10"),
    ("what reviewers asked for in vain", "SELECT path, line_text, text FROM unaddressed LIMIT 10"),
    ("one rule over time", "SELECT month, count(*) FROM judged_findings WHERE rule = 'fd-leak' GROUP BY month"),
    ("findings that outlived a version", "SELECT rule, title, since, version FROM persisting"),
)


def create_statements() -> str:
    """All that makes an empty database an audit database."""
    views = "".join(f"CREATE VIEW IF NOT EXISTS {name} AS {sql};\n" for name, (_, sql) in VIEWS.items())
    return TABLES + views


def describe() -> str:
    """The schema as a person reads it."""
    lines = [f"Schema {VERSION} of an audit database (SQLite)", "", "TABLES", TABLES.replace("IF NOT EXISTS ", "")]
    lines += ["VIEWS", ""]
    lines += [f"{name:16} {purpose}" for name, (purpose, _) in VIEWS.items()]
    lines += ["", "EXAMPLES", ""]
    lines += [f"-- {purpose}\n{sql};" for purpose, sql in EXAMPLES]
    return "\n".join(lines) + "\n"
