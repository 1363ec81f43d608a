"""Opening the database file: for reading by anybody, for writing by one process at a time."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from linter.audit.schema import VERSION
from linter.errors import InputError, UsageError


def open_readonly(path: str) -> sqlite3.Connection:
    """A connection that cannot write; raises InputError where there is no audit database."""
    if not Path(path).is_file():
        raise InputError(f"no database at {path}", "make one with `hunklint audit run SOURCE --db FILE`")
    uri = Path(path).resolve().as_uri()
    for suffix in ("?mode=ro", "?mode=ro&immutable=1"):  # the second: a folder in which no -shm file can be made
        connection = sqlite3.connect(uri + suffix, uri=True, timeout=10)
        try:
            found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        except sqlite3.DatabaseError as error:
            connection.close()
            problem = error
            continue
        if found is None or found[0] != str(VERSION):
            raise InputError(f"{path} was made by another version of hunklint", "run the audit again into a new file")
        return connection
    raise InputError(f"{path} is no audit database: {problem}", "make one with `hunklint audit run SOURCE --db FILE`")


def lock(path: str) -> int:
    """Hold the database file: two runs into one database would judge everything twice.

    The handle is opened before SQLite's and closed after it, for closing any handle drops SQLite's own locks.
    """
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", "name another file with --db") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise UsageError(f"another run is writing to {path}", "wait for it, or name another file with --db") from error
    return handle
