"""The bytes of one message in, a `Message` with its patches out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from linter.patch.diff import Diff, find_diff, merge_damage, parse_diff
from linter.patch.envelope import Mail
from linter.patch.header import Subject, parse_date, parse_ids, parse_person, parse_subject
from linter.patch.letter import Letter, read_base, read_change_id, read_letter
from linter.patch.mail import parse_mail
from linter.patch.mbox import INNER, INNER_SIGN, unquote_from
from linter.patch.model import Damage, DamageKind, Message, Patch, Person
from linter.patch.page import clean_header, find_page
from linter.pattern import lazy
from linter.record import replace

_ORIGINAL = lazy(
    rb"^(?:-{3,} ?(?:Original|Forwarded) [Mm]essage ?-{3,}"
    rb"|From: [^\n]{3,200}\r?\n(?:Sent|Date): [^\n]{6,80}\r?\n(?:To|Cc|Subject): )",
    re.MULTILINE,
)


def parse_message(raw: bytes, source: str, *, decoded: bool = False) -> Message:
    """Read one message (or one bare diff), however damaged; nothing is raised whatever the bytes."""
    if raw.startswith(b"From "):
        raw = unquote_from(raw)
    extent = find_page(raw)
    mail = parse_mail(raw, decoded=decoded) if extent is None else _mail_of_page(raw, *extent)
    return _Reader(mail, source).message()


def _mail_of_page(raw: bytes, begin: int, end: int) -> Mail:
    """The mail of a saved page; the lines above it stay, so that line numbers are those of the page."""
    mail = parse_mail(raw[begin:end], decoded=True)
    headers = tuple((name, clean_header(value)) for name, value in mail.headers)
    return replace(mail, headers=headers, raw=raw[:begin] + mail.raw, body_start=begin + mail.body_start)


class _Reader:
    """One mail on its way to a `Message`."""

    def __init__(self, mail: Mail, source: str) -> None:
        self.mail = mail
        self.source = source
        get = mail.get
        self.subject: Subject = parse_subject(get("subject"))
        self.message_id = next(iter(parse_ids(get("message-id"))), None)
        self.references = parse_ids(get("references"))
        replied = parse_ids(" ".join(v for k, v in mail.headers if k.lower() == "in-reply-to"))
        self.in_reply_to = replied[0] if replied else (self.references[-1] if self.references else None)
        self.sender: Person | None = parse_person(get("from"))
        self.date = parse_date(get("date"))

    def message(self) -> Message:
        """The message with every patch found in it."""
        patches = self._patches()
        return Message(
            self.message_id,
            self.in_reply_to,
            self.references,
            self.subject.text,
            self.sender,
            self.date,
            self.mail.headers,
            self.mail.body,
            self.source,
            patches,
            cover=not patches and self.subject.index == 0 and not self.subject.reply,
            problem=self.mail.problem,
        )

    def _patches(self) -> tuple[Patch, ...]:
        """The patches of the mail: usually one; one a part where whole format-patch mails lie inside."""
        raw, start = self.mail.raw, self.mail.body_start
        if find_diff(raw, start) < 0:
            return self._quotation()
        cuts = [(match.start(), match.end()) for match in INNER.finditer(raw, start)] if INNER_SIGN in raw else []
        begins = [start, *(end for _, end in cuts)]
        ends = [*(begin for begin, _ in cuts), len(raw)]
        found = (self._own(begin, end, inner=begin != start) for begin, end in zip(begins, ends, strict=True))
        return tuple(patch for patch in found if patch is not None)

    def _own(self, start: int, end: int, *, inner: bool) -> Patch | None:
        """The patch between two offsets of the mail, if there is one."""
        raw = self.mail.raw
        at = find_diff(raw, start, end)
        if at < 0:
            return None
        body_lineno = raw.count(b"\n", 0, start) + 1
        diff_lineno = body_lineno + raw.count(b"\n", start, at)
        tail = raw[at:end]
        lines = tail.split(b"\n")
        linenos: Sequence[int] = range(diff_lineno, diff_lineno + len(lines))
        unflowed: tuple[Damage, ...] = ()
        if self.mail.flowed:
            from linter.patch.flowed import unflow  # few mails are

            (lines, linenos), unflowed = unflow(lines, linenos, delsp=self.mail.delsp)
        diff = parse_diff(lines, linenos)
        if unflowed:
            diff = replace(diff, damage=merge_damage((*unflowed, *diff.damage)))
        if not diff.files:
            return None
        sent = self.message_id is not None or self.sender is None  # no program had a file of git's own in its hands
        if sent and b"\n \t" not in tail and b"\n+\t" not in tail and b"\n-\t" not in tail:
            from linter.patch.tabs import find_lost_tabs

            lost = find_lost_tabs(diff.files, diff.damage)
            diff = replace(diff, damage=(*diff.damage, *lost)) if lost else diff
        if self.mail.markup:
            diff = replace(diff, damage=(Damage(DamageKind.MARKUP, diff_lineno, 1), *diff.damage))
        if diff.damage:
            from linter.patch.gitread import judge_damage

            flow = {"flowed": self.mail.flowed, "delsp": self.mail.delsp}
            diff = replace(diff, damage=judge_damage(diff.damage, tail.split(b"\n"), **flow))
        patch = self._patch(diff, read_letter(raw[start:at], body_lineno), tail, inner=inner)
        if not inner and self._forwarded(raw[start:at]):
            return replace(patch, quoted=True, author=None, damage=())
        return patch

    def _quotation(self) -> tuple[Patch, ...]:
        raw, start = self.mail.raw, self.mail.body_start
        if b">" not in raw and b"|" not in raw:
            return ()
        from linter.patch.quoted import find_quotation  # a clean patch does without it, and starts sooner

        quotation = find_quotation(raw[start:], raw.count(b"\n", 0, start) + 1)
        if quotation is None:
            return ()
        text, numbers = b"\n".join(quotation.body), quotation.linenos or (0,)
        letter = read_letter(text, 0)
        last = len(numbers) - 1
        trailers = tuple(replace(t, patch_lineno=numbers[min(t.patch_lineno, last)]) for t in letter.trailers)
        letter = replace(
            letter,
            body_lineno=numbers[min(letter.body_lineno, last)],
            notes_lineno=numbers[min(letter.notes_lineno, last)],
            trailers=trailers,
        )
        patch = self._patch(Diff(quotation.files), letter, b"")
        author = quotation.author or letter.author
        return (replace(patch, quoted=True, author=author, remarks=quotation.remarks),)

    def _forwarded(self, text: bytes) -> bool:
        """Whether a reply shows the whole mail it answers, unquoted, below its own text."""
        return self.subject.reply and _ORIGINAL.search(text) is not None

    def _patch(self, diff: Diff, letter: Letter, tail: bytes, *, inner: bool = False) -> Patch:
        subject = self.subject
        if letter.subject and (inner or not subject.text):
            subject = parse_subject(letter.subject)
        mail = self.mail
        return Patch(
            self.message_id,
            self.in_reply_to,
            self.references,
            subject.text,
            subject.title,
            subject.prefixes,
            letter.author or self.sender,
            self.sender,
            self.date,
            subject.version,
            subject.index,
            subject.total,
            mail.headers,
            letter.body,
            letter.body_lineno,
            letter.notes,
            letter.notes_lineno,
            letter.trailers,
            diff.files,
            mail.raw,
            self.source,
            mail=mail.is_mail,
            damage=diff.damage,
            base_commit=read_base(tail) or read_base(letter.notes),
            change_id=read_change_id(letter.notes) or mail.get("x-change-id") or None,
        )
