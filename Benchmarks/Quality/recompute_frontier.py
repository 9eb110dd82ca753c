"""Computes the figures of a sweep's report again from its results, without Martlet and without a model.

    python3 recompute_frontier.py frontier/results.jsonl
    python3 recompute_frontier.py frontier/results.jsonl --method dms --over dense --cost bytes
    python3 recompute_frontier.py frontier/results.jsonl --method "dms q8" --over "dense q8" --budgets bytes=1e5..2e6
    python3 recompute_frontier.py frontier/results.jsonl --check frontier/frontier.json

Without --method every method is compared with dense and dms with every method, and where there are several codecs also
every method with dense at the same codec and dense at each codec with dense at the first. For each it prints the
average improvement in points of accuracy over the budgets' logarithm with its 95 % interval, the same beyond the cost
of a full answer of the other method, in each third of the budgets' logarithm, and over budgets spread evenly. --check
compares points and improvements with a report's, fails where they differ, and says what of a report it does not look
at. The results are described in docs/formats.md. Needs Python's standard library alone.
"""

import argparse
import hashlib
import json
import math
import sys

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
DIGITS = {letter: value for value, letter in enumerate(ALPHABET)}
MASK = (1 << 64) - 1
THIRDS = ("lowest third", "middle third", "highest third")
COSTS = ["kvReads", "bytesMoved", "peakTokens", "bytes", "seconds", "flops", "isoCost"]
REFERENCE, LEARNED = "dense", "dms"
# Equal shares of right answers may differ in the last bits of their sums; a front makes no step of that.
ROUNDING = 1e-12
UNCHECKED = ("safeRatios; of points interval, promptTokens, tokens, model, policy, samples and models; of bootstrap "
             "all but draws; frontier.csv and frontier.html")


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
        self.count = self.seeds * plan["samples"]
        if self.count < 1:
            raise SystemExit(f"{path} is of no problems")
        self.seed = int(plan["seeds"][0])
        self.budgets = plan["budgets"]
        # Seconds of different machines compare nothing.
        machines = self.header.get("machines")
        self.is_timed = not (isinstance(machines, list) and len(machines) > 1)
        facts = {each["model"]: each for each in self.header["facts"]}
        groups = {}
        for row in rows:
            key = (row["method"], row["codec"], row["length"], row["width"], row["ratio"])
            groups.setdefault(key, []).append(row)
        self.points = [self.point(group, facts) for group in groups.values()]
        # A cost that some configurations lack is an axis of no comparison.
        lacking = {cost: sum(point["costs"][cost] is None for point in self.points) for cost in COSTS}
        self.missing = {cost: number for cost, number in lacking.items() if number}

    def point(self, rows, facts):
        """A configuration: the mean over the models that were made for it."""
        first, many = rows[0], len(rows)
        point = {key: first[key] for key in ("method", "codec", "length", "width", "ratio", "phase")}
        point["models"] = []
        sums = dict.fromkeys(COSTS, 0.0)
        totals = dict.fromkeys(("denseTokens", "peakTokens", "denseReads", "kvReads"), 0.0)

        def add(cost, value):
            sums[cost] = None if value is None or sums[cost] is None else sums[cost] + value

        for row in rows:
            values = row["scores"]["values"]
            point["models"].append([float(values[i]) for i in levels(row["scores"]["digits"], self.count)])
            columns = {key: column(row[key], self.count)
                       for key in ("tokens", "kvReads", "bytesMoved", "peakTokens", "bytes", "denseReads", "denseTokens")}
            for key in ("kvReads", "bytesMoved", "peakTokens", "bytes"):
                add(key, None if columns[key] is None else sum(columns[key]) / self.count)
            # Seconds of the last few problems of a sweep that was stopped are not those of all.
            is_timed = self.is_timed and row["timedProblems"] >= self.count
            add("seconds", row["seconds"] / row["timedProblems"] if is_timed else None)
            fact = facts.get(row["model"])
            prompts = fact and column(fact["promptTokens"], self.count)
            add("flops", fact and sum(
                fact["flopsPerToken"] * (prompt + tokens)
                + fact["flopsPerRead"] * (prompt * (prompt + 1) / 2 + reads)
                for prompt, tokens, reads in zip(prompts, columns["tokens"], columns["kvReads"])) / self.count)
            is_known = fact and fact.get("movedByStep") is not None and fact.get("movedByRead") is not None
            add("isoCost", fact["movedByStep"] * sum(columns["tokens"]) / self.count
                + fact["movedByRead"] * sum(columns["kvReads"]) / self.count if is_known else None)
            for key in totals:
                total = columns[key] and sum(columns[key])
                # Without a token or a read of its own a configuration has no compression.
                is_known = total if key in ("peakTokens", "kvReads") else total is not None
                totals[key] = totals[key] + total if is_known and totals[key] is not None else None
        point["costs"] = {key: None if value is None else value / many for key, value in sums.items()}
        point["accuracy"] = sum(map(sum, point["models"])) / many / self.count
        for name, dense, own in (("measuredHeld", "denseTokens", "peakTokens"), ("measuredRead", "denseReads", "kvReads")):
            known = totals[dense] is not None and totals[own] is not None
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


