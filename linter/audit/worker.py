"""The far end of a pool: takes batches of items from a pipe, works on each item under limits, answers.

Started as a fresh interpreter, not by fork: no thread or lock of the parent comes along, and a worker that dies takes
nothing with it. It ends when its pipe does, so a killed parent leaves no worker behind.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

# the parent's own copy of hunklint, before an installed one but behind the standard library
SOURCE = """
import sys
at = next((at for at, path in enumerate(sys.path) if path.endswith("-packages")), len(sys.path))
sys.path.insert(at, sys.argv[1])
from linter.audit.worker import main
main()
"""


PATIENCE = 0.5
"""Seconds that an answer may wait for the others of its batch."""


def main() -> None:
    """Serve the pipe whose ends are named in argv until it closes."""
    connection = Connection(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        serve(connection)
    # objects of parsers and caches need no farewell
    os._exit(0)


def serve(connection: Connection) -> None:
    """Set up once, then answer batches."""
    target, argument, seconds, memory = connection.recv()
    try:
        work = resolve(target)(argument)
    except BaseException as error:  # whatever it is, the parent must hear of it
        connection.send(("broken", f"{type(error).__name__}: {error}", _as_told(error)))
        return
    _limit_memory(memory)
    connection.send(("ready", None, None))
    while True:
        careful, batch = connection.recv()
        if not _answer(connection, work, batch, seconds, careful):
            return


def _answer(connection: Connection, work: Callable[[Any], Any], batch: Any, seconds: float, careful: bool) -> bool:
    """Work on a batch; answers travel together, unless they take long. False where memory gave out."""
    answers: list[tuple[bool, Any]] = []
    said = time.monotonic()
    for left, item in enumerate(batch, 1 - len(batch)):
        # The default action of SIGPROF ends the process, in C code as well as in Python.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        tired = False
        try:
            answers.append((False, work(item)))
        except MemoryError:
            tired = True
            answers.append((True, ("out of memory", None)))
        except Exception as error:  # one bad item must not stop the others
            answers.append((True, (f"{type(error).__name__}: {error}", _as_told(error))))
        signal.setitimer(signal.ITIMER_PROF, 0)
        now = time.monotonic()
        if careful or tired or not left or now > said + PATIENCE:
            connection.send(("done", answers, None))
            answers, said = [], now
        if tired:
            return False
    return True


def resolve(target: str) -> Callable[[Any], Callable[[Any], Any]]:
    """The function that `module:name` names."""
    module, _, name = target.partition(":")
    found: Callable[[Any], Callable[[Any], Any]] = getattr(importlib.import_module(module), name)
    return found


def _as_told(error: BaseException) -> tuple[str, str, int] | None:
    """Title, help and exit code of our own errors, which the parent raises again."""
    from linter.errors import LinterError

    return (error.title, error.help, error.exit_code) if isinstance(error, LinterError) else None


def _limit_memory(mebibytes: int) -> None:
    if mebibytes <= 0:
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = mebibytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
