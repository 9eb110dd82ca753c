"""Computes the figures of a sweep's report again from its results, without Martlet and without a model.

    python3 recompute_frontier.py frontier/results.jsonl
    python3 recompute_frontier.py frontier/results.jsonl --method dms --over dense --cost bytes
    python3 recompute_frontier.py frontier/results.jsonl --check frontier/frontier.json

Without --method every method is compared with dense and dms with every method. For each it prints the average
improvement in points of accuracy over the budgets' logarithm with its 95 % interval, the same beyond the cost of a full
answer of the other method, in each third of the budgets' logarithm, and over budgets spread evenly. --check compares
points and improvements with a report's and fails where they differ. The results are described in docs/formats.md. Needs
Python's standard library alone.
"""

import argparse
import hashlib
import json
import math
import sys

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
DIGITS = {letter: value for value, letter in enumerate(ALPHABET)}
MASK = (1 << 64) - 1
COSTS = ["kvReads", "bytesMoved", "peakTokens", "bytes", "seconds", "flops"]
REFERENCE, LEARNED = "dense", "dms"


def levels(text, count):
    if len(text) == count:
        return [DIGITS[letter] for letter in text]
    if len(text) != 2 * count:
        raise SystemExit(f"{len(text)} digits for {count} problems, expected {count} or twice as many")
    return [DIGITS[text[i]] << 6 | DIGITS[text[i + 1]] for i in range(0, len(text), 2)]


def column(value, count):
    return value and [value["unit"] * level for level in levels(value["digits"], count)]


class Random:
    """The generator of the draws: a counter behind a mixing function (SplitMix64)."""

    def __init__(self, seed, stream):
        self.state = self.mix((seed ^ self.mix(stream + 0x9E3779B97F4A7C15)) & MASK)

    @staticmethod
    def mix(z):
        z &= MASK
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def below(self, count):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        return self.mix(self.state) * count >> 64


class Results:
    def __init__(self, path):
        data = open(path, "rb").read()
        if not data.endswith(b"\n"):
            raise SystemExit(f"{path} was cut short; copy it again")
        end = data[:-1].rfind(b"\n") + 1
        if json.loads(data[end:]).get("digest") != hashlib.sha256(data[:end]).hexdigest():
            raise SystemExit(f"{path} is not what its last line says; copy it again")
        lines = [json.loads(line) for line in data[:end].splitlines()]
        self.header, rows = lines[0], lines[1:]
        plan = self.header["plan"]
        self.seeds = len(plan["seeds"])
        self.seed = int(plan["seeds"][0])
        self.budgets = plan["budgets"]
        self.count = self.seeds * plan["samples"]
        facts = {each["model"]: each for each in self.header["facts"]}
        groups = {}
        for row in rows:
            key = (row["method"], row["codec"], row["length"], row["width"], row["ratio"])
            groups.setdefault(key, []).append(row)
        self.points = [self.point(group, facts) for group in groups.values()]

    def point(self, rows, facts):
        """A configuration: the mean over the models that were made for it."""
        first, many = rows[0], len(rows)
        point = {key: first[key] for key in ("method", "codec", "length", "width", "ratio", "phase")}
        point["models"] = []
        sums = dict.fromkeys(COSTS, 0.0)
        totals = dict.fromkeys(("denseTokens", "peakTokens", "denseReads", "kvReads"), 0.0)
        for row in rows:
            values = row["scores"]["values"]
            point["models"].append([float(values[i]) for i in levels(row["scores"]["digits"], self.count)])
            columns = {key: column(row[key], self.count)
                       for key in ("tokens", "kvReads", "bytesMoved", "peakTokens", "bytes", "denseReads", "denseTokens")}
            for key in ("kvReads", "bytesMoved", "peakTokens", "bytes"):
                if columns[key] is None or sums[key] is None:
                    sums[key] = None
                else:
                    sums[key] += sum(columns[key]) / self.count
            sums["seconds"] += row["seconds"] / max(1, row["timedProblems"])
            fact = facts[row["model"]]
            prompts = column(fact["promptTokens"], self.count)
            sums["flops"] += sum(
                fact["flopsPerToken"] * (prompt + tokens)
                + fact["flopsPerRead"] * (prompt * (prompt + 1) / 2 + reads)
                for prompt, tokens, reads in zip(prompts, columns["tokens"], columns["kvReads"])) / self.count
            for key in totals:
                if columns[key] is None or totals[key] is None:
                    totals[key] = None
                else:
                    totals[key] += sum(columns[key])
        point["costs"] = {key: None if value is None else value / many for key, value in sums.items()}
        point["accuracy"] = sum(map(sum, point["models"])) / many / self.count
        for name, dense, own in (("measuredHeld", "denseTokens", "peakTokens"), ("measuredRead", "denseReads", "kvReads")):
            known = totals[dense] is not None and totals[own]
            point[name] = totals[dense] / totals[own] if known else None
        return point

    def weights(self, number):
        """How often each problem is drawn: seeds with repetition, then problems of each with repetition."""
        random = Random(self.seed, number)
        size = self.count // self.seeds
        weights = [0] * self.count
        same = [random.below(size) for _ in range(size)] if self.header["sharesProblems"] else None
        for _ in range(self.seeds):
            group = random.below(self.seeds)
            for index in range(size):
                weights[group * size + (same[index] if same else random.below(size))] += 1
        return weights

    def draws(self, number):
        """The accuracies of all points in each of some draws."""
        settings = {}
        for point in self.points:
            settings.setdefault((point["method"], point["ratio"]), len(settings))
        for draw in range(number):
            weights = self.weights(draw)
            total = sum(weights)
            accuracies = []
            for point in self.points:
                models = point["models"]
                shares = [1.0]
                if len(models) > 1:
                    group = settings[point["method"], point["ratio"]]
                    random = Random((self.seed + 0x5EED * (group + 1)) & MASK, draw)
                    shares = [0.0] * len(models)
                    for _ in models:
                        shares[random.below(len(models))] += 1 / len(models)
                accuracies.append(sum(
                    share * sum(map(float.__mul__, map(float, weights), scores))
                    for share, scores in zip(shares, models)) / total)
            yield accuracies


