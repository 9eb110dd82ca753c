"""How right solve's own choice is beside the best fixed configuration that a sweep found at each budget.

    martlet frontier --task reasoning --out frontier …          # first
    python budgets.py --martlet ../../.build/release/martlet --frontier frontier/frontier.json --samples 100

For each pair of memory and deadline the fixed configuration is the most accurate point of the sweep whose mean bytes
fit the memory and whose mean time for one problem alone, measured here, fits the deadline. Both then solve the same
held-out problems, which are not the sweep's, one after the other, with memory and deadline enforced.
"""

import argparse
import json
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("--martlet", default="../../.build/release/martlet")
parser.add_argument("--frontier", required=True)
parser.add_argument("--task", default="reasoning")
parser.add_argument("--samples", type=int, default=100)
parser.add_argument("--seed", type=int, default=2026)
parser.add_argument("--deadline-scale", type=float, default=1, help="so that deadlines bind on a faster machine")
parser.add_argument("--pairs", default="0.7:0.2,0.7:0.5,1:0.2,1:0.4,1:0.8,2:0.3,2:0.6,4:0.3,4:0.6,4:1",
                    help="megabytes:seconds,…; these are for reasoning")
args = parser.parse_args()

try:
    PAIRS = [(float(memory), float(deadline) * args.deadline_scale)
             for memory, deadline in (pair.split(":") for pair in args.pairs.split(","))]
except ValueError:
    parser.error(f"--pairs: got {args.pairs}, expected megabytes:seconds,…")
TEMPERATURE = "0.8"  # the sweep's, on both sides: what is compared is the choice of form, width and length


def solve(samples, *options, seed=args.seed):
    command = [args.martlet, "solve", "--task", args.task, "--samples", str(samples), "--seed", str(seed), "--json"]
    run = subprocess.run(command + list(options), capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{' '.join(command + list(options))}: {run.stderr}")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return lines[-1], [line["score"] for line in lines[:-1]]


def fixed(point):
    return ["--model", point["model"], "--cache", point["policy"], "--width", str(point["width"]),
            "--length", str(point["length"]), "--temperature", TEMPERATURE]


points = sorted(json.load(open(args.frontier))["points"], key=lambda p: -p["accuracy"])
latency = {}


def seconds(point):
    key = tuple(fixed(point))
    if key not in latency:
        latency[key] = solve(8, *fixed(point), seed=1)[0]["meanElapsedMs"] / 1000
    return latency[key]


within = 0
for memory, deadline in PAIRS:
    budget = ["--memory", f"{int(memory * 1000)}kB", "--deadline", f"{int(deadline * 1000)}ms"]
    best = next((p for p in points if p["costs"]["bytes"] <= memory * 1e6 and seconds(p) <= deadline), None)
    auto, own = solve(args.samples, *budget, "--temperature", TEMPERATURE)
    if best is None:
        print(f"{memory} MB {deadline} s: no point of the sweep fits; auto {auto['accuracy']:.3f}")
        continue
    other, theirs = solve(args.samples, *budget, *fixed(best))
    differences = [a - b for a, b in zip(own, theirs)]
    mean = sum(differences) / len(differences)
    error = (sum((d - mean) ** 2 for d in differences) / max(1, len(differences) - 1) / len(differences)) ** 0.5
    within += mean >= -0.02
    name = f"{best['model']} {best['method']} {best['length']}-{best['width']}"
    print(f"{memory:4} MB {deadline:4} s  auto {auto['accuracy']:.3f} ({list(auto['configurations'])[0]}, "
          f"{auto['meanElapsedMs']:.0f} ms, {auto['late']} late)  fixed {other['accuracy']:.3f} ({name}, "
          f"{other['meanElapsedMs']:.0f} ms)  {100 * mean:+.1f} ± {196 * error:.1f} points", flush=True)
print(f"auto within 2 points of the fixed one or above: {within} of {len(PAIRS)}")
