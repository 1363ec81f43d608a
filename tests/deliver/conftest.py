"""Grounds to try deliveries on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliver.ground import Ground, Sink, mail_server, make_ground


@pytest.fixture(scope="session")
def rule_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled rules, kept over the tests: compiling takes longer than all the rest."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def ground(tmp_path: Path, rule_cache: Path) -> Ground:
    return make_ground(tmp_path, rule_cache)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with mail_server() as made:
        yield made
