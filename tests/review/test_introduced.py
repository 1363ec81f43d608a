"""Findings of the post-image that the pre-image answers for."""

from __future__ import annotations

from linter.detect.model import Finding
from linter.patch.model import Image, Side
from linter.review.introduced import fingerprint, is_moved, line_text, match_preexisting, moved_lines, place_keys
from tests.review.build import make_file, make_finding, make_image, place


def images(text: str) -> tuple[Image, Image]:
    file = make_file(text)
    return make_image(file, Side.PRE), make_image(file, Side.POST)


def matched(text: str, pre: list[str], post: list[str], key: str = "") -> set[int]:
    before, after = images(text)
    old = [make_finding(before, needle, key=key) for needle in pre]
    new = [make_finding(after, needle, key=key) for needle in post]
    return match_preexisting(new, old, after, before, {new[0].rule})


def test_same_unchanged_line_is_preexisting() -> None:
    assert matched(" a\n+b\n return 1;", ["return 1"], ["return 1"]) == {0}


def test_an_equal_line_added_above_does_not_take_the_place_of_the_old_one() -> None:
    text = "+return 1;\n a\n return 1;"
    before, after = images(text)
    old = [make_finding(before, "return 1")]
    new = [make_finding(after, "return 1"), make_finding(after, "a")]
    last = place(after, "a")
    assert last.patch_lineno == 11
    keep = make_finding(after, "return 1")
    from linter.detect.model import Label
    from linter.record import replace

    context = replace(last, patch_lineno=12, line=3)
    new = [keep, replace(keep, labels=(Label(context, "x", True),))]
    assert match_preexisting(new, old, after, before) == {1}


def test_two_new_against_one_old_leaves_one() -> None:
    assert len(matched("-return  1;\n+\treturn 1;\n+x", ["return  1"], ["return 1", "return 1"])) == 1


def test_reindented_line_is_preexisting() -> None:
    assert matched("-return 1;\n+\t\treturn  1;", ["return 1"], ["return  1"]) == {0}


def test_another_key_is_another_finding() -> None:
    before, after = images(" return 1;\n+x")
    assert (
        match_preexisting(
            [make_finding(after, "return 1", key="b")], [make_finding(before, "return 1", key="a")], after, before
        )
        == set()
    )


def test_renamed_function_keeps_findings_old() -> None:
    before, after = images("-int f(void)\n+int g(void)\n return 1;")
    old, new = make_finding(before, "return 1", function="f"), make_finding(after, "return 1", function="g")
    assert match_preexisting([new], [old], after, before) == {0}


def test_renamed_local_keeps_the_number_of_findings() -> None:
    before, after = images("-\treturn use(a);\n+\treturn use(b);\n c")
    old = make_finding(before, "use(a)", key="a")
    assert match_preexisting([make_finding(after, "use(b)", key="b")], [old], after, before) == {0}


def test_a_line_written_anew_about_the_same_thing_is_no_new_defect() -> None:
    assert matched("-make(a, &b);\n+\tb->n = 1;\n+\tmake(a, b);", ["make(a, &b)"], ["make(a, b)"], "make") == {0}
    assert matched("-make(a, &b);\n+\tmake(a, b);", ["make(a, &b)"], ["make(a, b)"]) == set()
    far = "-make(a, &b);\n" + " x\n" * 20 + "+\tmake(a, b);"
    assert matched(far, ["make(a, &b)"], ["make(a, b)"], "make") == set()


def test_line_number_mapping_for_lines_outside_the_patch() -> None:
    file = make_file(" a\n+n\n b")
    pre, post = make_image(file, Side.PRE), make_image(file, Side.POST)
    from linter.record import replace

    def whole(image: Image, count: int) -> Image:
        extra = tuple(range(max(n for n in image.linenos if n) + 1, count + 1))
        return replace(
            image,
            text=image.text + b"z\n" * len(extra),
            origin=image.origin + (None,) * len(extra),
            linenos=image.linenos + extra,
        )

    pre, post = whole(pre, 10), whole(post, 11)
    from linter.patch.model import Location

    old = Location("drivers/a.c", Side.PRE, 7, 1, 0)
    new = Location("drivers/a.c", Side.POST, 8, 1, 0)
    assert place_keys(pre)(old) == place_keys(post)(new) == ("post", 8)


def test_moved_from_another_file() -> None:
    source = make_file("-\treturn leak_it(now);\n a", path="drivers/old.c")
    target = make_file("+\treturn leak_it(now);\n b", path="drivers/new.c")
    image = make_image(target, Side.POST)
    finding = make_finding(image, "leak_it")
    removed = moved_lines([source, target])
    assert is_moved(finding, image, "drivers/new.c", removed)
    assert not is_moved(finding, image, "drivers/old.c", removed)
    assert not is_moved(finding, image, "drivers/new.c", moved_lines([target]))


def print_of(finding: Finding, image: Image, nth: int = 0) -> str:
    return fingerprint(finding, image.path, line_text(image, finding.primary.location), nth)


def test_fingerprint_survives_indentation_and_shift() -> None:
    one = make_image(make_file("+\treturn 1;"), Side.POST)
    two = make_image(make_file(" x\n+\t\t\treturn  1;", first=40), Side.POST)
    assert print_of(make_finding(one, "return"), one) == print_of(make_finding(two, "return"), two)
    assert print_of(make_finding(one, "return"), one) != print_of(make_finding(one, "return", key="k"), one)
    assert print_of(make_finding(one, "return"), one) != print_of(make_finding(one, "return"), one, 1)