class Series:
    """A method's configurations: with one codec, or with all of them."""

    def __init__(self, method, codec, name, places):
        self.method, self.codec, self.name, self.places = method, codec, name, places


def series(points, places):
    """Each method, and where these configurations have several codecs also each method with each of them."""
    methods = list(dict.fromkeys(points[i]["method"] for i in places))
    codecs = list(dict.fromkeys(points[i]["codec"] for i in places))
    whole = [Series(method, None, method, [i for i in places if points[i]["method"] == method]) for method in methods]
    parts = []
    for each in whole if len(codecs) > 1 else []:
        for codec in codecs:
            own = [i for i in each.places if points[i]["codec"] == codec]
            if own:
                parts.append(Series(each.method, codec, f"{each.method} {codec}", own))
    return whole, parts


def pairs(whole, parts):
    """What a report compares: names, whether both also have dense, and the configurations of both."""
    dense = next((each for each in whole if each.method == REFERENCE), None)
    learned = next((each for each in whole if each.method == LEARNED), None)
    plans = []

    def add(a, b, shared=None):
        more = shared.places if shared else []
        plans.append((a.name, b.name, shared is not None, a.places + more, b.places + more))

    if dense:
        for each in whole:
            if each is not dense:
                add(each, dense)
    if learned:
        for each in whole:
            if each not in (dense, learned):
                add(learned, each)
                if dense:
                    add(learned, each, dense)
    references = [each for each in parts if each.method == REFERENCE]
    for each in parts:
        same = [other for other in references if other.codec == each.codec]
        if each.method != REFERENCE and same:
            add(each, same[0])
    for each in references[1:]:
        add(each, references[0])
    return plans


def front(order, costs, accuracies):
    steps = []
    for point in order:
        if steps and accuracies[point] <= steps[-1][1] + ROUNDING:
            continue
        if steps and steps[-1][0] == costs[point]:
            steps.pop()
        steps.append((costs[point], accuracies[point]))
    return steps


def distance(a, b, low, high, is_linear):
    """The mean of a - b over budgets from low to high; both are constant between their steps. None where one of them
    has not begun at low."""
    def at(steps, budget):
        return [accuracy for cost, accuracy in steps if cost <= budget][-1]

    def width(start, end):
        return end - start if is_linear else math.log(end / start)

    if not a or not b or low < max(a[0][0], b[0][0]):
        return None
    # A range of one budget is compared there, and so is one from 0, of which there is no logarithm.
    if not 0 < low < high or not width(low, high) > 0:
        return at(a, low) - at(b, low)
    edges = [low] + sorted({cost for cost, _ in a + b if low < cost < high}) + [high]
    total = sum((at(a, start) - at(b, start)) * width(start, end) for start, end in zip(edges, edges[1:]))
    return total / width(low, high)


def interval(values):
    """The middle 95 % of drawn values."""
    values = sorted(values)
    cut = int(0.025 * len(values))
    return [values[cut], values[len(values) - 1 - cut]]


class Comparison:
    """One method over another at one cost. Where nothing can be compared `values` is None, and `reason` says why."""

    def __init__(self, results, own, others, cost):
        self.values, self.reason = None, "one of them has not begun"
        self.costs = [point["costs"][cost] for point in results.points]
        self.orders = [sorted(places, key=lambda i: (self.costs[i], i)) for places in (own, others)]
        accuracies = [point["accuracy"] for point in results.points]
        a, b = (front(order, self.costs, accuracies) for order in self.orders)
        if not a or not b:
            self.reason = "one of them has no configurations"
            return
        low, high = max(a[0][0], b[0][0]), max(a[0][0], b[0][0], a[-1][0], b[-1][0])
        if cost in results.budgets:
            begin, (lowest, highest) = low, results.budgets[cost]
            # Where one of them has not begun there is nothing to compare.
            if highest < begin:
                self.reason = f"the budgets end at {highest:.6g}, before both have begun, at {begin:.6g}"
                return
            low, high = max(begin, lowest), highest
        longest = max(results.points[i]["length"] for i in others)
        full = [self.costs[i] for i in others
                if (results.points[i]["length"], results.points[i]["width"], results.points[i]["ratio"]) == (longest, 1, 1)]
        self.full = min(full) if full else None
        ratio = high / low if low > 0 else 1
        edges = [low, low * ratio ** (1 / 3), low * ratio ** (2 / 3), high]
        self.parts = {"average": (low, high, False), "linear": (low, high, True)}
        for number, name in enumerate(THIRDS):
            self.parts[name] = (edges[number], max(edges[number], edges[number + 1]), False)
        if full and self.full < high:
            self.parts["beyond a full answer"] = (max(low, self.full), high, False)
        self.range = [low, high]
        self.values = self.measure(accuracies)
        self.drawn = {name: [] for name in self.parts}

    def measure(self, accuracies):
        a, b = (front(order, self.costs, accuracies) for order in self.orders)
        values = {name: distance(a, b, *part) for name, part in self.parts.items()}
        return None if None in values.values() else values

    def add(self, accuracies):
        for name, value in (self.measure(accuracies) or {}).items():
            self.drawn[name].append(value)

    def interval(self, name):
        """Without draws it is the value itself."""
        return interval(self.drawn[name] or [self.values[name]])


