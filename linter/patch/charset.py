"""Encoded header words, transfer encodings and charsets: bytes in, decoded text out, nothing ever raised."""

from __future__ import annotations

import binascii
import re

from linter.pattern import lazy

_WORD = lazy(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?\r\n]*)\?=")
_BETWEEN = lazy(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,64}\?[bBqQ]\?)")
# Charsets whose bytes are plain ASCII or may look like UTF-8 although they are not.
_SHIFTING = ("iso-2022", "utf-7", "utf-16", "utf-32", "hz-gb")


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Decode by the declared charset if it exists, else as UTF-8, else as Latin-1."""
    name = (charset or "utf-8").lower()
    if not name.startswith(_SHIFTING):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return data.decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):
        return data.decode("latin-1")


def to_utf8(data: bytes, charset: str | None) -> bytes:
    """Turn a body into UTF-8 if it is declared to be something else; what is UTF-8 already stays byte for byte."""
    if charset is None or (data.isascii() and not charset.lower().startswith(_SHIFTING)):
        return data
    if not charset.lower().startswith(_SHIFTING):
        try:
            data.decode("utf-8")
            return data
        except UnicodeDecodeError:
            pass
    try:
        return data.decode(charset, "replace").encode("utf-8", "replace")
    except (LookupError, UnicodeError, ValueError):
        return data


def decode_header(value: str) -> str:
    """Decode RFC 2047 words in an unfolded header; what is malformed stays as written."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decode_word, _BETWEEN.sub(r"\1", value))


def _decode_word(word: re.Match[str]) -> str:
    charset, encoding, text = word.groups()
    data = text.encode("utf-8", "surrogateescape")
    try:
        if encoding in "bB":
            data = binascii.a2b_base64(data + b"=" * (-len(data) % 4))
        else:
            data = binascii.a2b_qp(data, header=True)
    except (binascii.Error, ValueError):
        return word.group()
    return decode_bytes(data, charset.split("*")[0]).replace("\n", " ").replace("\r", "")


def decode_transfer(body: bytes, encoding: str) -> bytes:
    """Undo quoted-printable or base64; a body that is not what its header says stays as it is."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        return _decode_base64(body)
    return body


_BASE64 = lazy(rb"[A-Za-z0-9+/=\s]*")


def _decode_base64(body: bytes) -> bytes:
    """Decode the base64 at the start of a body; a list's footer in plain text may follow it."""
    encoded: list[bytes] = []
    footer = b""
    lines = body.split(b"\n")
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped and (b" " in stripped or not _BASE64.fullmatch(stripped)):
            footer = b"\n".join(lines[number:])
            break
        encoded.append(stripped)
    data = b"".join(encoded)
    try:
        decoded = binascii.a2b_base64(data + b"=" * (-len(data.rstrip(b"=")) % 4))
    except (binascii.Error, ValueError):
        return body
    if decoded.count(b"\r\n") == decoded.count(b"\n"):
        decoded = decoded.replace(b"\r\n", b"\n")
    if footer and decoded and not decoded.endswith(b"\n"):
        decoded += b"\n"
    return decoded + footer
