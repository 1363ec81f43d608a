"""The bytes of one message in, a `Message` with its patches out."""

from __future__ import annotations

from .diff import Diff, find_diff, parse_diff
from .header import Subject, parse_date, parse_ids, parse_person, parse_subject
from .letter import Letter, read_base, read_change_id, read_letter
from .mail import Mail, parse_mail
from .mbox import unquote_from
from .model import Message, Patch, Person


def parse_message(raw: bytes, source: str, *, decoded: bool = False) -> Message:
    """Read one message (or one bare diff), however damaged; nothing is raised whatever the bytes."""
    if raw.startswith(b"From "):
        raw = unquote_from(raw)
    mail = parse_mail(raw, decoded=decoded)
    return _Reader(mail, source).message()


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
        raw, start = self.mail.raw, self.mail.body_start
        at = find_diff(raw, start)
        if at < 0:
            return ()
        body_lineno = raw.count(b"\n", 0, start) + 1
        diff_lineno = body_lineno + raw.count(b"\n", start, at)
        lines = raw[at:].split(b"\n")
        diff = parse_diff(lines, range(diff_lineno, diff_lineno + len(lines)))
        if not diff.files:
            return ()
        letter = read_letter(raw[start:at], body_lineno)
        return (self._patch(diff, letter, raw[at:]),)

    def _patch(self, diff: Diff, letter: Letter, tail: bytes) -> Patch:
        subject = parse_subject(letter.subject) if letter.subject and not self.subject.text else self.subject
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
