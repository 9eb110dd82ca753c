"""Draws the picture of the README from a frontier.csv: the best accuracy of each method within a budget.

    python frontier_picture.py docs/frontier/frontier.csv --cost bytes > docs/frontier/bytes.svg

A line is a method's front over all codecs, as steps: at x, the highest accuracy of all its configurations that cost at most
x for one problem. A mark is a configuration of the front and its shape is its codec; the band of the first methods is
the 95 % interval of each configuration by itself. Needs Python's standard library alone.
"""

import argparse
import csv
import math

COSTS = {
    "bytes": ("bytes of cache", "bytes of cache that one problem holds at its peak, all its chains together"),
    "kvReads": ("KV reads", "cached tokens that attention reads for one problem, all its chains together"),
    "peakTokens": ("peak tokens", "tokens that the cache holds at its peak for one problem, all its chains together"),
    "bytesMoved": ("bytes moved", "bytes of cache that decoding reads for one problem, all its chains together"),
}
parser = argparse.ArgumentParser()
parser.add_argument("table", help="frontier.csv of martlet frontier")
parser.add_argument("--cost", choices=COSTS, default="bytes")
parser.add_argument("--title", default="the model in the package, fresh problems")
parser.add_argument("--bands", default="dms,dense", help="methods whose intervals are drawn")
args = parser.parse_args()

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 130, 34, 66
# Method: name in the picture, colour, width of its line. Others are left out.
STYLES = {
    "dms": ("DMS", "#0b6e4f", 3), "dense": ("dense", "#1f2933", 2.2), "dmc": ("DMC", "#6b8e23", 1.5),
    "quest": ("Quest", "#3e7cb1", 1.5), "rkv": ("R-KV", "#d4722a", 1.5), "kvzip": ("KVzip", "#8a6bbf", 1.5),
    "expected": ("Expected Attention", "#00838f", 1.5), "window": ("window", "#b07d2b", 1.5),
    "h2o": ("H2O", "#a05195", 1.5), "snapkv": ("SnapKV", "#c0504d", 1.5), "tova": ("TOVA", "#7f8c8d", 1.5),
    "think": ("ThinK", "#5f4b32", 1.5),
}
MARKS = ["f32", "f16", "bf16", "q8", "q4"]

points = {}
for row in csv.DictReader(open(args.table)):
    points.setdefault(row["method"], []).append(
        (float(row[args.cost]), float(row["accuracy"]), float(row["lower"]), float(row["upper"]), row.get("codec", "f32")))
samples = max(int(row["samples"]) for row in csv.DictReader(open(args.table)))


def front(method):
    best = 0
    for point in sorted(points[method], key=lambda point: (point[0], -point[1])):
        if point[1] > best:
            best = point[1]
            yield point


fronts = {method: list(front(method)) for method in STYLES if method in points}
low = 0.8 * min(line[0][0] for line in fronts.values())
high = 1.1 * max(line[-1][0] for line in fronts.values())


def x(cost):
    share = (math.log10(cost) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y(accuracy):
    return HEIGHT - BOTTOM - accuracy * (HEIGHT - TOP - BOTTOM)


def mark(codec, across, up, colour, size=3.4):
    """A shape for each codec, so that colour need not say it."""
    if codec == "q4":
        return f'<path d="M{across:.1f} {up - size:.1f}l{size:.1f} {1.8 * size:.1f}h{-2 * size:.1f}z" fill="{colour}"/>'
    if codec == "q8":
        return (f'<rect x="{across - size:.1f}" y="{up - size:.1f}" width="{2 * size:.1f}" height="{2 * size:.1f}" '
                f'fill="{colour}"/>')
    return f'<circle cx="{across:.1f}" cy="{up:.1f}" r="{size}" fill="#ffffff" stroke="{colour}" stroke-width="1.4"/>'


def label(cost):
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if cost >= unit:
            return f"{cost / unit:g} {name}"
    return f"{cost:g}"


title = f"Right answers within a budget of {COSTS[args.cost][0]}"
out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
    'font-family="system-ui, sans-serif" font-size="12">',
    f"<title>{title}, {len(fronts)} cache methods</title>",
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    f'<text x="{LEFT}" y="20" font-size="13" fill="#1f2933">{title}: {args.title} ({samples:,})</text>',
]
for tenth in range(0, 10, 2):
    height = y(tenth / 10)
    out.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#e3e7ea"/>')
    out.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end" fill="#52606d">{tenth * 10} %</text>')
ticks = [factor * 10**power for power in range(12) for factor in (1, 3)]
for tick in ticks:
    if low <= tick <= high:
        out.append(f'<path d="M{x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e3e7ea"/>')
        out.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#52606d">{label(tick)}</text>')
out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 28}" text-anchor="middle" fill="#52606d">'
           f"{COSTS[args.cost][1]} (logarithmic)</text>")
codecs = [codec for codec in MARKS if any(point[4] == codec for line in fronts.values() for point in line)]
for index, codec in enumerate(codecs):
    across = LEFT + 90 * index + 8
    out.append(mark(codec, across, HEIGHT - 12, "#52606d"))
    out.append(f'<text x="{across + 9}" y="{HEIGHT - 8}" fill="#52606d">cache in {codec}</text>')

edge = WIDTH - RIGHT
for method in args.bands.split(","):
    line = fronts.get(method, [])
    ends = [x(point[0]) for point in line[1:]] + [edge]
    for (cost, _, lower, upper, _), end in zip(line, ends):
        out.append(f'<rect x="{x(cost):.1f}" y="{y(upper):.1f}" width="{end - x(cost):.1f}" '
                   f'height="{y(lower) - y(upper):.1f}" fill="{STYLES[method][1]}" opacity="0.12"/>')
labels = []
for method, line in reversed(list(fronts.items())):
    name, colour, width = STYLES[method]
    path = f"M{x(line[0][0]):.1f} {y(0):.1f}" + "".join(f"H{x(point[0]):.1f}V{y(point[1]):.1f}" for point in line)
    out.append(f'<path d="{path}H{edge}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>')
    if width > 2:
        out += [mark(point[4], x(point[0]), y(point[1]), colour) for point in line]
    labels.append([y(line[-1][1]), name, colour])
labels.sort()
for index in range(1, len(labels)):
    labels[index][0] = max(labels[index][0], labels[index - 1][0] + 14)
# Names that were pushed below the plot move up together.
over = labels[-1][0] - (HEIGHT - BOTTOM)
for height, name, colour in labels:
    out.append(f'<text x="{edge + 8}" y="{height - max(0, over) + 4:.1f}" fill="{colour}">{name}</text>')
out.append("</svg>")
print("\n".join(out))
