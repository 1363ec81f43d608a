"""A function to its control-flow graph and facts about it; knows no rules.

`linter.flow.build.build_cfg(function) -> Cfg` (cached in `unit.cache`). A `Cfg` holds `blocks`; block `entry` is the
first, block `exit` is empty and every way out leads to it. A `BasicBlock` has `steps` in evaluation order and `edges`;
`edge.assume` is `(expr, held)`: `&&`, `||`, `!` and `?:` are already edges of their own, so the expression is one test.

A step (`linter.flow.model.StepKind`): USE (`expr` is a pointer read or written through), CALL (`expr` is the call,
`expr.text` the callee's name, `expr.args` its arguments; `target` the lvalue that takes the result directly), ASSIGN
(`target`, `expr` the value, `op`; for `x = f()` the CALL step comes first), DECLARE, ITERATE (head of a
`for_each_x(...)` loop, `expr.text` the macro), RETURN (always the last of its block; a function that runs off its end
has one without `expr`), SCOPE_END (of a `__free` variable or a guard), GAP (unknown code), ASM.
`return c ? a : b` and `x = c ? a : b` are two steps in two blocks.

An `Expr` is normalised: casts, parentheses, `likely`, `READ_ONCE`, `WARN_ON` and the like are peeled, `(&x)->f` reads
`x.f`, `WRITE_ONCE(a, b)` is an assignment. `expr.key` is its canonical text: two expressions that read alike have
equal keys. `start`, `end` are offsets in the unit's text: `unit.location(expr.start, expr.end)`.

`dominators`: `idom`, dominance and post-dominance. `solve`: a worklist fixpoint over any lattice. `facts`: what is
known of values along a path (NULL, error pointer, negative, positive), aliases, and which edges cannot be taken.
"""
