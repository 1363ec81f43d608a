"""The run: archives in, a filled database out. Scans, hands out tasks, and takes down what workers say.

One process writes. What it has scanned and what was judged is committed together, batch by batch, so a run that was
killed at any moment goes on from its last commit as if nothing had happened.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from linter.audit.executor import Executor
from linter.audit.grouping import Group, Grouping
from linter.audit.headers import peek
from linter.audit.job import close
from linter.audit.link import link
from linter.audit.model import Answer, Entry, Item, Tally, Task
from linter.audit.pool import Failed
from linter.audit.sources import Source
from linter.audit.spool import Spool
from linter.audit.store import Store
from linter.errors import InputError, LinterError
from linter.record import field, record

BATCH_ITEMS = 8
"""Messages that travel to a worker at once."""
COMMIT_SECONDS = 5.0
PATIENCE = 0.5
"""Seconds after which, while nothing comes from the workers, the user is looked after."""


class Stopped(Exception):
    """The user wants to stop."""


@record
class Plan:
    """How to run."""

    rulebook: int  # number of the set of rules in the store
    digests: dict[str, str]  # of its rules
    related: dict[str, frozenset[str]]  # rules whose findings may come or go together
    by_content: bool = True  # the same patch under another Message-ID is a copy
    commit_messages: int = 512  # messages a transaction at most
    strict: bool = False


@record(frozen=False)
class AuditRun:
    """One run over some archives."""

    store: Store
    executor: Executor
    plan: Plan
    spool: Spool
    progress: Callable[[Tally, int], None] = lambda tally, read: None
    tally: Tally = field(default_factory=Tally)
    grouping: Grouping = field(default_factory=Grouping)
    problems: list[InputError] = field(default_factory=list)  # archives that could not be read to their end
    read: int = 0  # bytes of the archives that are done with
    _batch: list[Task] = field(default_factory=list)
    _uncommitted: int = 0
    _committed_at: float = field(default_factory=time.monotonic)
    _stop: bool = False
    _differ: dict[int, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)

    def run(self, sources: Sequence[Source]) -> None:
        """Scan all archives, judge all tasks, link all versions. Raises Stopped on Ctrl-C, all kept safe."""
        before = self._catch_interrupt()
        try:
            known = [(source, *self.store.source(source)) for source in sources]
            self.store.commit()
            self._restore_waiting()
            self._submit_owed()
            for source, number, position in known:
                self._scan(source, number, position)
            for group in self.grouping.drain():
                self._ready(group)
            self._finish_tasks()
            self.store.commit()
            link(self.store.db)
            self.store.commit()
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _catch_interrupt(self) -> Any:
        def stop(number: int, frame: FrameType | None) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True

        try:
            return signal.signal(signal.SIGINT, stop)
        except ValueError:  # not the main thread: Ctrl-C is somebody else's
            return None

    # scanning

    def _scan(self, source: Source, number: int, position: str) -> None:
        packed = source.kind == "packed"
        self.read += int(position or 0) if source.kind == "mbox" else 0
        if packed and self.store.owes(number, self.plan.rulebook):
            entries = self._replay(source, number)
        else:
            entries = source.entries(position)
        try:
            for entry in entries:
                if entry.retracts:
                    self.store.retract(number, entry.retracts)
                else:
                    self._take(entry, number, packed)
                position = entry.position
                self.store.move(number, position)
                self._breathe(1)
        except InputError as error:  # a truncated archive: what came before the damage counts, and the others go on
            self.problems.append(error)
        else:
            self.store.move(number, position, finished=True)

    def _replay(self, source: Source, number: int) -> Iterator[Entry]:
        """Unpack from the start: spool what is still to be judged, then hand on what is new."""
        rows = self.store.replay(number, self.plan.rulebook)
        entries = source.entries("")
        for message, task, wanted in rows:
            entry = next(entries)
            if wanted and task is not None:
                self.spool.add(message, entry.raw)
                self._submit_stored(task)
            self._breathe(0)
        yield from entries

    def _take(self, entry: Entry, source: int, packed: bool) -> None:
        """Put one message down, and into a task unless it is a copy."""
        store = self.store
        number = store.next_message
        store.next_message += 1
        self.tally.messages += 1
        seen = peek(entry.raw) if entry.raw else peek(b"Subject: \n\ncommit " + entry.place.name.encode())
        original = store.original(seen, by_content=self.plan.by_content)
        if original is not None:
            self.tally.copies += 1
            self.read += len(entry.raw)
            store.add_message(number, source, entry, seen, False, None, original)
            return
        judge = not (seen.reply and seen.has_patch and store.knows_patch(seen.parents))
        task, closed = self.grouping.add(number, seen)
        store.add_message(number, source, entry, seen, judge, task, None)
        if packed:
            self.spool.add(number, entry.raw)
        for group in closed:
            self._ready(group)
        if task in self.grouping.open:
            if task == number:
                store.set_task(task, "open")
        elif task == number:
            store.set_task(task, "ready")
            place = self.spool.places[number] if packed else entry.place
            self._queue(Task(task, (Item(number, place, judge),)))

    def _ready(self, group: Group) -> None:
        self.store.set_task(group.task, "ready")
        self._submit(group.task, None)

    # what an earlier run left

    def _restore_waiting(self) -> None:
        for task, _, _ in self.store.tasks("state = 'open'"):
            self.grouping.restore(task, self.store.waiting(task))

    def _submit_owed(self) -> None:
        """Tasks that were never finished, and those judged by rules that have changed since."""
        condition = "state = 'ready' OR (state = 'done' AND rulebook <> ?)"
        for task, _, _ in self.store.tasks(condition, self.plan.rulebook):
            self._submit_stored(task)
            self._breathe(0)

    def _submit_stored(self, task: int) -> None:
        state, rulebook = self.store.task_state(task)
        if state == "open":
            return  # it will be submitted when its series is closed
        if state == "ready" or rulebook is None:
            self._submit(task, None)
            return
        gone, fresh = self._difference(rulebook)
        if fresh == frozenset(self.plan.digests):
            self._submit(task, None)  # perhaps the code has changed: patches and remarks are read anew as well
        elif fresh:
            self._submit(task, fresh)
        else:
            self.store.clear_rules(task, gone)
            self.store.set_rulebook(task, self.plan.rulebook)

    def _difference(self, rulebook: int) -> tuple[frozenset[str], frozenset[str]]:
        """Rules whose findings no longer stand, and rules to judge by, against an older set."""
        found = self._differ.get(rulebook)
        if found is None:
            old, new = self.store.rule_digests(rulebook), self.plan.digests
            changed = frozenset(rule for rule in {*old, *new} if old.get(rule) != new.get(rule))
            touched = close(changed, self.store.related_rules(rulebook), self.plan.related)
            found = self._differ[rulebook] = (touched.intersection(old), touched.intersection(new))
        return found

    # judging

    def _submit(self, number: int, rules: frozenset[str] | None) -> None:
        task = self.store.task(number, rules, self.spool.places)
        if task is None:
            return  # part of it lies in a packed archive that is still to be gone through
        self._queue(task)

    def _queue(self, task: Task) -> None:
        self._batch.append(task)
        if sum(len(one.items) for one in self._batch) >= BATCH_ITEMS:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            self.spool.flush()
            self.executor.submit(self._batch)
            self._batch = []
        executor = self.executor
        while executor.pending and (executor.pending >= executor.capacity or executor.poll()) and not self._stop:
            self._collect()

    def _finish_tasks(self) -> None:
        self._flush()
        while self.executor.pending:
            self._collect()
            self._breathe(0)

    def _collect(self) -> None:
        """Take down one batch of answers; nothing where we are to stop, for a message may take long."""
        while not self.executor.poll(PATIENCE):
            self.progress(self.tally, self.read)
            if self._stop:
                return
        tasks, answers = self.executor.next()
        if len(tasks) > 1 and len({task.number for task in tasks}) == 1:
            self._save_parts(tasks, answers)
            return
        for task, answer in zip(tasks, answers, strict=True):
            if isinstance(answer, Failed) and len(task.items) > 1:
                # somebody in the series is to blame: each of them alone
                self._check_told(answer)
                self.executor.submit([Task(task.number, (item,), task.rules) for item in task.items])
            else:
                self._save_parts([task], [answer])

    def _save_parts(self, parts: Sequence[Task], answers: Sequence[Answer | Failed]) -> None:
        """Take down a task: its one answer, or those of its messages one by one."""
        number, rules = parts[0].number, parts[0].rules
        good = [answer for answer in answers if isinstance(answer, Answer)]
        if rules is not None:
            rulebook = self.store.task_state(number)[1]
            if rulebook is not None:
                self.store.clear_rules(number, self._difference(rulebook)[0] | rules)
        self.store.save(number, good, self.plan.rulebook, rules)
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, Failed):
                self._check_told(answer)
                self.store.skip(part.items[0].number, answer.reason)
                self.tally.skipped += 1
        for answer in good:
            self.tally.patches += len(answer.patches)
            self.tally.findings += len(answer.findings)
            self.tally.remarks += len(answer.remarks)
        items = [item for part in parts for item in part.items]
        self.spool.release(item.number for item in items)
        self.read += sum(item.place.length for item in items)
        self._uncommitted += len(items)

    def _check_told(self, failed: Failed) -> None:
        if failed.told is not None and self.plan.strict:
            error = LinterError(failed.told[0], failed.told[1])
            error.exit_code = failed.told[2]
            raise error

    def _breathe(self, scanned: int) -> None:
        """Between two messages: stop if asked to, commit if it is time, tell how far it is."""
        if self._stop:
            raise Stopped
        self._uncommitted += scanned
        if self._uncommitted >= 2 * self.plan.commit_messages or time.monotonic() > self._committed_at + COMMIT_SECONDS:
            self.store.commit()
            self._uncommitted, self._committed_at = 0, time.monotonic()
        self.progress(self.tally, self.read)
