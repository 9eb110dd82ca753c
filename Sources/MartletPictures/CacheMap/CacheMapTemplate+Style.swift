// How the page of a cache looks.

extension CacheMapTemplate {
    // swift-format-ignore
    static let style = #"""
:root {
	color-scheme: light dark;
	--page: #f7f6f3; --card: #ffffff; --ink: #1c1f23; --soft: #5d636b; --line: #e2dfd8; --grid: #ecebe6;
	--held: #16588c; --gone: #ece2d1; --tint: #a3cdf0; --lossy: #8a4100; --lossy-bg: #fbead9;
	--p0: #0b66ad; --p1: #c24e08; --p2: #007a5a; --p3: #9a4088; --p4: #7d6400; --p5: #4a4f57;
}
@media (prefers-color-scheme: dark) {
	:root {
		--page: #131517; --card: #1b1e21; --ink: #e8e6e1; --soft: #a9aeb4; --line: #31353a; --grid: #282c30;
		--held: #78bdf2; --gone: #453d33; --tint: #23618f; --lossy: #ffc08a; --lossy-bg: #43301f;
		--p0: #6cb8f3; --p1: #ff9c5c; --p2: #4fcba4; --p3: #e39bd2; --p4: #dfc25a; --p5: #c9ccd1;
	}
}
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; background: var(--page); color: var(--ink); overflow-wrap: anywhere; }
header, main, #bar > div { max-width: 1560px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 30px; padding-bottom: 18px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0; }
h3 { font-size: 14px; margin: 0; }
.soft { color: var(--soft); font-size: 13px; }
code { display: block; margin-top: 12px; font: 12.5px/1.55 ui-monospace, Menlo, Consolas, monospace;
	color: var(--soft); white-space: pre-wrap; max-height: 8em; overflow: auto; }
#bar { position: sticky; top: 0; z-index: 5; background: var(--page); border-bottom: 1px solid var(--line); }
#bar > div { padding-top: 10px; padding-bottom: 10px; display: flex; align-items: center; gap: 6px 18px; flex-wrap: wrap; }
#bar input { flex: 1 1 280px; min-width: 0; margin: 0; accent-color: var(--held); }
#bar output { min-width: 25em; font-size: 14px; }
button, select { font: inherit; font-size: 13px; color: inherit; background: var(--card); border: 1px solid var(--line);
	border-radius: 6px; padding: 4px 12px; max-width: 26em; }
#play { min-width: 5em; }
:focus-visible { outline: 2px solid var(--held); outline-offset: 2px; }
section { margin: 30px 0; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 24px; margin-bottom: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { font-weight: 500; font-size: 12.5px; color: var(--soft); vertical-align: bottom; line-height: 1.3; }
th, td { text-align: right; padding: 7px 0 7px 22px; white-space: nowrap; }
th:first-child, td:first-child { position: relative; text-align: left; padding-left: 36px; white-space: normal; min-width: 172px; }
tbody td { border-top: 1px solid var(--line); }
.key { flex: none; width: 26px; height: 10px; }
td .key { position: absolute; left: 0; top: 13px; }
.badge { flex: none; font: 600 11.5px/1 system-ui, sans-serif; padding: 3px 7px 4px; border-radius: 9px; color: var(--lossy); background: var(--lossy-bg); }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; }
.legend > span { display: inline-flex; align-items: center; gap: 7px; }
.ramp, .blank { width: 56px; height: 11px; border-radius: 2px; background: linear-gradient(90deg, var(--gone), var(--held)); }
.blank { width: 16px; background: none; border: 1px solid var(--line); }
#maps, #charts { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 540px), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 15px 18px 12px; min-width: 0; }
.title { display: flex; align-items: baseline; gap: 9px; }
.map { position: relative; margin-top: 8px; }
.map canvas, #charts svg { display: block; width: 100%; cursor: crosshair; touch-action: pan-y; }
.mark, .cell { position: absolute; pointer-events: none; display: none; }
.mark { background: var(--ink); box-shadow: 0 0 0 1px var(--card); }
.mark::before { content: ""; position: absolute; left: -4px; top: -7px; border: solid transparent; border-width: 7px 5px 0; border-top-color: var(--ink); }
.cell { border: 1.5px solid var(--ink); box-shadow: 0 0 0 1px var(--card); }
#text { max-height: 29em; overflow: auto; white-space: pre-wrap; line-height: 1.8; padding: 14px 18px; }
.t { background: color-mix(in srgb, var(--tint) calc(var(--s) * 1%), var(--gone)); border-right: 1px solid var(--card); padding: 2px 0;
	unicode-bidi: isolate; cursor: pointer; }
.t.zero, .t.later { color: var(--soft); }
.t.later { background: none; opacity: .5; }
.t.on { outline: 2px solid var(--ink); }
.turn { font-size: 11.5px; color: var(--soft); border-left: 2px solid var(--soft); padding: 2px 7px; margin-left: 4px; user-select: none; }
#marked { margin: 10px 0 0; min-height: 1.5em; }
#charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
#charts svg { margin-top: 8px; }
svg text { font-size: 11.5px; fill: var(--soft); }
#tip { position: fixed; z-index: 9; display: none; max-width: 330px; padding: 8px 11px; pointer-events: none; white-space: pre-line;
	background: var(--ink); color: var(--page); font-size: 12.5px; line-height: 1.5; border-radius: 7px; }
@media (max-width: 760px) { header, main, #bar > div { padding-left: 16px; padding-right: 16px; } #bar output { min-width: 0; flex: 1 1 100%; order: 3; }
	table { font-size: 13px; } th, td { padding-left: 13px; } }
"""#
}
