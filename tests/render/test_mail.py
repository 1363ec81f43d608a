"""The annotated reply: read back by the standard library as a mail program would, and read as a person would."""

from __future__ import annotations

import email
import email.message
import email.policy
import mailbox
import os
import re
import shutil
import subprocess
from email.header import decode_header, make_header
from email.utils import getaddresses
from pathlib import Path

import pytest

from linter.patch.model import Location, Person
from linter.record import replace
from linter.render.mail import MOST_REMARKS, render
from linter.render.options import RenderOptions
from linter.render.quote import statement_end
from linter.render.source import Source
from linter.review.model import PatchReport, Report
from linter.review.overlap import AGAIN
from linter.rulebook.model import Confidence, Severity
from tests.render import sample
from tests.render.build import at, finding, in_mail, judge, report_of
from tests.render.golden import check_golden


def _has_send_email() -> bool:
    if shutil.which("git") is None:
        return False
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=False).stdout.strip()
    return (Path(where) / "git-send-email").exists()


GIT_SEND_EMAIL = _has_send_email()


def mails(report: Report) -> list[str]:
    return list(render(report, RenderOptions()))


def parsed(text: str) -> email.message.EmailMessage:
    head, _, rest = text.partition("\n")
    assert head.startswith("From ")
    return email.message_from_bytes(rest.encode(), policy=email.policy.default)  # type: ignore[return-value]


def body(report: Report) -> str:
    (text,) = mails(report)
    return text.partition("\n\n")[2]


def one(*findings, patch=None) -> Report:
    return report_of(PatchReport(patch or sample.heap_patch(), tuple(map(judge, findings))))


def test_golden():
    check_golden("sample.mbox", "".join(mails(sample.sample())))


def test_only_patches_with_remarks_get_a_reply():
    assert len(mails(sample.sample())) == 1
    assert mails(sample.clean()) == []
    assert mails(sample.empty()) == []


def test_headers_thread_the_reply():
    mail = parsed(mails(sample.sample())[0])
    assert not mail.defects
    assert mail["Subject"] == "Re: [PATCH v3 2/7] dma-buf: heaps: hand out a descriptor from the allocate ioctl"
    assert mail["In-Reply-To"] == "<20251009085320.2-ada@example.org>"
    assert mail["References"].split() == [
        "<20251001070000.0-ada@example.org>",
        "<20251009085320.0-ada@example.org>",
        "<20251009085320.2-ada@example.org>",
    ]
    assert getaddresses([mail["To"]]) == [("Ada Example", "ada@example.org")]
    assert getaddresses([mail["Cc"]]) == [
        ("", "dri-devel@lists.example.org"),
        ("Grace Sample", "grace@example.com"),
        ("Doe, John", "john@example.net"),
        ("", "linux-kernel@lists.example.org"),
    ]
    for made_up in ("Date", "From", "Message-ID"):
        assert mail[made_up] is None


def test_author_and_sender_are_both_asked():
    patch = replace(sample.heap_patch(), author=Person("Jörg Ö", "joerg@example.org"))
    (text,) = mails(one(finding([(at(patch, "return -EFAULT;"), "here")]), patch=patch))
    assert text.partition("\n\n")[0].isascii(), "headers are RFC 2047"
    mail = parsed(text)
    assert [(a.display_name, a.addr_spec) for a in mail["To"].addresses] == [
        ("Jörg Ö", "joerg@example.org"),
        ("Ada Example", "ada@example.org"),
    ]
    assert "Jörg Ö wrote:" in mail.get_content()


def test_long_names_are_folded():
    name = "ひらがな カタカナ 漢字 " * 8
    patch = replace(sample.heap_patch(), author=Person(name.strip(), "long@example.org"))
    (text,) = mails(one(finding([(at(patch, "return -EFAULT;"), "here")]), patch=patch))
    head = text.partition("\n\n")[0]
    assert all(len(word) <= 75 for word in head.split() if word.startswith("=?"))
    raw = email.message_from_string(text.partition("\n")[2])["To"]
    whole = str(make_header(decode_header(raw)))  # blanks between encoded words do not count
    assert whole.split(",")[0].split() == [*name.split(), "<long@example.org>"]


