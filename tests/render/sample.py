"""The reports that every format is shown with: one series of findings of all kinds, and one made to do harm."""

from __future__ import annotations

from pathlib import Path

from linter.patch.model import Line, Location, Patch, Person, Side
from linter.record import replace
from linter.review.model import PatchReport, Report, Skip, Verdict
from linter.rulebook.model import Confidence, Severity
from tests.render.build import at, finding, in_mail, judge, patch_of, report_of

FIXTURES = Path(__file__).parents[2] / "fixtures" / "formats"
HEAP = "drivers/dma-buf/dma-heap.c"


def heap_patch() -> Patch:
    """The patch that the sample findings are about."""
    return patch_of((FIXTURES / "0002-dma-buf-heaps-export.patch").read_bytes())


def clean_patch() -> Patch:
    """Patch 3 of the same series, with nothing to say about it."""
    raw = (FIXTURES / "0002-dma-buf-heaps-export.patch").read_bytes()
    return patch_of(raw.replace(b"2/7", b"3/7").replace(b".2-ada@", b".3-ada@"), "0003-dma-buf.patch")


def heap_report(patch: Patch) -> PatchReport:
    """Findings: a path, a long line, a removed line, a place of the mail, and three that are not shown."""
    reserved = at(patch, "fd = get_unused_fd_flags(O_CLOEXEC);")
    failed = at(patch, "copy_to_user(result, &out, sizeof(out))")
    leak = finding(
        [
            (reserved, "reserved here"),
            (failed, "this fails"),
            (at(patch, "return -EFAULT;"), "`fd` is still reserved when the function returns"),
        ],
        function="dma_heap_export",
    )
    log = finding(
        [(at(patch, "pr_err("), "any process that can open the heap can fill the log with this")],
        message="log call that user space can trigger",
        rule="user-triggered-log",
        category="logging",
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        help="Drop the message, or make it dev_dbg() or a ratelimited variant.\n\n"
        "The error code that user space gets back says the same, to the one who needs to know it.",
        function="dma_heap_export",
        limits=("the heap_ops are not in sight",),
    )
    gone = at(patch, "mutex_unlock(&heap->lock);")
    call = at(patch, "fd = dma_heap_export(heap, heap_allocation->len, &user->result);")
    unlocked = finding(
        [(at(patch, "heap_allocation->fd = fd;"), "heap->lock is not held")],
        message="`heap_allocation` is written without `heap->lock`, which protected it before",
        rule="unlocked-write",
        category="locking",
        severity=Severity.WARNING,
        help="Keep the lock around the call, or say in the commit message why it is no longer needed.",
        function="dma_heap_ioctl_allocate",
    )
    message = finding(
        [(in_mail(patch, "in one go"), "which user, and what does it replace?")],
        message="the commit message does not say who uses the new interface",
        rule="uapi-user-unnamed",
        category="commit",
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        help="Link the user-space code that uses it.",
    )
    hidden = finding([(call, "unchecked")], rule="return-unchecked", category="error")
    return PatchReport(
        patch,
        (
            judge(message, fingerprint="aa00"),
            judge(log, fingerprint="bb11"),
            judge(leak, fingerprint="cc22"),
            judge(unlocked, gone, fingerprint="dd33"),
            judge(hidden, None, Verdict.SUPPRESSED, "ee44", "checked by the caller"),
            judge(hidden, None, Verdict.BASELINED, "ff55"),
            judge(hidden, None, Verdict.BELOW_THRESHOLD, "ff66"),
        ),
        (Skip("drivers/dma-buf/Kconfig", "syntax", "not C", patch.message_id),),
    )


def sample() -> Report:
    """Two patches of one series, one of them clean, and one message that could not be read."""
    skipped = (Skip(None, "patch", "the message is cut off inside a MIME part", "20251009085320.9-ada@example.org"),)
    return report_of(heap_report(heap_patch()), PatchReport(clean_patch(), ()), messages=4, skipped=skipped)


def clean() -> Report:
    """One patch, nothing found."""
    return report_of(PatchReport(clean_patch(), ()))


def empty() -> Report:
    """One message, no patch."""
    return report_of(messages=1)


def elsewhere(patch: Patch, line: int = 12) -> Location:
    """A place outside the patch, in a file that an image may know."""
    return Location(HEAP, Side.POST, line, 1, 0)


EVIL = "\x1b[31m\u202e<script>alert(1)</script>\x07\r\n::error::owned | @everyone `a` ``` %0A ERROR: ]]> & \" '"


def hostile_patch() -> Patch:
    """A patch in which every name and every line would rather be something else."""
    patch = patch_of((FIXTURES / "0002-dma-buf-heaps-export.patch").read_bytes())
    evil = EVIL.encode()

    def spoiled(line: Line) -> Line:
        return replace(line, text=line.text + b" /* " + evil.replace(b"\r\n", b" ") + b" \xff */")

    file = patch.files[0]
    hunks = tuple(replace(h, lines=tuple(map(spoiled, h.lines))) for h in file.hunks)
    path = "drivers/a\n::error::b<b>\x1b[0m\udcff%|`,:.c"
    person = Person(EVIL, "ada@example.org>\nBcc: victim@example.org")
    return replace(
        patch,
        subject=f"[PATCH] {EVIL}",
        title=EVIL,
        prefixes=("PATCH", EVIL),
        files=(replace(file, hunks=hunks, pre_path=path, post_path=path),),
        raw=patch.raw.replace(b"one go.", b"one go. " + evil),
        author=person,
        sender=person,
        message_id="x>\r\nBcc: victim@example.org",
        headers=(*patch.headers, ("Cc", f"{EVIL} <eve@example.org>, \x00\r\nBcc: victim@example.org")),
        body=b"From the start\n" + evil,
        source=path,
    )


def hostile() -> Report:
    """Findings on such a patch, with words that repeat what it says."""
    patch = hostile_patch()
    findings = [
        finding(
            [(at(patch, "fd = get_unused_fd_flags"), EVIL), (at(patch, "return -EFAULT;"), EVIL)],
            message=f"the name {EVIL} is `{EVIL}`",
            help=EVIL,
            function=EVIL,
            limits=(EVIL,),
            severity=severity,
        )
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    ]
    mail = finding([(in_mail(patch, "one go."), EVIL)], message=EVIL, help=EVIL)
    skips = (Skip(EVIL, "syntax", EVIL, EVIL),)
    return report_of(PatchReport(patch, tuple(judge(one) for one in (mail, *findings)), skips), skipped=skips)