def differs(a, b):
    if not all(isinstance(each, (int, float)) for each in (a, b)):
        return a != b
    # Written so that what is no number differs.
    return not abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))


def phrase(pair):
    method, over, both = pair
    suffix = f" + {REFERENCE}" if both else ""
    return f"{method}{suffix} over {over}{suffix}"


def compared(name, said, own):
    """What differs between lists of figures, of which a report may have too few or none."""
    said = said if isinstance(said, list) else [said]
    if len(said) != len(own):
        return [f"{name}: {said}, expected {own}"]
    return [f"{name}: {a}, expected {b}" for a, b in zip(said, own) if differs(a, b)]


def check_points(results, report):
    def key(point):
        return tuple(point.get(part) for part in ("method", "length", "width", "ratio", "codec", "phase"))

    wrong, said, own = [], report.get("points") or [], {key(point): point for point in results.points}
    if [key(point) for point in said] != list(own):
        known = {key(point) for point in said}
        missing = [" ".join(map(str, each)) for each in own if each not in known]
        invented = [" ".join(map(str, key(point))) for point in said if key(point) not in own]
        wrong += [f"{name} is in the results and not in the report" for name in missing]
        wrong += [f"{name} is in the report and not in the results" for name in invented]
        if not missing and not invented:
            wrong.append("points: another order or some twice")
    for point in said:
        mine = own.get(key(point))
        if mine is None:
            continue
        name = " ".join(map(str, key(point)))
        for part in ("accuracy", "measuredHeld", "measuredRead"):
            wrong += compared(f"{name}: {part}", point.get(part), [mine[part]])
        for cost in COSTS:
            wrong += compared(f"{name}: {cost}", (point.get("costs") or {}).get(cost), [mine["costs"][cost]])
    return wrong


def check_improvements(comparisons, report, intervals):
    wrong, said = [], {}
    for each in report.get("improvements") or []:
        key = (each.get("method"), each.get("over"), bool(each.get("withDense")), each.get("cost"))
        if key in said:
            wrong.append(f"{phrase(key[:3])} by {key[3]} is in the report twice")
        said[key] = each
    # A pair is named once, with all costs at which only one of the two has it.
    for here, there, places in ((comparisons, said, ("results", "report")), (said, comparisons, ("report", "results"))):
        lone = {}
        for key in here:
            if key not in there:
                lone.setdefault(key[:3], []).append(str(key[3]))
        for pair, costs in lone.items():
            wrong.append(f"{phrase(pair)} by {', '.join(costs)} is in the {places[0]} and not in the {places[1]}")
    for key, each in said.items():
        own = comparisons.get(key)
        if own is None:
            continue
        name = f"{phrase(key[:3])} by {key[3]}"
        budgets = each.get("budgets")
        if compared(name, budgets, own.range):
            # At other budgets every figure is another.
            wrong.append(f"{name}: budgets {budgets}, expected {own.range}; name those of a report with --budgets")
            continue
        wrong += compared(f"{name}: fullLength", each.get("fullLength"), [own.full])
        thirds = each.get("thirds") or []
        if len(thirds) != len(THIRDS):
            wrong.append(f"{name}: {len(thirds)} thirds, expected {len(THIRDS)}")
        estimates = {"average": each, "linear": each.get("linear"), **dict(zip(THIRDS, thirds)),
                     "beyond a full answer": each.get("beyondFullLength")}
        for part, estimate in estimates.items():
            if (estimate is None) != (part not in own.values):
                wrong.append(f"{name}: {part} is {'not ' if estimate is None else ''}in the report, expected otherwise")
            elif estimate is not None:
                wrong += compared(f"{name}: {part}", estimate.get("improvement"), [own.values[part]])
                if intervals:
                    wrong += compared(f"{name}: interval of {part}", estimate.get("interval"), own.interval(part))
    return wrong


