"""A multipart mail in, one text out: its readable parts in their order, patches among the attachments included."""

from __future__ import annotations

import email
from email.message import Message

from linter.patch.charset import to_utf8
from linter.patch.diff import find_diff
from linter.patch.envelope import Mail, strip_carriage_returns
from linter.record import replace

MAX_PARTS = 1000
Text = tuple[bytes, frozenset[str]]  # of a part, and what is said about its lines: flowed, delsp
_FIXED: frozenset[str] = frozenset()
_PATCH_TYPES = frozenset({"text/x-patch", "text/x-diff", "text/patch", "application/x-patch", "application/mbox"})
_PATCH_NAMES = (".patch", ".diff", ".mbox", ".txt", ".mbx", ".eml")


def parse_parts(mail: Mail, head: bytes) -> Mail:
    """Decode a multipart mail with the standard library's email package."""
    try:
        message = email.message_from_bytes(mail.raw[1:] if mail.raw.startswith(b">From ") else mail.raw)
        texts, markup = _texts(message)
        layout = _layout(texts)
    except (Exception, RecursionError) as error:  # the library has raised many kinds on hostile structure
        return replace(mail, problem=f"its parts cannot be decoded ({type(error).__name__})")
    if not texts:
        return mail
    body = b"".join(text if text.endswith(b"\n") else text + b"\n" for text, _ in texts)
    return Mail(mail.headers, head + body, len(head), flowed="flowed" in layout, delsp="delsp" in layout, markup=markup)


def _layout(texts: list[Text]) -> frozenset[str]:
    """How lines are laid out in the part that holds the diff."""
    return next((layout for text, layout in texts if find_diff(text) >= 0), _FIXED)


def _layout_of(part: Message) -> frozenset[str]:
    if str(part.get_param("format", "")).lower() != "flowed":
        return _FIXED
    return frozenset({"flowed", "delsp"} if str(part.get_param("delsp", "")).lower() == "yes" else {"flowed"})


def _texts(message: Message) -> tuple[list[Text], bool]:
    texts: list[Text] = []
    pages: list[bytes] = []
    for number, part in enumerate(message.walk()):
        if number > MAX_PARTS:
            break
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        name = str(part.get_filename() or "").lower()
        if kind == "text/html":
            pages.append(_payload(part))
        elif kind in ("text/plain", *_PATCH_TYPES) or name.endswith(_PATCH_NAMES):
            payload = _payload(part)
            if b"\0" not in payload:
                texts.append((payload, _layout_of(part)))
    if texts or not pages:
        return texts, False
    from linter.patch.markup import text_of_html

    return [(text_of_html(page), _FIXED) for page in pages], True


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return strip_carriage_returns(to_utf8(data, part.get_content_charset()))
