"""Draws the picture of the README from a frontier.csv: the best accuracy of each method within a number of KV reads.

    python frontier_picture.py docs/frontier/frontier.csv > docs/frontier/reads.svg

A line is a method's Pareto front, as steps: at x, the highest accuracy of all its configurations that read at most x
cached tokens for one problem. Needs Python's standard library alone.
"""

import argparse
import csv
import math

parser = argparse.ArgumentParser()
parser.add_argument("table", help="frontier.csv of martlet frontier")
args = parser.parse_args()

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 110, 34, 48
# Method: name in the picture, colour, width of its line.
STYLES = {
    "dms": ("DMS", "#0b6e4f", 3), "dense": ("dense", "#1f2933", 2.2), "quest": ("Quest", "#3e7cb1", 1.5),
    "window": ("window", "#b07d2b", 1.5), "h2o": ("H2O", "#a05195", 1.5), "snapkv": ("SnapKV", "#c0504d", 1.5),
    "tova": ("TOVA", "#7f8c8d", 1.5),
}

points = {}
for row in csv.DictReader(open(args.table)):
    points.setdefault(row["method"], []).append((float(row["kvReads"]), float(row["accuracy"])))


def front(method):
    best = 0
    for reads, accuracy in sorted(points[method], key=lambda point: (point[0], -point[1])):
        if accuracy > best:
            best = accuracy
            yield reads, accuracy


fronts = {method: list(front(method)) for method in STYLES if method in points}
low = 0.8 * min(line[0][0] for line in fronts.values())
high = max(reads for method in points for reads, _ in points[method])


def x(reads):
    share = (math.log10(reads) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y(accuracy):
    return HEIGHT - BOTTOM - accuracy * (HEIGHT - TOP - BOTTOM)


out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
    'font-family="system-ui, sans-serif" font-size="12">',
    "<title>Accuracy within a number of KV reads, seven cache methods</title>",
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    f'<text x="{LEFT}" y="20" font-size="13" fill="#1f2933">Right answers within a number of KV reads: the model in the '
    "package, 100 held-out problems</text>",
]
for tenth in range(0, 10, 2):
    height = y(tenth / 10)
    out.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#e3e7ea"/>')
    out.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end" fill="#52606d">{tenth * 10} %</text>')
for reads, label in [(1e3, "1,000"), (1e4, "10,000"), (1e5, "100,000")]:
    if low <= reads <= high:
        out.append(f'<path d="M{x(reads):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e3e7ea"/>')
        out.append(f'<text x="{x(reads):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#52606d">{label}</text>')
out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle" fill="#52606d">cached tokens that '
           "attention reads for one problem, all its chains together (logarithmic)</text>")

labels = []
for method, line in reversed(list(fronts.items())):
    name, colour, width = STYLES[method]
    path = f"M{x(line[0][0]):.1f} {y(0):.1f}" + "".join(f"H{x(reads):.1f}V{y(accuracy):.1f}" for reads, accuracy in line)
    out.append(f'<path d="{path}H{WIDTH - RIGHT}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>')
    labels.append([y(line[-1][1]), name, colour])
labels.sort()
for index in range(1, len(labels)):
    labels[index][0] = max(labels[index][0], labels[index - 1][0] + 14)
for height, name, colour in labels:
    out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{height + 4:.1f}" fill="{colour}">{name}</text>')
out.append("</svg>")
print("\n".join(out))
