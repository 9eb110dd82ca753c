"""Whether transformers reads a trained directory as Martlet does: the largest difference of log-probabilities.

    python transformers_parity.py --martlet ../../.build/release/martlet --model DIR --text "A:29526+48883="
"""

import argparse
import json
import subprocess
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--martlet", default="../../.build/release/martlet")
parser.add_argument("--model", required=True)
parser.add_argument("--text", required=True)
args = parser.parse_args()

model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
ids = AutoTokenizer.from_pretrained(args.model)(args.text).input_ids
with torch.no_grad():
    logprobs = torch.log_softmax(model(torch.tensor([ids])).logits[0], -1)
with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    file.write(args.text)
    file.flush()
    out = subprocess.run(
        [args.martlet, "score", "--model", args.model, "--text-file", file.name, "--json"],
        capture_output=True, check=True, text=True).stdout
own = json.loads(out)
assert own["tokens"] == ids, f"tokens differ: {own['tokens']} and {ids}"
worst = max(abs(own["logprobs"][i + 1] - float(logprobs[i, ids[i + 1]])) for i in range(len(ids) - 1))
print(f"{len(ids)} tokens, largest difference {worst:.1e}")
