#!/usr/bin/env python3
"""Perplexity of texts under one GGUF file, by llama.cpp (llama-cpp-python) and by Martlet.

    python gguf_perplexity.py --martlet .build/release/martlet --gguf MODEL.gguf --text FILE [FILE ...]

Both read the same tokens, which the script checks, with caches in f16. A text must fit into 2,048 tokens.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess

import llama_cpp
import numpy as np


def last_line(command: list[str]) -> dict:
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(out.splitlines()[-1])


def peer(gguf: pathlib.Path, text: pathlib.Path, tokens: list[int]) -> float:
    model = llama_cpp.Llama(str(gguf), n_ctx=2048, n_batch=512, n_threads=2, logits_all=True, verbose=False)
    own = model.tokenize(text.read_bytes(), add_bos=False, special=True)
    assert own == tokens, f"{text}: llama.cpp has {len(own)} other tokens than Martlet's {len(tokens)}"
    model.eval(tokens)
    scores = model.scores[: len(tokens) - 1].astype(np.float64)
    scores -= scores.max(1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return float(np.exp(-logs[np.arange(len(tokens) - 1), tokens[1:]].mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", type=pathlib.Path, required=True)
    parser.add_argument("--gguf", type=pathlib.Path, required=True)
    parser.add_argument("--text", type=pathlib.Path, nargs="+", required=True)
    arguments = parser.parse_args()
    base = [str(arguments.martlet)]
    model = ["--model", str(arguments.gguf), "--json"]
    for text in arguments.text:
        tokens = last_line(base + ["tokenize", "--text-file", str(text)] + model)["tokens"]
        ours = last_line(base + ["score", "--text-file", str(text), "--kv", "f16"] + model)["perplexity"]
        theirs = peer(arguments.gguf, text, tokens)
        print(json.dumps({"text": text.name, "tokens": len(tokens), "llama.cpp": theirs, "martlet": ours}), flush=True)


if __name__ == "__main__":
    main()
