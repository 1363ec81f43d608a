"""The review of one patch: what is made ready only where some rule asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from linter.detect.model import Scope
from linter.detect.registry import check_rule
from linter.patch.images import ImageStore
from linter.patch.model import Series
from linter.review.run import Reviewer
from linter.review.settings import Settings
from linter.rulebook.load import load_rulebook
from tests.render import sample


@pytest.mark.parametrize("scope", list(Scope))
def test_images_are_made_for_rules_about_code_alone(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    images = ImageStore.images
    monkeypatch.setattr(ImageStore, "images", lambda self, *rest: asked.append(rest) or images(self, *rest))
    reviewer = Reviewer(load_rulebook(check=check_rule), Settings())
    reviewer.workshop.engines[:] = [one for one in reviewer.workshop.engines if one.scope is scope]
    patch = sample.heap_patch()
    reviewer.review_series(Series((patch,)))
    assert bool(asked) is (scope in (Scope.UNIT, Scope.FUNCTION))