def test_a_reply_to_a_reply_keeps_one_re():
    patch = replace(sample.heap_patch(), subject="Re: [PATCH] x", quoted=True)
    assert (
        parsed(mails(one(finding([(at(patch, "return -EFAULT;"), "")]), patch=patch))[0])["Subject"] == "Re: [PATCH] x"
    )


def test_remarks_stand_below_their_lines():
    text = body(sample.sample())
    lines = text.split("\n")
    leak = next(n for n, line in enumerate(lines) if line.startswith("File descriptor leaks"))
    assert lines[leak - 2 : leak] == ["> +\t\treturn -EFAULT;", ""]
    unlocked = next(n for n, line in enumerate(lines) if line.startswith("heap_allocation is written"))
    assert lines[unlocked - 2] == "> -\tmutex_unlock(&heap->lock);"


def test_what_the_remarks_do_not_need_is_cut():
    text = body(sample.sample())
    quoted = [line for line in text.split("\n") if line.startswith(">")]
    assert text.count("> [ … ]") == 4
    assert "> [ … ]\n> [ … ]" not in text
    assert "Signed-off-by" not in text
    assert len(quoted) < len(sample.heap_patch().raw.split(b"\n")) // 2
    assert re.search(r"> diff --git .*\n(> .*\n){3}> @@ ", text)


def test_every_quoted_line_is_in_the_patch():
    raw = sample.heap_patch().raw.decode().split("\n")
    for line in body(sample.sample()).split("\n"):
        if line.startswith(">") and line != "> [ … ]":
            assert line[2:] in raw


def test_a_huge_line_is_quoted_in_part():
    patch = sample.heap_patch()
    place = at(patch, "return -EFAULT;")
    patch = replace(patch, raw=patch.raw.replace(b"return -EFAULT;", b"x" * 5_000_000))
    assert len(body(one(finding([(place, "here")]), patch=patch))) < 10_000


def test_own_text_is_wrapped_and_plain():
    for line in body(sample.sample()).split("\n"):
        if not line.startswith((">", "On ")):
            assert len(line) <= 72
            assert "`" not in line
            assert not re.search(r"\b[A-Z]{6,}\b", line.replace("CLOEXEC", ""))


def test_the_path_is_told_in_a_sentence():
    flat = " ".join(body(sample.sample()).split())
    assert (
        'Reserved in line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);"), '
        "and then fd is still reserved when the function returns."
    ) in flat, "line 127 fails, which stands right above"


def test_what_is_not_right_above_is_told():
    patch = sample.heap_patch()
    labels = [(at(patch, "copy_to_user(result"), "this fails"), (at(patch, "pr_err("), "x leaks")]
    text = body(one(finding(labels, message="x leaks")))
    assert 'Line 127 ("if (copy_to_user(result, &out, sizeof(out)))") fails.' in " ".join(text.split())


def test_a_defect_on_another_line_than_the_remark():
    patch = sample.heap_patch()
    labels = [(at(patch, "fd = get_unused_fd_flags"), "may fail here"), (at(patch, "return -EPERM"), "x leaks")]
    one_patch = PatchReport(patch, (judge(finding(labels, message="x leaks"), at(patch, "mutex_unlock")),))
    flat = " ".join(body(report_of(one_patch)).split())
    assert (
        'X leaks. Line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") may fail, '
        'and then comes line 134 ("return -EPERM;").'
    ) in flat
    alone = PatchReport(patch, (judge(finding(labels[1:], message="x leaks"), at(patch, "mutex_unlock")),))
    assert 'This shows in line 134 ("return -EPERM;").' in " ".join(body(report_of(alone)).split())


