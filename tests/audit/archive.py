"""Mails written for the tests, and archives made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

SEPARATOR = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"


def mail(
    name: str | None,
    subject: str,
    body: str,
    *,
    sender: str = "Ann Author <ann@example.org>",
    day: int = 1,
    month: int = 3,
    parents: Sequence[str] = (),
) -> bytes:
    """One message; `name` is the local part of its Message-ID."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    lines = [f"From: {sender}", f"Date: {day} {months[month - 1]} 2024 10:00:00 +0000", f"Subject: {subject}"]
    if name is not None:
        lines.append(f"Message-ID: <{name}@example.org>")
    if parents:
        lines.append(f"In-Reply-To: <{parents[-1]}@example.org>")
        lines.append("References: " + " ".join(f"<{one}@example.org>" for one in parents))
    return ("\n".join(lines) + "\n\n" + body).encode()


def patch_body(path: str, added: Iterable[str], *, start: int = 10, words: str = "It was wrong.") -> str:
    """A commit message and a diff that adds lines to one file."""
    lines = list(added)
    text = "".join(f"+{line}\n" for line in lines)
    return (
        f"{words}\n\nSigned-off-by: Ann Author <ann@example.org>\n---\n"
        f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -{start},3 +{start},{3 + len(lines)} @@ int probe(void)\n"
        f" \tint a;\n \tint b;\n{text} \treturn 0;\n-- \n2.40.0\n"
    )


def write_mbox(path: Path, messages: Iterable[bytes]) -> Path:
    """An mboxrd file."""
    path.write_bytes(b"".join(SEPARATOR + one.rstrip(b"\n") + b"\n\n" for one in messages))
    return path


def series(name: str, version: int, patches: int, line: str, *, day: int, author: str = "ann") -> list[bytes]:
    """A cover letter and its patches; the first patch adds `line`."""
    mark = f" v{version}" if version > 1 else ""
    sender = f"{author.title()} Author <{author}@example.org>"
    cover = f"{name}-v{version}-0"
    made = [mail(cover, f"[PATCH{mark} 0/{patches}] mend the {name} driver", "Two words.\n", day=day, sender=sender)]
    for index in range(1, patches + 1):
        body = patch_body(f"drivers/{name}/part{index}.c", [f"\t{line};" if index == 1 else f"\tkeep({index});"])
        subject = f"[PATCH{mark} {index}/{patches}] {name}: mend part {index} of it"
        made.append(mail(f"{name}-v{version}-{index}", subject, body, day=day, sender=sender, parents=[cover]))
    return made


def many(count: int) -> list[bytes]:
    """Single patches, series and talk, mixed."""
    made: list[bytes] = []
    for number in range(count):
        word = ("kmalloc(8)", "strcpy(a, b)", "kfree(a)")[number % 3]
        path = f"drivers/net/unit{number % 7}.c"
        body = patch_body(path, [f"\tx{number} = {word};"], start=10 + number)
        made.append(mail(f"one-{number}", f"[PATCH] net: unit {number} gets a line", body, day=1 + number % 28))
        if number % 5 == 0:
            made += series(f"set{number}", 1, 3, "kmalloc(16)", day=1 + number % 28)
        if number % 4 == 0:
            made.append(mail(f"talk-{number}", "Re: weather", "It rains.\n", parents=[f"one-{number}"]))
    return made