def front(order, costs, accuracies):
    steps = []
    for point in order:
        if steps and accuracies[point] <= steps[-1][1]:
            continue
        if steps and steps[-1][0] == costs[point]:
            steps.pop()
        steps.append((costs[point], accuracies[point]))
    return steps


def distance(a, b, low, high, spread):
    """The mean of a - b over budgets from low to high; both are constant between their steps."""
    def at(steps, budget):
        return [accuracy for cost, accuracy in steps if cost <= budget][-1]

    if not low < high:
        return at(a, low) - at(b, low)
    edges = [low] + sorted({cost for cost, _ in a + b if low < cost < high}) + [high]
    total = sum((at(a, start) - at(b, start)) * (spread(end) - spread(start))
                for start, end in zip(edges, edges[1:]))
    return total / (spread(high) - spread(low))


def interval(values):
    values = sorted(values)
    cut = int(0.025 * len(values))
    return [values[cut], values[len(values) - 1 - cut]]


class Comparison:
    def __init__(self, results, own, others, cost):
        self.costs = [point["costs"][cost] for point in results.points]
        self.orders = [sorted(places, key=lambda i: (self.costs[i], i)) for places in (own, others)]
        accuracies = [point["accuracy"] for point in results.points]
        a, b = (front(order, self.costs, accuracies) for order in self.orders)
        low, high = max(a[0][0], b[0][0]), max(a[0][0], b[0][0], a[-1][0], b[-1][0])
        if cost in results.budgets:
            low = max(low, results.budgets[cost][0])
            high = max(low, results.budgets[cost][1])
        longest = max(results.points[i]["length"] for i in others)
        full = [self.costs[i] for i in others
                if (results.points[i]["length"], results.points[i]["width"], results.points[i]["ratio"]) == (longest, 1, 1)]
        edges = [low, low * (high / low) ** (1 / 3), low * (high / low) ** (2 / 3), high]
        self.parts = {"average": (low, high, math.log), "linear": (low, high, float)}
        for number, name in enumerate(("lowest third", "middle third", "highest third")):
            self.parts[name] = (edges[number], max(edges[number], edges[number + 1]), math.log)
        if full and min(full) < high:
            self.parts["beyond a full answer"] = (max(low, min(full)), high, math.log)
        self.range = [low, high]
        self.values = self.measure(accuracies)
        self.drawn = {name: [] for name in self.parts}

    def measure(self, accuracies):
        a, b = (front(order, self.costs, accuracies) for order in self.orders)
        return {name: distance(a, b, *part) for name, part in self.parts.items()}

    def add(self, accuracies):
        for name, value in self.measure(accuracies).items():
            self.drawn[name].append(value)


