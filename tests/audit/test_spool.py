"""Unpacked pieces of packed archives: readable while they are needed, and gone when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.audit import spool as module
from linter.audit.reading import Reader
from linter.audit.spool import Spool


def test_segments_live_as_long_as_a_message_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT", 10)
    spool = Spool(tmp_path / "spool")
    texts = {number: b"message %d" % number for number in range(1, 8)}
    for number, text in texts.items():
        spool.add(number, text)
    spool.flush()
    reader = Reader()
    assert {number: reader.read(place) for number, place in spool.places.items()} == texts
    before = sorted(path.name for path in spool.folder.iterdir())
    assert len(before) > 2
    spool.release([1])
    assert sorted(path.name for path in spool.folder.iterdir()) == before, "its neighbour is still needed"
    assert reader.read(spool.places[2]) == texts[2]
    spool.release([2])
    assert sorted(path.name for path in spool.folder.iterdir()) == before[1:]
    spool.close()
    assert not spool.folder.exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "000001").write_bytes(b"old")
    spool = Spool(tmp_path / "spool")
    assert not spool.folder.exists()
    spool.close()
