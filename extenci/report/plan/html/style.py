"""The look of the page: light and dark as the reader's system is, and fit for a phone."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --card: #f6f8fa; --line: #d1d9e0; --text: #1f2328; --faint: #59636e; --link: #0969da;
  --create: #1a7f37; --check: #0969da; --replace: #9a6700; --remove: #cf222e; --note: #59636e;
  --create-ground: #e9f7ee; --check-ground: #e7f2ff; --replace-ground: #fff6d9; --remove-ground: #ffefee;
  --note-ground: #f3f5f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #161b22; --line: #343b44; --text: #e6edf3; --faint: #9198a1; --link: #6cb2ff;
    --create: #56d364; --check: #6cb2ff; --replace: #e3b341; --remove: #ff7b72; --note: #9198a1;
    --create-ground: #10251a; --check-ground: #11233b; --replace-ground: #2b2310; --remove-ground: #331517;
    --note-ground: #1c2128;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem;
  background: var(--ground); color: var(--text);
  font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0.1rem 0 1.25rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.25rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.35rem; }
p { margin: 0; }
a { color: var(--link); }
ul { margin: 0; padding-left: 1.1rem; }
li { margin: 0.25rem 0; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code { font-size: 0.85em; }
pre { font-size: 0.8rem; line-height: 1.45; margin: 0.5rem 0; padding: 0.75rem; overflow-x: auto;
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow-wrap: normal; }
summary { cursor: pointer; color: var(--faint); }
.about, .reason, figcaption { color: var(--faint); }
.quiet h1 { color: var(--create); }
.danger { border: 1px solid var(--remove); border-left-width: 6px; border-radius: 6px; padding: 0.9rem 1.1rem;
  background: var(--card); }
.danger h2 { margin: 0; color: var(--remove); }
.danger ul { list-style: none; padding: 0; }
.danger summary { margin: 0.25rem 0; }
figure { margin: 0 0 1rem; }
figcaption { font-size: 0.8125rem; margin-top: 0.4rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem;
  background: var(--card); }
svg { display: block; }
.edge { fill: none; stroke: var(--faint); stroke-width: 1.25; }
.tip { fill: var(--faint); }
rect { fill: var(--tint); stroke: var(--ink); }
svg .title { font-size: 12px; font-weight: 600; fill: var(--ink); }
svg .name { font-size: 11px; fill: var(--text); }
.create { --ink: var(--create); --tint: var(--create-ground); }
.check { --ink: var(--check); --tint: var(--check-ground); }
.replace { --ink: var(--replace); --tint: var(--replace-ground); }
.remove { --ink: var(--remove); --tint: var(--remove-ground); }
.note { --ink: var(--note); --tint: var(--note-ground); }
.symbol { display: inline-block; min-width: 1.5em; text-align: center; border-radius: 4px; font-weight: 700;
  color: var(--ink); background: var(--tint); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th:nth-child(1) { width: 34%; } th:nth-child(2) { width: 15%; } th:nth-child(3) { width: 5rem; }
th:nth-child(4) { width: 16%; }
.drift th:nth-child(1) { width: 35%; } .drift th:nth-child(2) { width: 65%; }
th { text-align: left; font-size: 0.8125rem; font-weight: 600; color: var(--faint); }
th, td { padding: 0.5rem 0.75rem 0.5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.count, th:nth-child(3) { text-align: right; padding-right: 1.5rem; }
td ul { list-style: none; padding: 0; }
td li { margin: 0 0 0.15rem; }
td details { font-size: 0.875rem; }
tr:target { background: var(--card); outline: 2px solid var(--link); }
del { text-decoration: none; color: var(--remove); }
ins { text-decoration: none; color: var(--create); }
.what { font-weight: 600; }
@media (max-width: 45rem) {
  body { padding: 1rem 0.9rem 2rem; }
  h1 { font-size: 1.25rem; }
  table, tbody, tr, td { display: block; width: 100%; }
  thead { display: none; }
  tr { border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.75rem; margin: 0 0 0.75rem; }
  td, td.count { border: 0; padding: 0.1rem 0; text-align: left; }
  td:empty { display: none; }
  td[data-label]::before { content: attr(data-label) " "; color: var(--faint); }
}
"""
