"""Makes the frontier.json that solve plans by, beside a model's weights, from the sweeps of one or several tasks.

    python plan_points.py reasoning/frontier.json long-1000/frontier.json long-3000/frontier.json \
        > Sources/Martlet/Resources/Models/builtin/frontier.json

It keeps the points of the dense cache and of DMS and what plans read of them; costs are another machine's.
"""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("sweeps", nargs="+", help="frontier.json of martlet frontier")
args = parser.parse_args()

KEYS = ["method", "model", "policy", "length", "width", "ratio", "samples", "accuracy", "promptTokens", "tokens",
        "codec"]
points = [point for path in args.sweeps for point in json.load(open(path))["points"]
          if point["method"] in ("dense", "dms")]
lines = ["    " + json.dumps({key: point[key] for key in KEYS if key in point}) for point in points]
print("{\n  \"points\": [\n" + ",\n".join(lines) + "\n  ]\n}")
