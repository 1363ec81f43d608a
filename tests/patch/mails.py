"""Mails written for the tests of the patch stage."""

from __future__ import annotations

DIFF = b"""\
diff --git a/drivers/foo.c b/drivers/foo.c
index 1111111..2222222 100644
--- a/drivers/foo.c
+++ b/drivers/foo.c
@@ -10,7 +10,8 @@ static int foo_probe(struct foo *foo)
 \tint ret;
\x20
 \tret = foo_enable(foo);
-\tfoo_old(foo);
+\tif (ret)
+\t\treturn ret;
 \tfoo_start(foo);
 \treturn 0;
 }
"""

HEAD = b"""\
From: Ann Author <ann@example.org>
Date: Mon, 1 Jan 2024 01:00:00 +0100
Subject: [PATCH v2 1/3] foo: free the thing
Message-ID: <one@example.org>
"""

LOG = b"""\
Say why.

Signed-off-by: Ann Author <ann@example.org>
---
 drivers/foo.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

"""

SIGNATURE = b"--\x20\n2.39.5\n\n"

MAIL = HEAD + b"\n" + LOG + DIFF + SIGNATURE
SEPARATOR = b"From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001\n"


def quote(text: bytes, marks: bytes = b"> ") -> bytes:
    """Quote every line the way a mail program does."""
    return b"".join(marks + line + b"\n" for line in text.split(b"\n")[:-1])


def reply(body: bytes) -> bytes:
    """A reply to MAIL with this body."""
    return (
        b"From: Rea Viewer <rea@example.org>\nDate: Tue, 2 Jan 2024 00:00:00 +0000\n"
        b"Subject: Re: [PATCH v2 1/3] foo: free the thing\nMessage-ID: <two@example.org>\n"
        b"In-Reply-To: <one@example.org>\n\n" + body
    )
