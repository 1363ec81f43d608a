"""Intake: what the user names, and the messages that come out."""

from __future__ import annotations

from pathlib import Path

from linter.patch.intake import read_messages
from linter.patch.model import LineKind

MAIL = b"""From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001
From: Ann Author <ann@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: [PATCH v2 1/3] foo: free the thing

Text.

Signed-off-by: Ann Author <ann@example.org>
---
 foo.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/drivers/foo.c b/drivers/foo.c
index 1111111..2222222 100644
--- a/drivers/foo.c
+++ b/drivers/foo.c
@@ -10,3 +10,3 @@ static int foo(void)
 \tint a;
-\told();
+\tnew();
\x20
--\x20
2.39.5

"""


def test_mbox_of_two(tmp_path: Path) -> None:
    path = tmp_path / "two.mbox"
    path.write_bytes(MAIL + MAIL.replace(b"1/3", b"2/3"))
    messages = list(read_messages([str(path)], problems=[]))
    assert [m.patches[0].index for m in messages] == [1, 2]
    patch = messages[0].patches[0]
    assert (patch.version, patch.total, patch.title) == (2, 3, "foo: free the thing")
    added = [line for line in patch.files[0].hunks[0].lines if line.kind is LineKind.ADDED]
    assert [(line.text, line.post_lineno, line.patch_lineno) for line in added] == [(b"\tnew();", 11, 20)]
    assert patch.line_text(20) == b"+\tnew();"
    assert patch.files[0].path == "drivers/foo.c"
