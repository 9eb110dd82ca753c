"""How often solve keeps deadline and memory: runs with budgets drawn from a seed.

    python deadlines.py --martlet ../../.build/release/martlet --runs 80
"""

import argparse
import json
import random
import subprocess
import time

parser = argparse.ArgumentParser()
parser.add_argument("--martlet", default="../../.build/release/martlet")
parser.add_argument("--runs", type=int, default=200)
args = parser.parse_args()

prompts = [
    "N36:12 5 15?",
    "N13:5 7 15 3?",
    "C97:a=73,b=a*2,c=b*2+75,d=c*5+3,e=d+85,f=e-75,g=f*7,h=g-42,i=h+28,i?",
    "S:76 35 63 28 90 56 17 98 25 38=",
]
random.seed(7)
count = {"answered": 0, "late": 0, "late by the wall": 0, "over memory": 0, "no answer": 0}
worst = 0.0
for _ in range(args.runs):
    deadline, memory = random.choice([200, 300, 500, 800]), random.choice([1, 2, 4, 8, 32])
    command = [args.martlet, "solve", random.choice(prompts), "--json", "--deadline", f"{deadline}ms",
               "--memory", f"{memory}MB", "--vote", random.choice(["all", "majority"])]
    command += random.choice([[], ["--width", "64"]])
    start = time.time()
    result = subprocess.run(command, capture_output=True, text=True)
    wall = 1000 * (time.time() - start)
    if result.returncode:
        print(result.stderr.strip())
        continue
    summary = json.loads(result.stdout.splitlines()[-1])
    count["answered"] += 1
    count["late"] += summary["elapsedMs"] > deadline
    count["late by the wall"] += wall > deadline
    count["over memory"] += summary["peakCacheBytes"] > memory * 1e6
    count["no answer"] += summary["answer"] is None
    worst = max(worst, wall - deadline)
    if wall > deadline:
        print(f"{' '.join(command[2:])}: {summary['elapsedMs']:.0f} ms by its own clock, {wall:.0f} by the wall")
print(json.dumps(count | {"worst ms past the deadline, by the wall": round(worst)}))