@pytest.mark.skipif(not GIT_SEND_EMAIL, reason="git send-email is not installed")
def test_git_send_email_takes_it(tmp_path: Path):
    (text,) = mails(sample.sample())
    draft = tmp_path / "0001-reply.eml"
    draft.write_bytes(text.partition("\n")[2].encode())
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, env=environment)
    settings = ["user.name=Me", "user.email=me@example.org", "sendemail.smtpserver=/bin/true"]
    command = ["git", *(part for one in settings for part in ("-c", one)), "send-email", "--dry-run", "--confirm=never"]
    done = subprocess.run(
        [*command, str(draft)], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "In-Reply-To: <20251009085320.2-ada@example.org>" in done.stdout
    assert "ada@example.org dri-devel@lists.example.org grace@example.com john@example.net" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("acquired here", 'Acquired in line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);"), and then'),
        ("freed here on another way out", 'Freed in line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") on another way'),
        ("where this holds", 'Line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") holds, and then'),
        ("where `fd < 0`", "With 'fd < 0' in line 115, and then"),
        ("where not `fd < 0`", "With 'fd < 0' false in line 115, and then"),
        ("where not `fd`", "With !fd in line 115, and then"),
        ("visible from here on", 'Visible from line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") on, and then'),
        ("the number was taken here", 'The number was taken in line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);"), and'),
        ("may be NULL, says this test", "May be NULL, says the test in line 115"),
        ("the patch removes this", 'The patch removes line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);"), and then'),
        ("may fail here", 'Line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") may fail, and then'),
        (
            "declared without a value",
            'Declared without a value (line 115, "fd = get_unused_fd_flags(O_CLOEXEC);"), and',
        ),
        ("says what went wrong", 'Line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);") says what went wrong, and then'),
        ("the other end", 'The other end (line 115, "fd = get_unused_fd_flags(O_CLOEXEC);"), and then'),
        ("", 'Line 115 ("fd = get_unused_fd_flags(O_CLOEXEC);"), and then'),
    ],
)
def test_steps_of_a_path_are_grammatical(words: str, told: str):
    patch = sample.heap_patch()
    labels = [(at(patch, "fd = get_unused_fd_flags(O_CLOEXEC)"), words), (at(patch, "return -EFAULT;"), "it leaks")]
    flat = " ".join(body(one(finding(labels))).split())
    assert told in flat
    assert "and then it leaks." in flat


def test_headers_are_not_spoken_of():
    patch = sample.heap_patch()
    text = body(one(finding([(in_mail(patch, "From:"), "sent by"), (in_mail(patch, "one go."), "")])))
    assert "sent by" not in text.lower()


def test_not_the_same_question_each_time():
    patch = sample.heap_patch()
    texts = ("return -EFAULT;", "return -EPERM;", "pr_err")
    places = [
        finding([(at(patch, text), "")], message=text, help=f"Mind {text}", confidence=Confidence.MEDIUM)
        for text in texts
    ]
    asked = re.findall(r"[A-Z][^.?;]*\?", body(one(*places)))
    assert len(asked) == len(set(asked)) == 3


def test_a_name_at_the_start_keeps_its_case():
    patch = sample.heap_patch()
    place = [(at(patch, "return -EFAULT;"), "`size` is not checked")]
    text = body(one(finding(place, message="`fd` leaks")))
    assert "fd leaks. size is not checked." in text
    plain = body(one(finding([(place[0][0], "")], message="size matters")))
    assert "Size matters." in plain


def test_one_line_says_that_a_program_drafted_it():
    lines = [line for line in body(sample.sample()).split("\n") if "program" in line]
    assert lines == ["(Drafted by a program, hunklint 0.1.0; tell me where it is wrong.)"]
    assert "fd-leak" not in body(sample.sample())


def test_doubt_is_a_question():
    patch = sample.heap_patch()
    place = [(at(patch, "return -EFAULT;"), "")]
    assert "?" not in body(one(finding(place)))
    assert "Or am I missing something?" in body(one(finding(place, confidence=Confidence.MEDIUM)))
    taste = finding(place, confidence=Confidence.MEDIUM, category="logging")
    assert "?" not in body(one(taste)), "whether a message is needed is no question of fact"
    low = body(one(finding(place, confidence=Confidence.LOW, limits=("the hunk ends here",))))
    assert "I go by what the patch shows (the hunk ends here). Or is that taken care of elsewhere?" in " ".join(
        low.split()
    )


