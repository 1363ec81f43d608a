"""What is known of a function is worked out once, and nobody who asks changes it for the others."""

from __future__ import annotations

from linter.detect.model import Context
from linter.detect.registry import check_rule, engines
from linter.flow.build import build_cfg
from linter.flow.facts import same
from linter.flow.known import base_facts
from linter.rulebook.load import load_rulebook
from tests.flow.sources import make_unit

SOURCE = """\
static int foo_probe(struct foo *foo, int n)
{
	char *name = kmalloc(n, GFP_KERNEL);
	int ret;

	if (!name)
		return -ENOMEM;
	mutex_lock(&foo->lock);
	ret = foo_start(foo);
	if (ret)
		goto out;
	kfree(name);
	ret = foo->count;
	kfree(name);
out:
	mutex_unlock(&foo->lock);
	spin_lock(&foo->slock);
	msleep(1);
	return ret;
}
"""


def test_facts_are_worked_out_once_and_left_alone() -> None:
    unit = make_unit(SOURCE)
    cfg = build_cfg(unit.functions[0])
    known = base_facts(cfg)
    assert known is not None
    before = {index: facts.copy() for index, facts in known.items()}
    rulebook = load_rulebook(check=check_rule)
    found = set()
    for name in ("typestate", "protocol", "release"):
        rules = [rule for rule in rulebook.rules.values() if rule.engine == name]
        runner = engines()[name].prepare(rules, rulebook.tables)
        context = Context(rulebook.tables)
        found |= {one.rule for one in runner.run(unit, context, frozenset(rule.id for rule in rules))}
    assert {"double-release", "sleep-in-atomic"} <= found
    assert base_facts(cfg) is known
    assert known.keys() == before.keys()
    assert all(same(facts, before[index]) for index, facts in known.items())
