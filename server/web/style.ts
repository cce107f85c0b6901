// The style sheet. Colours are variables with a light and a dark value; nothing is told by colour alone.

export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#f6f7f9, #0f1216);
  --card: light-dark(#ffffff, #171b21);
  --line: light-dark(#e3e6eb, #272d36);
  --ink: light-dark(#1a1f27, #e6e9ee);
  --soft: light-dark(#5a6472, #98a2b1);
  --accent: light-dark(#2f49e0, #8c9eff);
  --accent-soft: light-dark(#e8ecff, #232b4d);
  --good: light-dark(#0d7a4f, #4fd39a);
  --bad: light-dark(#b3261e, #ff8a80);
  --bad-soft: light-dark(#fdecea, #3a1f1f);
  --warn: light-dark(#8a5300, #ffc069);
  --model: light-dark(#3d5afe, #8c9eff);
  --tool: light-dark(#0e8f8f, #4dd0d0);
  --note: light-dark(#8a5300, #ffc069);
  --radius: 10px;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
a { color: var(--accent); text-decoration: none; }
a:hover, .why a, .hint a, .empty a, .hello a { text-decoration: underline; }
a:focus-visible, button:focus-visible, select:focus-visible, input:focus-visible, input[type=datetime-local]:focus-within, .scroll:focus-visible, pre:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px;
}
/* Within a panel, which cuts off what stands out of it. */
.panel .scroll:focus-visible, .panel pre:focus-visible, .spark a:focus-visible { outline-offset: -2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 6px 10px; z-index: 2; }
header.top {
  display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: center;
  padding: 10px 24px; background: var(--card); border-bottom: 1px solid var(--line);
}
.brand { font-weight: 700; letter-spacing: -0.01em; color: var(--ink); font-size: 17px; display: flex; align-items: center; gap: 8px; }
.brand:hover { text-decoration: none; }
.brand svg { display: block; }
nav.main { display: flex; flex-wrap: wrap; gap: 2px; flex: 1; }
nav.main a { padding: 5px 10px; border-radius: 7px; color: var(--soft); }
nav.main a:hover { background: var(--bg); text-decoration: none; color: var(--ink); }
nav.main a[aria-current] { color: var(--accent); background: var(--accent-soft); font-weight: 600; }
.state { font-size: 13.5px; color: var(--soft); white-space: nowrap; }
.state.firing { color: var(--bad); font-weight: 600; }
main { max-width: 1320px; margin: 0 auto; padding: 20px 24px 48px; }
h1 { font-size: 20px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0; font-weight: 650; }
.head { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 16px; min-height: 34px; }
.head .grow { flex: 1; }
form.filter { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; margin: 0; }
form.filter select, form.filter input, form.filter button { height: 34px; }
form.filter input[type=datetime-local] { width: 15.2em; font-size: 13px; padding-right: 4px; }
form.filter label { display: grid; gap: 2px; font-size: 12px; color: var(--soft); }
select, input, button, .button {
  font: inherit; font-size: 14px; color: var(--ink); background: var(--card);
  border: 1px solid light-dark(#8d96a5, #5d6776); border-radius: 7px; padding: 5px 9px;
}
button, .button { cursor: pointer; }
button:hover, .button:hover { border-color: var(--accent); text-decoration: none; }
button[data-copy] { display: none; }
.js button[data-copy] { display: inline-block; }
.cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 14px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: 14px 16px; min-width: 0; }
a.card { color: inherit; display: block; }
a.card:hover { text-decoration: none; border-color: var(--accent); }
.card .label { color: var(--soft); font-size: 13px; display: flex; justify-content: space-between; gap: 8px; }
.card .big { font-size: 30px; font-weight: 680; letter-spacing: -0.02em; line-height: 1.2; margin: 2px 0; }
.card .big small { font-size: 15px; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.card .sub { color: var(--soft); font-size: 13.5px; }
.card .pair { display: flex; gap: 22px; }
.better { color: var(--good); } .worse { color: var(--bad); }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); margin-top: 14px; overflow: hidden; }
.panel > .title { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; justify-content: space-between; padding: 12px 16px 8px; }
.panel > .title .sub { color: var(--soft); font-size: 13px; }
.two table { font-size: 13px; } .two .mono, .two .hint { font-size: 12px; } .two th, .two td { padding-left: 5px; padding-right: 5px; }
.two .why { white-space: normal; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; }
.spark { display: block; width: 100%; height: 104px; }
.sparkbox { padding: 0 16px 12px; }
.spark .bar { fill: var(--accent); opacity: 0.8; }
.spark a:hover .bar, .spark a:focus .bar { opacity: 1; }
.spark .hit { fill: transparent; }
.spark .peak { fill: var(--accent); opacity: 1; }
.spark .axis { stroke: var(--line); }
.sparklabels { display: flex; justify-content: space-between; font-size: 12px; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 550; color: var(--soft); font-size: 12.5px; padding: 6px 8px; white-space: nowrap; border-bottom: 1px solid var(--line); }
td { padding: 6px 8px; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
tbody:last-child > tr:last-child > td, tbody:last-child > tr:last-child > th { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 16px; } th:last-child, td:last-child { padding-right: 16px; }
th.n, td.n { text-align: right; }
td.wrap { white-space: normal; min-width: 12em; }
th a { color: inherit; text-decoration: underline dotted; }
tbody tr:hover > td { background: light-dark(#f9fafc, #1b2028); }
.two .cut { max-width: 6.5em; }
.cut { display: inline-block; max-width: 10em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
.mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: 13px; }
.soft { color: var(--soft); }
.empty { padding: 10px 16px 18px; color: var(--soft); }
.badge { display: inline-block; padding: 0 8px; border-radius: 99px; font-size: 12.5px; line-height: 20px; border: 1px solid var(--line); color: var(--soft); }
.badge + .badge, strong + .badge, span + .badge { margin-left: 6px; }
.badge.ok { color: var(--good); border-color: currentColor; }
.badge.failed { color: var(--bad); background: var(--bad-soft); border-color: transparent; font-weight: 600; }
.badge.running { color: var(--accent); border-color: currentColor; }
.badge.warn { color: var(--warn); border-color: currentColor; }
.tags .badge { margin: 2px 4px 0 0; } .tags { display: flex; flex-wrap: wrap; }
.message { border: 1px solid var(--line); border-left: 4px solid var(--good); border-radius: 7px; padding: 9px 14px; background: var(--card); margin-bottom: 14px; overflow-wrap: anywhere; }
.message.bad { border-left-color: var(--bad); }
.hello { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: 26px 28px; max-width: 760px; }
.hello { overflow-wrap: anywhere; }
.hello h1 { font-size: 22px; margin-bottom: 6px; }
.hello ol { padding-left: 20px; } .hello li { margin: 10px 0; }
pre { background: var(--bg); border: 1px solid var(--line); border-radius: 7px; padding: 9px 12px; overflow-x: auto; margin: 6px 0 0; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
dl.facts { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 0; }
dl.facts div { min-width: 0; } dl.facts dt { font-size: 12.5px; color: var(--soft); } dl.facts dd { margin: 0; font-weight: 550; overflow-wrap: anywhere; line-height: 28px; }
dl.facts dd.big { font-size: 20px; font-weight: 680; letter-spacing: -0.01em; }
.steps td { padding-top: 5px; padding-bottom: 5px; }
.steps .what { min-width: 15em; white-space: normal; }
.steps .line { width: 30%; min-width: 170px; padding-left: 4px; padding-right: 4px; }
.steps svg.fall { display: block; width: 100%; height: 18px; }
.fall .track { fill: var(--bg); } .fall .model { fill: var(--model); } .fall .tool { fill: var(--tool); } .fall .note { fill: var(--note); } .fall .ttft { fill: var(--card); opacity: 0.5; } .fall .bad { fill: var(--bad); }
.kind { display: inline-block; width: 9px; height: 9px; border-radius: 3px; margin-right: 7px; background: var(--model); }
.kind.tool { background: var(--tool); } .kind.note { background: var(--note); border-radius: 50%; }
td.indent, td.indent:first-child { padding-left: 38px; }
tr.failed > td:first-child { box-shadow: inset 4px 0 0 var(--bad); }
tr.failed > td { background: var(--bad-soft); }
tr.reader > td:first-child { box-shadow: inset 4px 0 0 var(--bad); }
.why { font-size: 13px; color: var(--bad); display: block; }
.hint { font-size: 13px; color: var(--soft); display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--soft); }
tr.total > td { font-weight: 650; border-top: 1px solid var(--line); }
.share { display: inline-block; width: 70px; height: 8px; vertical-align: middle; margin-left: 8px; }
.percent { display: inline-block; min-width: 4em; text-align: right; }
.share .track { fill: var(--bg); } .share .fill { fill: var(--accent); }
.trend { display: block; width: 110px; height: 24px; } .trend .area { fill: var(--accent-soft); } .trend .line { fill: none; stroke: var(--accent); stroke-width: 1.4; stroke-linejoin: round; } .trend .end { fill: var(--accent); }
tr.turn > td, tr.turn > th { background: light-dark(#f9fafc, #1b2028); font-weight: 550; color: var(--ink); font-size: 14px; padding-top: 8px; }
tr.call > td { font-size: 13.5px; padding-top: 3px; padding-bottom: 3px; border-bottom: 0; }
.listed + .listed::before { content: ", "; white-space: pre; }
.out { display: inline-block; margin-left: 10px; font-size: 13px; }
.pager { display: flex; gap: 10px; padding: 10px 16px; align-items: center; }
.pager .soft { flex: 1; }
.fault { max-width: 640px; }
footer { max-width: 1320px; margin: 0 auto; padding: 0 24px 28px; color: var(--soft); font-size: 13px; }
@media (max-width: 900px) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } .two { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 560px) {
  main { padding: 14px 12px 32px; } header.top { padding: 8px 12px; } .cards { gap: 10px; }
  .card { padding: 11px 12px; } .card .big { font-size: 23px; } .card .pair { gap: 14px; flex-wrap: wrap; }
  .optional { display: none; } th, td { padding-left: 5px; padding-right: 5px; } .two table { font-size: 13px; }
  nav.main { order: 3; flex-basis: 100%; overflow-x: auto; flex-wrap: nowrap; } nav.main a { white-space: nowrap; } header.top { justify-content: space-between; } footer { padding: 0 12px 20px; }
  .steps .line { min-width: 110px; }
  form.filter { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); width: 100%; }
  form.filter select, form.filter input, form.filter input[type=datetime-local] { width: 100%; min-width: 0; }
  form.filter label:has([type=datetime-local]) { grid-column: span 3; }
}
@media (prefers-reduced-motion: no-preference) { .htmx-settling { transition: opacity 120ms; } }
`;
