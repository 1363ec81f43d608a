"""The bytes of one message in, its decoded headers and text out.

A plain mail is split by hand; the email package (slow to import, slow to run) is asked only for multipart mails.
"""

from __future__ import annotations

import re

from linter.patch.charset import decode_bytes, decode_header, decode_transfer, to_utf8
from linter.patch.envelope import Mail, strip_carriage_returns
from linter.pattern import lazy

MAX_HEADERS = 2000
_HEADER = lazy(r"^([!-9;-~]{1,200})[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_NAME = lazy(r"[!-9;-~]{1,200}[ \t]*:")
_FOLD = lazy(r"[\r\n]+[ \t]*")
_HEAD_END = lazy(rb"\r?\n\r?\n")
_MAIL_HEAD = lazy(rb"^(?:from|subject|date|message-id|to):", re.IGNORECASE | re.MULTILINE)
_FIRST = lazy(rb"[!-9;-~]{1,200}[ \t]*:|From |>From ")
_PARAMETER = lazy(r";\s*(charset|format|delsp|boundary)\s*=\s*(?:\"([^\"]*)\"|([^\s;\"]+))", re.IGNORECASE)
_ADDRESSES = frozenset({"to", "cc", "from", "bcc", "reply-to", "sender"})
_ONCE = frozenset({"from", "date", "subject", "message-id"})
_QP_WORD = lazy(rb"=(?:[0-9A-Fa-f]{2}|[ \t]*\r?(?:\n|\Z))")


def parse_mail(data: bytes, *, decoded: bool = False) -> Mail:
    """Split one message; ``decoded`` says that its body is decoded although its headers still say otherwise (b4)."""
    data = strip_carriage_returns(data)
    if not looks_like_mail(data):
        return Mail((), data, 0, is_mail=False)
    match = _HEAD_END.search(data)
    head, body_start = (data[: match.start()], match.end()) if match else (data, len(data))
    text = decode_bytes(head, None)
    if _has_stray_line(text):
        text, used = _mend_head(data)
        body_start = used
    headers = _headers(text)
    mail = Mail(headers, data, body_start)
    return mail if decoded else _decode_body(mail, data[:body_start])


def looks_like_mail(data: bytes) -> bool:
    """Tell a mail from a bare diff by its first paragraph."""
    if not _FIRST.match(data):
        return False
    match = _HEAD_END.search(data, 0, 1 << 20)
    return _MAIL_HEAD.search(data, 0, match.start() if match else 1 << 20) is not None


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    headers = []
    for match in _HEADER.finditer(text):
        name, value = match.groups()
        if "\n" in value or "\r" in value:
            value = _FOLD.sub(" ", value)
        headers.append((name, decode_header(value).strip()))
        if len(headers) == MAX_HEADERS:
            break
    return tuple(headers)


def _has_stray_line(text: str) -> bool:
    lines = text.split("\n", MAX_HEADERS * 8)
    start = 1 if lines[0].startswith(("From ", ">From ")) else 0
    return any(line and line[0] not in " \t" and not _NAME.match(line) for line in lines[start:])


def _mend_head(data: bytes) -> tuple[str, int]:
    """Read a head whose folded lines lost their indent, or that has no blank line behind it.

    Returns its text with the folds put back, and the offset of the body.
    """
    kept: list[str] = []
    seen: set[str] = set()
    position, last = 0, ""
    while position < len(data) and len(kept) < MAX_HEADERS * 8:
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        line = decode_bytes(data[position:end], None).rstrip("\r")
        if not line:
            return "\n".join(kept), min(end + 1, len(data))
        name = line.split(":", 1)[0].strip().lower() if _NAME.match(line) else ""
        if name and name in _ONCE and name in seen:
            break  # an in-body From: right below the headers
        if not name and line[0] not in " \t" and position:
            listed = kept[-1].rstrip().endswith(",") or ("@" in line and " wrote" not in line)
            if last not in _ADDRESSES or not listed:
                break
            line = " " + line
        if name:
            seen.add(name)
            last = name
        kept.append(line)
        position = end + 1
    return "\n".join(kept), min(position, len(data))


def _decode_body(mail: Mail, head: bytes) -> Mail:
    encoding = mail.get("content-transfer-encoding").lower().split(";")[0].strip()
    content = mail.get("content-type")
    kind = content.split(";")[0].strip().lower()
    if kind.startswith(("multipart/", "message/")):
        from linter.patch.mime import parse_parts

        return parse_parts(mail, head)
    parameters = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(content)}
    flowed = parameters.get("format", "").lower() == "flowed"
    delsp = parameters.get("delsp", "").lower() == "yes"
    body = mail.body
    if encoding not in ("quoted-printable", "base64") and kind != "text/html":
        changed = to_utf8(body, parameters.get("charset"))
        if changed is body and not flowed:
            return mail
        return Mail(mail.headers, head + changed, len(head), flowed=flowed, delsp=delsp)
    if encoding == "quoted-printable" and not looks_quoted_printable(body):
        encoding = ""
    body = decode_transfer(body, encoding)
    body = strip_carriage_returns(to_utf8(body, parameters.get("charset")))
    markup = kind == "text/html"
    if markup:
        from linter.patch.markup import text_of_html

        body = text_of_html(body)
    return Mail(mail.headers, head + body, len(head), flowed=flowed, delsp=delsp, markup=markup)


def looks_quoted_printable(body: bytes) -> bool:
    """Tell whether a body still is quoted-printable: some tools hand on decoded text under the old header."""
    signs = body.count(b"=")
    return signs == 0 or len(_QP_WORD.findall(body)) * 10 >= signs * 9
