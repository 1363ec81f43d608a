"""The engine `unlock`: locks that are given back where they are not held."""

from __future__ import annotations

import pytest

from linter.detect.unlock import QUESTIONS, not_held
from tests.detect.units import ask, ask_words

FUNCTION = "static int foo(struct foo *p, int a, int b)\n{{\n\tint ret;\n\n{body}\treturn 0;\n}}\n"
LOCK, UNLOCK = "\tmutex_lock(&p->lock);\n", "\tmutex_unlock(&p->lock);\n"


def told(body: str) -> bool:
    found = ask_words(not_held, FUNCTION.format(body=body))
    assert set(found) <= {"mutex_unlock(&p->lock)", "up(&p->lock)"}
    return bool(found)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\tif (a)\n\t\tgoto out;\n" + LOCK + "out:\n" + UNLOCK, True),
        ("\tif (a)\n\t" + LOCK + "\tif (a)\n\t" + UNLOCK, False),
        ("\tif (a)\n\t" + LOCK + "\tif (b)\n\t" + UNLOCK, True),
        (LOCK + UNLOCK + UNLOCK, True),
        (LOCK + UNLOCK + "\tfoo_lock(p);\n" + UNLOCK, False),
        (LOCK + UNLOCK + "\tp = other();\n" + UNLOCK, False),
        (LOCK + UNLOCK + "\t__hunklint_gap();\n" + UNLOCK, False),
        (UNLOCK + LOCK, False),
        ("\tif (a)\n\t" + UNLOCK + "\telse\n\t" + LOCK, False),
        (UNLOCK + LOCK + UNLOCK, False),
        ("\tif (!locked)\n\t" + LOCK + "\tif (p->is_locked)\n\t" + UNLOCK, False),
        ("\tif (mutex_lock_interruptible(&p->lock))\n\t\tret = 1;\n" + UNLOCK, True),
        ("\tif (mutex_lock_interruptible(&p->lock))\n\t\treturn 1;\n" + UNLOCK, False),
        ("\tret = mutex_lock_killable(&p->lock);\n\tif (ret < 0)\n\t\treturn 1;\n" + UNLOCK, False),
        ("\tif (!mutex_trylock(&p->lock))\n\t\treturn 1;\n" + UNLOCK, False),
        ("\tif (down_trylock(&p->lock))\n\t\treturn 1;\n\tup(&p->lock);\n", False),
        ("\tif (!down_trylock(&p->lock))\n\t\treturn 1;\n\tup(&p->lock);\n", False),
        ("\twhile (a) {\n" + LOCK + "\ta = next(p);\n" + UNLOCK + "\t}\n", False),
        ("\tmutex_lock(&p->other);\n" + UNLOCK, False),
    ],
)
def test_where_a_lock_is_held(body: str, expected: bool) -> None:
    assert told(body) is expected


def test_a_lock_that_is_kept_for_reading() -> None:
    body = (
        "\tdown_write(&p->sem);\n\tif (a)\n\t\tdown_read(&p->sem);\n\tdowngrade_write(&p->sem);\n\tup_read(&p->sem);\n"
    )
    assert not ask(not_held, FUNCTION.format(body=body))
    assert ask(not_held, FUNCTION.format(body=body + "\tup_read(&p->sem);\n"))


def test_a_structure_with_several_locks() -> None:
    body = "\tnetif_tx_lock(p);\n\tnetif_addr_lock(p);\n\tnetif_addr_unlock(p);\n\tnetif_tx_unlock(p);\n"
    assert not ask(not_held, FUNCTION.format(body=body))


def test_a_label_shows_where_it_was_given_back() -> None:
    (answer,) = ask(not_held, FUNCTION.format(body=LOCK + UNLOCK + UNLOCK))
    assert [text for _, text in answer.labels] == ["given back here already"]


def test_every_question_survives_odd_code() -> None:
    text = "void f(void)\n{\n\tmutex_lock();\n\tmutex_unlock();\n\tmutex_unlock(&a[1]);\n\tmutex_lock(a[1]);\n}\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name
