"""Formats are found by listing the folder, and only the chosen one is imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from linter.errors import UsageError
from linter.render import registry
from linter.render.options import RenderOptions
from tests.render import sample
from tests.render.golden import EXPECTED

FOLDER = Path(registry.__file__).parent


def test_every_module_with_render_is_a_format():
    with_render = {
        path.stem.replace("_", "-")
        for path in FOLDER.glob("*.py")
        if path.stem not in ("__init__", "registry")
        and hasattr(importlib.import_module(f"linter.render.{path.stem}"), "render")
    }
    assert with_render == set(registry.formats())
    assert {"text", "terse", "json", "jsonl"} <= with_render


def test_unknown_format_names_the_nearest_one():
    with pytest.raises(UsageError) as caught:
        registry.renderer("sarfi" if "sarif" in registry.formats() else "jsnol")
    assert "did you mean" in caught.value.help


def test_a_helper_module_is_no_format():
    with pytest.raises(UsageError):
        registry.renderer("registry")


def test_only_the_chosen_format_is_imported():
    code = "import sys; from linter.render.registry import renderer; renderer('terse');print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "linter.render.terse" in loaded
    assert not {"linter.render.text", "linter.render.html", "linter.render.mail", "email", "rich", "click"} & set(
        loaded
    )


@pytest.mark.parametrize("name", registry.formats())
def test_same_report_same_bytes(name: str):
    first = "".join(registry.renderer(name)(sample.sample(), RenderOptions()))
    assert first == "".join(registry.renderer(name)(sample.sample(), RenderOptions()))


@pytest.mark.parametrize("name", registry.formats())
@pytest.mark.parametrize("case", ["clean", "empty"])
def test_reports_without_findings_render(name: str, case: str):
    for piece in registry.renderer(name)(getattr(sample, case)(), RenderOptions()):
        assert isinstance(piece, str)


def test_no_golden_file_is_left_over():
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    orphans = [path.name for path in EXPECTED.iterdir() if f'"{path.name}"' not in sources]
    assert not orphans
