"""The tables `order` and `publish`, ready for the questions about what comes before what."""

from __future__ import annotations

from linter.detect.publish_words import PublishWords, publish_words
from linter.record import record
from linter.rulebook.model import Tables


@record
class OrderWords:
    """The tables `order` and `publish`, ready for use."""

    public: PublishWords
    irq: frozenset[str]
    initialise: frozenset[str]
    irq_initialise: frozenset[str]
    found_initialise: frozenset[str]
    called_initialise: frozenset[str]
    drvdata: frozenset[str]
    exposes_fd: frozenset[str]
    get_words: frozenset[str]
    state_words: frozenset[str]
    sysfs_late: frozenset[str]
    adds_device: frozenset[str]
    ends_all: frozenset[str]

    def publishes(self, name: str) -> bool:
        """Whether a callee makes its argument reachable for others."""
        return self.public.publishes(name)

    def sure_of(self, name: str) -> frozenset[str]:
        """What those are sure to use whom a callee lets in."""
        if name in self.irq:
            return self.irq_initialise
        row = self.public.rows.get(name)
        return self.found_initialise if row is not None and row.to in ("table", "rcu") else self.called_initialise


def order_words(tables: Tables) -> OrderWords:
    """The words of the tables `order` and `publish`, read once a process."""
    return tables.derived("order.words", _build)


def _build(tables: Tables) -> OrderWords:
    table = tables["order"]

    def words(name: str) -> frozenset[str]:
        return frozenset(table[name].split())

    public = publish_words(tables)
    return OrderWords(
        public=public,
        irq=public.to("interrupts"),
        initialise=words("initialise"),
        irq_initialise=words("irq-initialise"),
        found_initialise=words("found-initialise"),
        called_initialise=words("called-initialise"),
        drvdata=words("drvdata"),
        exposes_fd=public.to("descriptor"),
        get_words=words("get-words"),
        state_words=words("state-words"),
        sysfs_late=words("sysfs-late"),
        adds_device=public.to("device"),
        ends_all=words("ends-all"),
    )
