#!/usr/bin/env python3
"""What cache policies and codecs do to the perplexity of a text, in one table.

    python perplexity.py --model DIR --text FILE
    python perplexity.py --model DIR --text FILE --policies "dense,snapkv(ratio=0.5; window=16)"

The text is cut into segments. Of each the first --prompt tokens are computed as a prompt, at whose end a
policy chooses; the --follow tokens after it are decoded one by one and scored. Perplexity is over all scored
tokens of all segments; change is against the first policy of the list. Commas inside a policy are written as
semicolons. Needs `swift build -c release` and nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
METHODS = [
    "snapkv({}, window=16)", "pyramidkv({}, window=16, beta=4)", "adakv(snapkv({}, window=16))",
    "sagekv({}, recent=16)", "tova({}, steps=false)", "tova({})", "h2o({}, recent=16, steps=false)",
    "h2o({}, recent=16)", "h2o({}, recent=16, average=true)", "expected({})", "adakv(expected({}))",
    "knorm({})", "keydiff({})", "lagkv({}, lag=32)", "random({})", "random({}, recent=16)",
]
DEFAULT = (["dense", "dense + kv(f16)", "dense + kv(bf16)", "dense + kv(q8)", "dense + kv(q4)"]
           + [m.format(f"ratio={r}") for r in (0.5, 0.75) for m in METHODS] + ["snapkv(ratio=0.5, window=16) + kv(q4)"])


def martlet(a: argparse.Namespace, *arguments: str, text: bytes | None = None) -> dict:
    done = subprocess.run([a.martlet, *arguments, "--json"], input=text, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", default=str(HERE.parent.parent / ".build/release/martlet"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True, type=pathlib.Path)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--follow", type=int, default=200)
    parser.add_argument("--segments", type=int, default=8)
    parser.add_argument("--policies", default="")
    a = parser.parse_args()
    policies = [p.strip().replace(";", ",") for p in a.policies.split(",") if p.strip()] or DEFAULT
    data = a.text.read_bytes()
    step = len(data) // a.segments
    # Enough bytes for the tokens wanted, cut at a space so that no character is split.
    pieces = [data[i * step : i * step + 8 * (a.prompt + a.follow)].partition(b" ")[2].rpartition(b" ")[0]
              for i in range(a.segments)]
    segments = [martlet(a, "tokenize", "--model", a.model, "--text-file", "-", text=piece)["tokens"]
                [: a.prompt + a.follow] for piece in pieces]
    print("| policy | perplexity | change | cache bytes after the prompt | KV reads a token |")
    print("| --- | ---: | ---: | ---: | ---: |")
    base = None
    for policy in policies:
        total = scored = held = reads = 0
        for tokens in segments:
            line = martlet(a, "score", "--model", a.model, "--cache", policy, "--prompt-tokens", str(a.prompt),
                           "--tokens", ",".join(map(str, tokens)))
            known = [x for x in line["logprobs"] if x is not None]
            total, scored = total - sum(known), scored + len(known)
            held, reads = held + line["cacheBytes"], reads + line["kvReads"]
        perplexity = math.exp(total / scored)
        base = base or perplexity
        print(f"| `{policy}` | {perplexity:.3f} | {perplexity / base - 1:+.1%} | {held // len(segments):,} "
              f"| {reads / scored:.0f} |", flush=True)


if __name__ == "__main__":
    main()
