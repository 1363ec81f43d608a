"""The entry point: finds the command, runs it, and turns failures into a sentence and an exit code."""

from __future__ import annotations

import gc

# Before the other imports: they make thousands of objects that stay, and a small patch makes less garbage than this
# allows; an archive's is still collected.
gc.set_threshold(100_000, 20, 20)

import os  # noqa: E402
import sys  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

from linter.errors import LinterError  # noqa: E402
from linter.pattern import save_patterns  # noqa: E402

if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Run, and exit: 0 fine, 1 findings, 2 usage, 3 unreadable input, 4 bad rule or configuration, 70 bug."""
    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End the process. Where nothing waits for the end, objects are not taken apart one by one before it."""
    import atexit

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # the interpreter knows what to do with a stream that cannot be written
    if atexit._ncallbacks() or sys.gettrace() or sys.getprofile() or "threading" in sys.modules:
        sys.exit(code)
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        code = _dispatch(arguments)
        save_patterns()
        return code
    except LinterError as error:
        return _failed(error)
    except KeyboardInterrupt:
        print("hunklint: stopped; no further patch was reviewed", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader has enough (head, less): nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(arguments: list[str]) -> int:
    """What other programs call again and again by the short way, where it is plain; everything else through click."""
    if arguments[:1] == ["check"]:
        from linter.cli._options import CHECK, quick_parse

        parsed = quick_parse(arguments[1:], CHECK)
        if parsed is not None:
            from linter.cli._check import check

            return check(*parsed)
    if arguments[:1] == ["b4"]:
        from linter.cli._b4 import B4, b4
        from linter.cli._options import quick_parse

        parsed = quick_parse(arguments[1:], B4)
        if parsed is not None:
            return b4(*parsed)
    if arguments[:2] == ["hook", "run"] and len(arguments) > 2:
        from linter.cli._hook_run import run_hook

        return run_hook(arguments[2], arguments[3:])
    from linter.cli._commands import run_click

    return run_click(arguments)


def _failed(error: LinterError) -> int:
    print("no patch was reviewed", file=sys.stderr)
    print(f"error: {error.title}", file=sys.stderr)
    if error.help:
        print(f"help: {error.help}", file=sys.stderr)
    cause = error.__cause__
    while cause is not None:
        print(f"cause: {type(cause).__name__}: {cause}", file=sys.stderr)
        cause = cause.__cause__
    return error.exit_code


if __name__ == "__main__":
    main()
