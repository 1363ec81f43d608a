"""The style of the HTML page: light and dark, wide and narrow, on screen and on paper. No font or picture is loaded."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f5f6f8; --line: #d5d9e0; --text: #1d2330; --soft: #566072; --link: #0b57c0;
  --added: #e3f6e7; --added-mark: #19692f; --removed: #fdeaea; --removed-mark: #a11d24;
  --error: #b01520; --error-soft: #fdf0f0; --warning: #8a5300; --warning-soft: #fdf5e6;
  --info: #1556a8; --info-soft: #eef4fd; --primary: #ffd0d0; --secondary: #d6e4fb; --target: #fff2b8;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171d; --panel: #1c2028; --line: #353c49; --text: #e4e8ef; --soft: #a3adbd; --link: #86b5ff;
    --added: #14301d; --added-mark: #76d492; --removed: #3a1b1f; --removed-mark: #ff9a9e;
    --error: #ff9298; --error-soft: #2c1a1e; --warning: #f0b95b; --warning-soft: #2a2318;
    --info: #8fbcff; --info-soft: #1a2433; --primary: #7a2b31; --secondary: #2b4470; --target: #4d4416;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre, .diff { font-family: var(--mono); font-size: .8125rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; line-height: 1.3; overflow-wrap: anywhere; }
h3 { font: 600 .9rem/1.4 var(--mono); margin: 0; padding: .5rem .75rem; background: var(--panel);
  overflow-wrap: anywhere; }
h4 { font-size: 1rem; margin: 0 0 .35rem; line-height: 1.4; font-weight: 600; overflow-wrap: anywhere; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 1.25rem 1rem; }
footer, .soft { color: var(--soft); font-size: .875rem; }
.soft { overflow-wrap: anywhere; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .5rem 1rem; z-index: 2; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
section.patch { margin: 2.5rem 0 0; }
section.part { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; overflow: clip; }
details.part { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; overflow: clip; }
details.part > summary { padding: .5rem .75rem; background: var(--panel); cursor: pointer; overflow-wrap: anywhere;
  font: .85rem/1.4 var(--mono); }
form { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: 1rem 0 0; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; padding: .25rem .75rem .5rem; margin: 0; min-width: 0;
  display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
legend { color: var(--soft); font-size: .875rem; padding: 0 .25rem; }
label { display: inline-flex; gap: .4rem; align-items: center; padding: .15rem 0; overflow-wrap: anywhere; }
.list { list-style: none; padding: 0; margin: 1rem 0 0; border-top: 1px solid var(--line); }
.list li { border-bottom: 1px solid var(--line); padding: .4rem 0; display: flex; gap: .25rem .75rem; flex-wrap: wrap;
  align-items: baseline; }
nav h3 { background: none; padding: 1rem 0 0; font: 600 .95rem/1.4 system-ui, sans-serif; }
nav h3 + .list { margin-top: .35rem; }
fieldset details { flex: 1; } fieldset details > label { margin-right: 1rem; } fieldset summary { cursor: pointer; }
.list .what { flex: 1 1 20rem; overflow-wrap: anywhere; min-width: 0; }
.list .where { overflow-wrap: anywhere; }
.chip { font-weight: 700; font-size: .75rem; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .55rem;
  white-space: nowrap; }
.chip.error { color: var(--error); } .chip.warning { color: var(--warning); } .chip.info { color: var(--info); }
table.diff { border-collapse: collapse; width: 100%; table-layout: fixed; line-height: 1.45; }
col.number { width: 3.4rem; } col.marker { width: 1.4rem; }
.diff td { padding: 0 .5rem; vertical-align: top; }
.diff td.n { color: var(--soft); text-align: right; user-select: none; font-variant-numeric: tabular-nums; }
.diff td.m { padding: 0 0 0 .35rem; user-select: none; font-weight: 700; }
.diff td.c { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8; }
tr.added { background: var(--added); } tr.added .m { color: var(--added-mark); }
tr.removed { background: var(--removed); } tr.removed .m { color: var(--removed-mark); }
tr.hunk td { background: var(--panel); color: var(--soft); padding: .25rem .75rem; overflow-wrap: anywhere; }
tr:target { background: var(--target); }
mark { color: inherit; border-radius: .15rem; background: var(--secondary); }
mark.primary { background: var(--primary); text-decoration: underline wavy var(--error) 1px;
  text-underline-offset: 3px; }
tr.step td { padding: 0 .5rem .2rem; font-family: system-ui, sans-serif; font-size: .8125rem; }
tr.remark > td { padding: .5rem .75rem; background: var(--page); }
article { border: 1px solid var(--line); border-left: .3rem solid var(--info); border-radius: .4rem;
  padding: .65rem .9rem; font: 1rem/1.5 system-ui, sans-serif; background: var(--info-soft); max-width: 56rem; }
article.error { border-left-color: var(--error); background: var(--error-soft); }
article.warning { border-left-color: var(--warning); background: var(--warning-soft); }
article:target { box-shadow: 0 0 0 3px var(--target), 0 0 0 4px var(--soft); }
article p, article ol { margin: .35rem 0; overflow-wrap: anywhere; }
article ol { padding-left: 1.5rem; }
article details { margin-top: .35rem; }
article summary { cursor: pointer; color: var(--soft); font-size: .875rem; }
article > .soft { margin: .35rem 0 0; }
.scroll { overflow-x: auto; margin: .5rem 0; }
table.grid { border-collapse: collapse; font-size: .8125rem; line-height: 1.4; background: var(--page); }
.grid caption { text-align: left; color: var(--soft); padding: 0 0 .2rem; }
.grid th, .grid td { border: 1px solid var(--line); padding: .1rem .5rem; text-align: right; font-weight: 400;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.grid th[colspan] { text-align: center; }
.grid thead th { background: var(--panel); font-weight: 600; }
.grid th:first-child { text-align: left; } .grid tbody th { font-family: var(--mono); }
.grid tr.marked > * { background: var(--primary); } .grid tbody tr:last-child > * { font-weight: 600; }
.whole { margin: 1rem 0; display: grid; gap: .75rem; }
@media (max-width: 40rem) {
  col.number { width: 2.4rem; } .diff td { padding: 0 .25rem; } .diff td.n { font-size: .6875rem; }
  col.pre { width: 0; } .diff td.n.pre { padding: 0; font-size: 0; } tr.remark > td { padding: .4rem .3rem; }
  header, main, footer { padding: 1rem .6rem; } form { gap: .5rem; } fieldset { width: 100%; }
}
@media print { form, .skip { display: none; } article, tr { break-inside: avoid; } }
"""