@pytest.mark.parametrize(
    ("help", "told"),
    [
        ("Walk with the _safe form.", "Please walk with the _safe form."),
        ("The core does it.", "The core does it."),
        ("If it matters, say why.", "If it matters, say why."),
        ("kfree() does it.", "kfree() does it."),
        ("READ_ONCE() does it.", "READ_ONCE() does it."),
        ("`Foo` does it.", "Foo does it."),
    ],
)
def test_orders_are_polite(help: str, told: str):
    patch = sample.heap_patch()
    assert f"\n\n{told}\n" in body(one(finding([(at(patch, "return -EFAULT;"), "")], message="x", help=help)))


def test_advice_is_given_once():
    patch = sample.heap_patch()
    text = body(one(finding([(at(patch, "return -EFAULT;"), "")]), finding([(at(patch, "return -EPERM;"), "")])))
    assert text.count("Please call put_unused_fd()") == 1
    assert "Same here." in text


def test_the_way_is_told_once_a_line():
    patch = sample.heap_patch()
    places = [(at(patch, "fd = get_unused_fd_flags"), "reserved here"), (at(patch, "return -EFAULT;"), "")]
    text = body(one(*(finding(places, message=f"{name} leaks") for name in ("fd", "file"))))
    assert "File leaks." in text
    assert text.count("eserved in line 115") == 1


def test_a_finding_that_stands_for_several():
    patch = sample.heap_patch()
    first, others = at(patch, "return -EFAULT;"), [at(patch, "return -EPERM;"), at(patch, "pr_err(")]
    labels = [(first, ""), *((other, AGAIN) for other in others)]

    def told(message: str, count: int) -> str:
        return " ".join(body(one(finding(labels[: count + 1], message=message, primary=0))).split())

    assert "It leaks. The same in lines 134 and 123." in told("it leaks (and 2 more in this file)", 2)
    assert "It leaks. The same in line 134." in told("it leaks (and 1 more in this function)", 1)
    assert "It leaks. The same in lines 134, 123 and 3 more places." in told("it leaks (and 5 more in this file)", 2)
    assert "The same in line 134 and 1 more place." in told("it leaks (and 2 more in this file)", 1)
    twice = [(first, ""), (others[0], AGAIN), (others[0], AGAIN)]
    assert "The same in line 134." in " ".join(body(one(finding(twice, message="it leaks", primary=0))).split())
    before = finding([(at(patch, "fd_install"), "")], message="it leaks")
    both = " ".join(body(one(before, finding(labels, message="it leaks (and 2 more in this file)", primary=0))).split())
    assert "Same here, and in lines 134 and 123." in both
    assert "The same once more in this file." in told("it leaks (and 1 more in this file)", 0)
    assert "The same 4 more times in this function." in told("it leaks (and 4 more in this function)", 0)
    text = body(one(finding(labels, message="it leaks (and 2 more in this file)", primary=0)))
    assert "and here" not in text
    assert "return -EPERM" not in text, "what is only counted is not quoted"


def test_a_place_right_above_is_not_told():
    patch = sample.heap_patch()
    labels = [(at(patch, "return -EFAULT;"), "set too early"), (at(patch, "return -EFAULT;"), "x leaks")]
    for words in ("set too early", "may fail here", "where `fd`"):
        labels[0] = (at(patch, "copy_to_user(result"), words)
        text = " ".join(body(one(finding(labels, message="x leaks"))).split())
        assert "X leaks. Please call" in text


def test_a_defect_above_what_follows_from_it():
    patch = sample.heap_patch()
    labels = [(at(patch, "return -EPERM"), "can still fail"), (at(patch, "fd = get_unused_fd_flags"), "x is set early")]
    judged = judge(finding(labels, message="x is set early"), at(patch, "mutex_unlock"))
    flat = " ".join(body(report_of(PatchReport(patch, (judged,)))).split())
    assert 'X is set early. Line 134 ("return -EPERM;") can still fail. Please' in flat