def differs(a, b):
    if a is None or b is None:
        return (a is None) != (b is None)
    return abs(a - b) > 1e-9 * max(1, abs(a), abs(b))


def check(results, comparisons, path, intervals):
    """Compares with a report; returns what differs."""
    report = json.load(open(path))
    wrong = []
    if len(report["points"]) != len(results.points):
        wrong.append(f"{len(report['points'])} points, expected {len(results.points)}")
    for said, point in zip(report["points"], results.points):
        name = " ".join(str(point[key]) for key in ("method", "length", "width", "ratio", "codec"))
        pairs = [("accuracy", said["accuracy"], point["accuracy"])]
        pairs += [(key, said[key], point[key]) for key in ("measuredHeld", "measuredRead")]
        pairs += [(cost, said["costs"][cost], point["costs"][cost]) for cost in COSTS]
        wrong += [f"{name}: {key} {a}, expected {b}" for key, a, b in pairs if differs(a, b)]
    for said in report["improvements"]:
        own = comparisons.get((said["method"], said["over"], said["withDense"], said["cost"]))
        if own is None:
            continue
        name = f"{said['method']} over {said['over']} by {said['cost']}"
        pairs = [("improvement", said["improvement"], own.values["average"]),
                 ("evenly", said["linear"]["improvement"], own.values["linear"])]
        thirds = ("lowest third", "middle third", "highest third")
        pairs += [(third, each["improvement"], own.values[third]) for third, each in zip(thirds, said["thirds"])]
        beyond = said["beyondFullLength"]
        pairs.append(("beyond", beyond and beyond["improvement"], own.values.get("beyond a full answer")))
        pairs += [("budgets", a, b) for a, b in zip(said["budgets"], own.range)]
        if intervals:
            pairs += [("interval", a, b) for a, b in zip(said["interval"], interval(own.drawn["average"]))]
        wrong += [f"{name}: {key} {a}, expected {b}" for key, a, b in pairs if differs(a, b)]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", help="results.jsonl of martlet frontier")
    parser.add_argument("--method", help="compare this method")
    parser.add_argument("--over", default=REFERENCE, help="with this one")
    parser.add_argument("--codec", help="only configurations with this codec")
    parser.add_argument("--cost", choices=COSTS, help="at this cost; default: all")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws; the report's are 1000, 0 for none")
    parser.add_argument("--check", metavar="JSON", help="a report's frontier.json to compare with")
    args = parser.parse_args()
    results = Results(args.results)
    methods = list(dict.fromkeys(point["method"] for point in results.points))

    def places(method):
        return [i for i, point in enumerate(results.points)
                if point["method"] == method and args.codec in (None, point["codec"])]

    if args.method:
        pairs = [(args.method, args.over, False)]
    else:
        pairs = [(method, REFERENCE, False) for method in methods if method != REFERENCE and REFERENCE in methods]
        if LEARNED in methods:
            pairs += [(LEARNED, method, both) for method in methods if method not in (REFERENCE, LEARNED)
                      for both in ((False, True) if REFERENCE in methods else (False,))]
    comparisons = {}
    for method, over, both in pairs:
        dense = places(REFERENCE) if both else []
        own, others = places(method) + dense, places(over) + dense
        if not own or not others:
            raise SystemExit(f"{method if not own else over}: not in these results, which have {', '.join(methods)}")
        for cost in [args.cost] if args.cost else COSTS:
            if all(point["costs"][cost] is not None for point in results.points):
                comparisons[method, over, both, cost] = Comparison(results, own, others, cost)
    for accuracies in results.draws(args.draws):
        for comparison in comparisons.values():
            comparison.add(accuracies)
    for (method, over, both, cost), comparison in comparisons.items():
        suffix = " + dense" if both else ""
        low, high = comparison.range
        print(f"{method}{suffix} over {over}{suffix} at equal {cost}, budgets {low:.6g} to {high:.6g}")
        for name, value in comparison.values.items():
            drawn = comparison.drawn[name]
            band = " [{:+.1f}, {:+.1f}]".format(*(100 * end for end in interval(drawn))) if drawn else ""
            print(f"    {name:22}{100 * value:+.1f}{band}")
    if args.check:
        wrong = check(results, comparisons, args.check, args.draws == 1000)
        for line in wrong:
            print(line, file=sys.stderr)
        if wrong:
            raise SystemExit(f"{args.check} differs from what its results say in {len(wrong)} figures")
        print(f"{args.check} is what its results say")


if __name__ == "__main__":
    main()
