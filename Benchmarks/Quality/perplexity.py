#!/usr/bin/env python3
"""What cache policies and codecs do to the perplexity of a text, in one table.

    python perplexity.py --model DIR --text FILE
    python perplexity.py --model DIR --text FILE --policies "dense,snapkv(ratio=0.5; window=16)"
    python perplexity.py --model DIR --text FILE --adapter cr4=ADAPTER --policies "dense,cr4:dms,tova(budget=256)"

The text is cut into segments. Of each the first --prompt tokens are computed as a prompt, at whose end a
policy chooses; the --follow tokens after it are decoded one by one and scored. Perplexity is over all scored
tokens of all segments; change is against the first policy of the list, with a 95 % interval by bootstrap over
segments. Commas inside a policy are written as semicolons; NAME:policy runs under the adapter of that name. Needs `swift build -c release` and nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import random
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
def martlet(a: argparse.Namespace, *arguments: str, text: bytes | None = None) -> dict:
    done = subprocess.run([a.martlet, *arguments, "--json"], input=text, capture_output=True)
    if done.returncode:
        return {"refused": done.stderr.decode().strip()}
    return json.loads(done.stdout.splitlines()[-1])


def default(a: argparse.Namespace) -> list[list[str]]:
    """Every example of every policy, within half and a quarter of the prompt, and some together. Of the texts in one
    entry the first that is accepted is measured: some policies take a ratio, some a number of tokens."""
    listed = subprocess.run([a.martlet, "policies", "--json"], capture_output=True, check=True).stdout.splitlines()
    examples = [text for line in listed for text in json.loads(line)["examples"]]
    policies = [[text] for text in examples if "%" not in text]
    for ratio in (0.5, 0.75):
        kept = int(a.prompt * (1 - ratio))
        policies += [[text.replace("%", f"ratio={ratio}"), text.replace("%", f"budget={kept}")]
                     for text in examples if "%" in text]
    return policies + [["snapkv(ratio=0.5, window=16) + kv(q4)"],
                       ["snapkv(ratio=0.5, window=16) + kv(kivi, residual=0)"],
                       ["snapkv(ratio=0.5, window=16) + quest(ratio=0.5, dense=0) + kv(q8)"]]


def interval(losses: list[list[float]], base: list[list[float]]) -> tuple[float, float]:
    """The middle 95 % of the ratio of perplexities over draws of segments, the same for both."""
    draw = random.Random(1)
    ratios = []
    for _ in range(2000):
        chosen = [draw.randrange(len(losses)) for _ in losses]
        count = sum(len(losses[i]) for i in chosen)
        ratios.append(math.exp(sum(sum(losses[i]) - sum(base[i]) for i in chosen) / count) - 1)
    ratios.sort()
    return ratios[50], ratios[-51]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", default=str(HERE.parent.parent / ".build/release/martlet"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True, type=pathlib.Path)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--follow", type=int, default=200)
    parser.add_argument("--segments", type=int, default=8)
    parser.add_argument("--policies", default="")
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=DIR")
    a = parser.parse_args()
    policies = [[p.strip().replace(";", ",")] for p in a.policies.split(",") if p.strip()] or default(a)
    data = a.text.read_bytes()
    step = len(data) // a.segments
    # Enough bytes for the tokens wanted, cut at a space so that no character is split.
    pieces = [data[i * step : i * step + 8 * (a.prompt + a.follow)].partition(b" ")[2].rpartition(b" ")[0]
              for i in range(a.segments)]
    segments = [martlet(a, "tokenize", "--model", a.model, "--text-file", "-", text=piece)["tokens"]
                [: a.prompt + a.follow] for piece in pieces]
    print("| policy | perplexity | change | 95 % | cache bytes after the prompt | KV reads a token |")
    print("| --- | ---: | ---: | --- | ---: | ---: |")
    base = None
    for texts in policies:
        for policy in texts:
            losses, held, reads = [], 0, 0
            named = re.fullmatch(r"([\w-]+):(.*)", policy)
            chosen = ["--cache", policy]
            if named:
                chosen = ["--cache", named[2], "--use-adapter", named[1]]
                chosen += [x for adapter in a.adapter for x in ("--adapter", adapter)]
            for tokens in segments:
                line = martlet(a, "score", "--model", a.model, *chosen, "--prompt-tokens", str(a.prompt),
                               "--tokens", ",".join(map(str, tokens)))
                if "refused" in line:
                    losses = []
                    break
                losses.append([-x for x in line["logprobs"] if x is not None])
                held, reads = held + line["cacheBytes"], reads + line["kvReads"]
            if losses:
                break
        if not losses:
            print(f"| `{policy}` | refused: {line['refused']} | | | | |", flush=True)
            continue
        scored, total = sum(map(len, losses)), sum(map(sum, losses))
        base = base or losses
        low, high = interval(losses, base)
        change = math.exp((total - sum(map(sum, base))) / scored) - 1
        print(f"| `{policy}` | {math.exp(total / scored):.3f} | {change:+.2%} | {low:+.2%} to {high:+.2%} "
              f"| {held // len(segments):,} | {reads / scored:.0f} |", flush=True)


if __name__ == "__main__":
    main()