def test_a_remark_does_not_cut_a_statement():
    patch = sample.heap_patch()
    lines = (b"ret = call(first,  /* ( */", b"\t   \"a ) b\", '(',", b"\t   last);", b"return ret;")
    hunk = patch.files[0].hunks[0]
    start = next(n for n, line in enumerate(hunk.lines) if line.kind.value == "+")
    changed = [
        replace(line, text=lines[n - start], kind=hunk.lines[start].kind) if start <= n < start + 4 else line
        for n, line in enumerate(hunk.lines)
    ]
    file = replace(patch.files[0], hunks=(replace(hunk, lines=tuple(changed)), *patch.files[0].hunks[1:]))
    source = Source(PatchReport(replace(patch, files=(file,)), ()))
    first = changed[start].patch_lineno
    assert [statement_end(source, first + n) - first for n in range(4)] == [2, 1, 2, 3]
    assert statement_end(source, 3) == 3, "outside of a hunk"


def test_places_summed_up_name_each_path_once():
    patch = sample.heap_patch()
    added = [line for h in patch.files[0].hunks for line in h.lines if line.kind.value == "+" and line.text.strip()]
    places = [Location(sample.HEAP, None, line.post_lineno, 1, line.patch_lineno, None, True) for line in added]
    notes = [finding([(place, "")], message="a nit", severity=Severity.INFO) for place in places]
    numbers = [place.line for place in places[3:8]]
    flat = " ".join(body(one(*notes)).split())
    listed = ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
    assert f"- a nit ({sample.HEAP}:{listed} and {len(notes) - 8} more places)" in flat


def test_findings_beyond_the_limit_are_summed_up():
    patch = sample.heap_patch()
    added = [line for h in patch.files[0].hunks for line in h.lines if line.kind.value == "+" and line.text.strip()]
    places = [Location(sample.HEAP, None, line.post_lineno, 1, line.patch_lineno, None, True) for line in added]
    many = [finding([(place, "")], message=f"number {n}", severity=Severity.WARNING) for n, place in enumerate(places)]
    assert len(many) > MOST_REMARKS
    text = body(one(*many, finding([(places[0], "")], message="the worst")))
    assert f"{len(many) + 1 - MOST_REMARKS} more remarks, in short:" in text
    assert "The worst." in text, "the worst come first, wherever they stand"
    notes = [finding([(place, "")], message=f"nit {n}", severity=Severity.INFO) for n, place in enumerate(places)]
    assert f"{len(notes) - 3} more remarks" in body(one(*notes))


def test_a_finding_about_the_whole_patch_comes_first():
    nowhere = Location(None, None, None, None, 0)
    patch = sample.heap_patch()
    text = body(one(finding([(nowhere, "")], message="no sign-off"), finding([(at(patch, "return -EFAULT;"), "")])))
    assert text.split("\n")[2] == "No sign-off."
    subject = body(one(finding([(in_mail(patch, "Subject:"), "")], message="the subject says nothing")))
    assert subject.split("\n")[2] == "The subject says nothing."


def test_a_bare_commit_gives_a_draft_without_recipients():
    patch = replace(sample.heap_patch(), message_id=None, references=(), headers=(), mail=False, sender=None)
    mail = parsed(mails(one(finding([(at(patch, "return -EFAULT;"), "")]), patch=patch))[0])
    assert mail["In-Reply-To"] is None
    assert mail["Cc"] is None


def test_no_header_can_be_smuggled_in():
    (text,) = mails(sample.hostile())
    mail = parsed(text)
    assert set(mail.keys()) <= {
        "Subject", "To", "Cc", "In-Reply-To", "References",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert "victim@example.org" not in text.partition("\n\n")[0]


def test_a_mailbox_holds_all_replies(tmp_path: Path):
    report = report_of(sample.heap_report(sample.heap_patch()), sample.heap_report(sample.heap_patch()))
    (tmp_path / "mbox").write_bytes("".join(mails(report)).encode())
    assert len(mailbox.mbox(tmp_path / "mbox")) == 2


@pytest.mark.parametrize("words", ["From the start it is wrong.", "> quoted", "-- "])
def test_own_lines_are_taken_for_nothing_else(words: str):
    patch = sample.heap_patch()
    text = body(one(finding([(at(patch, "return -EFAULT;"), "")], message="x", help=words)))
    assert not any(line.startswith(("From ", "> quoted")) or line == "-- " for line in text.split("\n"))
