"""The look of the report page: one style sheet for light and dark, and the few lines of script that filter findings."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2128; --soft: #57606a; --line: #d8dee4; --card: #f6f8fa;
  --accent: #0a58ca; --fixed: #2b7bba; --persists: #c8452b; --dropped: #e0b02e; --last: #a3abb5; --patches: #8a96a8;
  --findings: #7f57c9; --add: #e6ffec; --del: #ffebe9; --mark: #fff5d6; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f1318; --fg: #e2e8ee; --soft: #9aa6b2; --line: #303843;
  --card: #171d25; --accent: #7ab2ff; --fixed: #58a6e8; --persists: #e8694d; --dropped: #d9b23c; --last: #646e79;
  --patches: #667387; --findings: #a98be0; --add: #10291a; --del: #31191b; --mark: #33290f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: var(--bg); color: var(--fg);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p.lead, .soft, .none { color: var(--soft); } a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.35rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 0 2rem; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--fg); }
svg a text { fill: var(--accent); } svg .value { fill: var(--soft); } .grid { stroke: var(--line); }
rect.fixed { fill: var(--fixed); } rect.persists { fill: var(--persists); } rect.dropped { fill: var(--dropped); }
rect.last { fill: var(--last); } rect.patches { fill: var(--patches); } rect.findings { fill: var(--findings); }
.key span { display: inline-block; margin-right: 1rem; } .key i { display: inline-block; width: .8em; height: .8em;
  border-radius: 2px; margin-right: .35em; }
i.fixed { background: var(--fixed); } i.persists { background: var(--persists); }
i.dropped { background: var(--dropped); }
i.last { background: var(--last); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; } td code { overflow-wrap: anywhere; }
.tight { display: none; } @media (max-width: 40rem) { .roomy { display: none; } .tight { display: block; }
  body { padding: 1rem; } th, td { padding: .3rem .35rem; }
  table.words, .words tbody, .words tr, .words td { display: block; } .words thead { display: none; }
  .words td { border: 0; padding: .1rem 0; } .words tr { border-bottom: 1px solid var(--line); padding: .4rem 0; } }
details.patch { content-visibility: auto; contain-intrinsic-size: auto 3rem; }
details.patch { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; background: var(--card); }
details.patch > summary { padding: .5rem .8rem; cursor: pointer; } details.patch[hidden] { display: none; }
.inside { padding: 0 .8rem .8rem; } .code { overflow-x: auto; background: var(--bg); border: 1px solid var(--line);
  border-radius: 6px; margin: .5rem 0; }
.code pre { margin: 0; padding: 0; min-width: max-content; }
.code div { white-space: pre; padding: 0 .6rem; tab-size: 8; }
.code u { display: inline-block; width: 4.5em; color: var(--soft); text-decoration: none; user-select: none; }
.add { background: var(--add); } .del { background: var(--del); } .gap { color: var(--soft); background: var(--card); }
.says { background: var(--mark); border-left: 4px solid var(--findings); font: 13px/1.5 system-ui, sans-serif;
  padding: .35rem .8rem; white-space: normal; } .says.error { border-color: var(--persists); }
.says.label { border-color: var(--last); } .says b code { font-size: 12.5px; }
.says .help { display: block; } blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--line);
  white-space: pre-wrap; } .chip { font-size: .8rem; border: 1px solid var(--line); border-radius: 999px;
  padding: 0 .55em; margin-left: .35em; white-space: nowrap; color: var(--soft); }
#filter { font: inherit; padding: .3rem .6rem; width: 100%; max-width: 28rem; background: var(--bg); color: var(--fg);
  border: 1px solid var(--line); border-radius: 6px; }
:target { outline: 2px solid var(--accent); outline-offset: 2px; }
"""

SCRIPT = """
const box = document.getElementById("filter"), all = [...document.querySelectorAll("details.patch")];
const count = document.getElementById("shown");
function apply() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let n = 0;
  for (const one of all) {
    const hit = words.every(w => one.dataset.words.includes(w));
    one.hidden = !hit; n += hit;
  }
  count.textContent = words.length ? n + " of " + all.length + " patches" : "";
}
function open_target() {
  const id = decodeURIComponent(location.hash.slice(1));
  const words = /^(?:rule|find):(.*)$/.exec(id);
  if (words) { box.value = words[1]; apply(); box.scrollIntoView(); return; }
  const it = document.getElementById(id), patch = it && it.closest("details.patch");
  if (patch) { if (patch.hidden) { box.value = ""; apply(); } patch.open = true; it.scrollIntoView({block: "center"}); }
}
box.addEventListener("input", apply);
addEventListener("hashchange", open_target);
open_target();
"""


def policy() -> str:
    """A content security policy under which only this style and this script work, and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
