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
    "sagekv({}, recent=16)", "expected({})", "adakv(expected({}))", "kvzip({})", "knorm({})", "keydiff({})",
    "lagkv({}, lag=32)", "random({})", "random({}, recent=16)", "chelsea({}, recent=16)",
    "chelsea({}, recent=16, counts=false)", "lookm({}, recent=16)", "lookm({}, recent=16, merge=average)",
    "tova({}, steps=false)", "tova({})", "h2o({}, recent=16, steps=false)", "h2o({}, recent=16)",
    "h2o({}, recent=16, average=true)", "morphkv({}, window=16)", "scope(snapkv({}, window=16), window=64, recent=32)",
    "quest({}, dense=0)", "lserve({}, sinks=16, recent=32)", "recycled({})", "actqkv({})",
    "hip({}, dense=0, recent=16)", "stride({}, recent=16)",
]
BUDGETED = ["rkv(budget={b}, buffer=32)", "loopserve(budget={b})",
            "sentencekv(budget={b}, sinks=8, recent=16)", "window(recent={w})"]
CODECS = ["f16", "bf16", "q8", "q8, by=channel, residual=0", "q4", "q4, by=channel, residual=0",
          "kivi, bits=8, residual=0", "kivi, bits=4, residual=0", "kivi, residual=32", "kivi, residual=0",
          "zipcache, residual=32", "zipcache, residual=0, every=16", "mixed, residual=0", "mixed, high=4, residual=0"]


def default(prompt: int) -> list[str]:
    policies = ["dense"] + [f"kv({c})" for c in CODECS]
    for ratio in (0.5, 0.75):
        kept = int(prompt * (1 - ratio))
        policies += [m.format(f"ratio={ratio}") for m in METHODS]
        policies += [m.format(b=kept, w=kept - 4) for m in BUDGETED]
    return policies + ["dms(cr=2, window=16)", "dmc(cr=2)", "snapkv(ratio=0.5, window=16) + kv(q4)",
                       "snapkv(ratio=0.5, window=16) + kv(kivi, residual=0)",
                       "snapkv(ratio=0.5, window=16) + quest(ratio=0.5, dense=0) + kv(q8)"]


def martlet(a: argparse.Namespace, *arguments: str, text: bytes | None = None) -> dict:
    done = subprocess.run([a.martlet, *arguments, "--json"], input=text, capture_output=True)
    if done.returncode:
        return {"refused": done.stderr.decode().strip()}
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
    policies = [p.strip().replace(";", ",") for p in a.policies.split(",") if p.strip()] or default(a.prompt)
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
            if "refused" in line:
                break
            known = [x for x in line["logprobs"] if x is not None]
            total, scored = total - sum(known), scored + len(known)
            held, reads = held + line["cacheBytes"], reads + line["kvReads"]
        if not scored:
            print(f"| `{policy}` | refused: {line['refused']} | | | |", flush=True)
            continue
        perplexity = math.exp(total / scored)
        base = base or perplexity
        print(f"| `{policy}` | {perplexity:.3f} | {perplexity / base - 1:+.1%} | {held // len(segments):,} "
              f"| {reads / scored:.0f} |", flush=True)


if __name__ == "__main__":
    main()