def check(results, comparisons, path, draws):
    """Compares with a report; returns what differs and what was not looked at."""
    report = json.load(open(path))
    if not isinstance(report, dict) or "points" not in report:
        raise SystemExit(f"{path} is no report of martlet frontier; name its frontier.json")
    wrong = check_points(results, report)
    # Sorted, as the order of costs says nothing; reports of older versions do not have the list.
    missing = report.get("missingCosts")
    if missing is not None and sorted(missing) != sorted(results.missing):
        wrong.append(f"missingCosts: {missing}, expected {list(results.missing)}")
    drawn = (report.get("bootstrap") or {}).get("draws")
    wrong += check_improvements(comparisons, report, drawn == draws)
    skipped = UNCHECKED if drawn == draws else f"intervals, which are of {drawn} draws and not {draws}; {UNCHECKED}"
    return wrong, skipped


def budget(text):
    """`bytes=1e5..2e6`."""
    cost, _, ends = text.partition("=")
    try:
        low, high = map(float, ends.split(".."))
    except ValueError:
        low, high = 0.0, 0.0
    if cost not in COSTS or not 0 < low < high < 1e30:
        raise argparse.ArgumentTypeError(
            f"{text}: expected one of {', '.join(COSTS)} and its budgets, such as bytes=1e5..2e6")
    return cost, [low, high]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", help="results.jsonl of martlet frontier")
    parser.add_argument("--method", help="compare this method, or this method with a codec, such as 'dms q8'")
    parser.add_argument("--over", default=REFERENCE, help="with this one")
    parser.add_argument("--codec", help="only configurations with this codec")
    parser.add_argument("--cost", choices=COSTS, help="at this cost; default: all")
    parser.add_argument("--budgets", metavar="COST=LOW..HIGH", type=budget, action="append", default=[],
                        help="at these budgets, instead of those that the sweep states; may be repeated")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws; the report's are 1000, 0 for none")
    parser.add_argument("--check", metavar="JSON", help="a report's frontier.json to compare with, all of it")
    args = parser.parse_args()
    if args.check and (args.method or args.codec or args.cost):
        parser.error("--check compares all that a report has; leave out --method, --codec and --cost")
    results = Results(args.results)
    results.budgets = {**results.budgets, **dict(args.budgets)}
    whole, parts = series(results.points, [i for i, point in enumerate(results.points)
                                           if args.codec in (None, point["codec"])])
    plans = pairs(whole, parts)
    if args.codec and not whole:
        codecs = ", ".join(dict.fromkeys(point["codec"] for point in results.points))
        raise SystemExit(f"{args.codec}: not in these results, which have {codecs}")
    if args.method:
        known = {each.name: each.places for each in parts + whole}
        for name in (args.method, args.over):
            if name not in known:
                raise SystemExit(f"{name}: not in these results, which have {', '.join(known)}")
        plans = [(args.method, args.over, False, known[args.method], known[args.over])]
    if not plans:
        print("nothing is compared: there are no two methods or codecs")
    comparisons = {}
    for cost in [args.cost] if args.cost else COSTS:
        if cost in results.missing:
            lacking = f"{results.missing[cost]} of {len(results.points)}"
            print(f"nothing is compared at equal {cost}, which {lacking} configurations lack")
            continue
        for method, over, both, own, others in plans:
            comparison = Comparison(results, own, others, cost)
            if comparison.values is None:
                print(f"{phrase((method, over, both))} at equal {cost}: {comparison.reason}")
            else:
                comparisons[method, over, both, cost] = comparison
    for accuracies in results.draws(args.draws if comparisons else 0):
        for comparison in comparisons.values():
            comparison.add(accuracies)
    for (method, over, both, cost), comparison in comparisons.items():
        low, high = comparison.range
        print(f"{phrase((method, over, both))} at equal {cost}, budgets {low:.6g} to {high:.6g}")
        for name, value in comparison.values.items():
            drawn = comparison.drawn[name]
            band = " [{:+.1f}, {:+.1f}]".format(*(100 * end for end in interval(drawn))) if drawn else ""
            print(f"    {name:22}{100 * value:+.1f}{band}")
    if args.check:
        wrong, skipped = check(results, comparisons, args.check, args.draws)
        for line in wrong:
            print(line, file=sys.stderr)
        print(f"not checked: {skipped}", flush=True)
        if wrong:
            raise SystemExit(f"{args.check} differs from what its results say in {len(wrong)} figures or pairs")
        print(f"{args.check} is what its results say: {len(results.points)} configurations and "
              f"{len(comparisons)} comparisons")


if __name__ == "__main__":
    main()
