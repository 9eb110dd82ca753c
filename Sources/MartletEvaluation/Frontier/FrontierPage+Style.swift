/// How the page of a sweep looks and what its tables do when they are clicked.

extension FrontierPage {
    static let style = """
        :root { color-scheme: light dark; --ink: #1a1a1a; --soft: #5c5c5c; --line: #e2e2e2; --ground: #fff;
          --dense: #777; --dms: #0072b2; --c0: #d55e00; --c1: #b8860b; --c2: #009e73; --c3: #cc79a7; --c4: #3d9bd6; --c5: #8a63c9; }
        @media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #a5a5a5; --line: #333; --ground: #151515;
          --dense: #a0a0a0; --dms: #4db3ff; --c0: #ff8a3d; --c1: #e6b422; --c2: #2fd0a0; --c3: #e79ac2; --c4: #7fc6f2; --c5: #b79af0; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1320px; margin: 2rem auto; padding: 0 1.2rem; }
        h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.12rem; margin-top: 2.2rem; } h3 { font-size: .9rem; margin: .2rem 0; }
        .note, figcaption, dt { color: var(--soft); } figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(540px, 100%), 1fr)); gap: 1.4rem; }
        .maps, .sides { display: flex; flex-wrap: wrap; gap: 1.4rem; } .sides > div { flex: 1 1 320px; min-width: 0; }
        svg { width: 100%; height: auto; } .maps svg { width: auto; max-width: 100%; }
        .plots text { font: 11px system-ui, sans-serif; fill: var(--soft); } .plots text.axis { font-size: 12px; }
        .plots text.point { font-size: 9.5px; }
        .plots text.point, .plots text.name { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round; } .plots text.name { font-size: 12px; font-weight: 600; }
        .grid { stroke: var(--line); stroke-width: 1; } .front { fill: none; stroke-width: 2; } .front.dense { stroke-dasharray: 5 3; }
        .band { opacity: .13; stroke: none; } .made { margin: .1rem 0 .6rem; color: var(--soft); font-size: 12px; } .made code { font-size: 11.5px; }
        .dot { stroke: var(--ground); stroke-width: .7; } .front.dms { stroke-width: 3; }
        \(["dense", "dms", "c0", "c1", "c2", "c3", "c4", "c5"].map {
            ".front.\($0) { stroke: var(--\($0)); } .dot.\($0), .band.\($0), .plots text.name.\($0) { fill: var(--\($0)); }"
        }.joined(separator: "\n"))
        table { border-collapse: collapse; font-size: 13.5px; display: block; overflow-x: auto; }
        th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th { cursor: pointer; color: var(--soft); } .n { text-align: right; font-variant-numeric: tabular-nums; }
        td span { color: var(--soft); font-size: 12px; } .sure { font-weight: 600; } code, pre { font: 12.5px ui-monospace, monospace; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line); padding-left: .7rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; overflow-wrap: anywhere; }
        summary { cursor: pointer; overflow-wrap: anywhere; }
        """

    static let script = """
        for (const table of document.querySelectorAll("table.sortable")) {
          table.querySelectorAll("th").forEach((head, column) => head.addEventListener("click", () => {
            const body = table.tBodies[0], falling = head.dataset.order !== "down";
            for (const other of table.querySelectorAll("th")) delete other.dataset.order;
            head.dataset.order = falling ? "down" : "up";
            const value = row => { const cell = row.cells[column], v = cell.dataset.v;
              return v === undefined ? cell.textContent : parseFloat(v); };
            [...body.rows].sort((a, b) => { const x = value(a), y = value(b);
              const order = typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y;
              return falling ? -order : order; }).forEach(row => body.append(row));
          }));
        }
        """
}
