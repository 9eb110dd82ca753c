"""Prints a sweep's report as the tables of docs/frontier/README.md, so that no figure there is written by hand.

    python frontier_tables.py docs/frontier/frontier.json
    python frontier_tables.py --configurations docs/frontier-qwen/gsm8k/frontier.json

Points are per cent of problems; brackets are 95 % intervals by a bootstrap over seeds and problems (and over retrofits where
there are several). Needs Python's standard library alone.
"""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("report", help="frontier.json of martlet frontier")
parser.add_argument("--configurations", action="store_true", help="every configuration with its costs, instead of what they come to")
args = parser.parse_args()

report = json.load(open(args.report))
COSTS = {"kvReads": "KV reads", "bytesMoved": "bytes moved", "peakTokens": "peak tokens", "bytes": "bytes",
         "seconds": "seconds", "isoCost": "isoCost"}
NAMES = {"dms": "DMS", "dmc": "DMC", "h2o": "H2O", "tova": "TOVA", "snapkv": "SnapKV", "rkv": "R-KV", "rkv-16": "R-KV, buffer of 16",
         "kvzip": "KVzip", "expected": "Expected Attention", "quest": "Quest, pages of 16", "quest-8": "Quest, pages of 8",
         "quest-4": "Quest, pages of 4", "think": "ThinK", "control": "the control"}
found = {(each["method"], each["over"], each["cost"]): each for each in report["improvements"] if not each["withDense"]}


def name(text):
    method, _, codec = text.partition(" ")
    return NAMES.get(method, method) + (f" in {codec}" if codec else "")


def cell(value):
    if value is None:
        return ""
    low, high = (100 * end for end in value["interval"])
    text = f"{100 * value['improvement']:+.1f} [{low:.1f}, {high:.1f}]".replace("-", "−")
    return f"**{text}**" if low > 0 or high < 0 else text


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def head(*cells):
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


def thousands(value):
    return f"{value / 1e3:,.1f} k"


if args.configurations:
    head("method", "asked", "chains", "right", "KV reads", "peak tokens", "kB of cache", "s", "tokens over slots")
    for point in report["points"]:
        costs = point["costs"]
        low, high = point["interval"]
        row(name(point["method"]), f"{point['ratio']:g}", str(point["width"]), f"{point['accuracy']:.3f} [{low:.2f}, {high:.2f}]",
            thousands(costs["kvReads"]), f"{costs['peakTokens']:,.0f}", f"{costs['bytes'] / 1e3:,.0f}", f"{costs['seconds']:.2f}",
            f"{point['measuredHeld']:.1f}")
    raise SystemExit

print("Average improvement in points over the budgets that both meet, spaced evenly in their logarithm (bold where the interval leaves out 0):\n")
pairs = []
for method, over, _ in found:
    if (method, over) not in pairs:
        pairs.append((method, over))
costs = [cost for cost in COSTS if any(key[2] == cost for key in found)]
head("at equal", *[COSTS[cost] for cost in costs])
for method, over in pairs:
    row(f"{name(method)} over {name(over)}", *[cell(found.get((method, over, cost))) for cost in costs])

print("\nWhere that of DMS over dense comes from:\n")
head("at equal", "average", "budgets spaced evenly", "lowest third", "middle third", "highest third", "above dense's full answer")
for cost in costs:
    each = found.get(("dms", "dense", cost))
    if each:
        row(COSTS[cost], cell(each), cell(each["linear"]), *[cell(third) for third in each["thirds"]],
            cell(each["beyondFullLength"]))

print("\nFronts by bytes of cache, the best configuration within each budget:\n")
methods = []
for point in report["points"]:
    if point["method"] not in methods:
        methods.append(point["method"])
budgets = [2**power for power in range(14, 36)]
low = min(point["costs"]["bytes"] for point in report["points"])
high = max(point["costs"]["bytes"] for point in report["points"])
budgets = [budget for budget in budgets if low <= budget and budget / 2 < high]
head("within", *[f"{budget / 1e3:,.0f} kB" for budget in budgets])
for method in methods:
    cells = []
    for budget in budgets:
        fits = [point for point in report["points"] if point["method"] == method and point["costs"]["bytes"] <= budget]
        best = max(fits, key=lambda point: (point["accuracy"], -point["costs"]["bytes"]), default=None)
        cells.append("" if best is None else f"{best['accuracy']:.3f} ({best.get('codec', 'f32')})")
    row(name(method), *cells)

print("\nSafe compressions (the highest without a significant loss at any length and width, by all problems of a kind together):\n")
head("method", "codec", "phase", "problems", "safe at", "verdict")
for each in report["safeRatios"]:
    ratio = each["ratio"]
    row(name(each["method"]), each["codec"], each["phase"], f"{each['problems']:,}", "" if ratio is None else f"{ratio:g}", each["verdict"])
