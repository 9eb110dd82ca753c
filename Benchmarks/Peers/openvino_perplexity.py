#!/usr/bin/env python3
"""Perplexity of texts under a model that optimum-intel exported for OpenVINO.

    python openvino_perplexity.py OUT --text FILE [FILE ...]

Texts are read without special tokens, in chunks of 256 over one cache of f16, as `martlet score --kv f16` reads
them; one JSON object a text.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import openvino
from tokenizers import Tokenizer

CHUNK = 256


def logits(request: openvino.InferRequest, inputs: list[str], tokens: list[int], start: int) -> np.ndarray:
    """Those of some tokens of a text, of which `start` are in the cache."""
    end = start + len(tokens)
    given = {
        "input_ids": np.array([tokens], dtype=np.int64),
        "attention_mask": np.ones((1, end), dtype=np.int64),
        "position_ids": np.arange(start, end, dtype=np.int64)[None],
        "beam_idx": np.zeros(1, dtype=np.int32),
    }
    result = request.infer({name: given[name] for name in inputs})
    return np.array(next(iter(result.values())), dtype=np.float64)[0]


def perplexity(model: openvino.CompiledModel, tokens: list[int]) -> float:
    request = model.create_infer_request()
    inputs = [port.get_any_name() for port in model.inputs]
    total = 0.0
    for start in range(0, len(tokens), CHUNK):
        chunk = tokens[start : start + CHUNK]
        rows = logits(request, inputs, chunk, start)
        largest = rows.max(axis=1, keepdims=True)
        logprobs = rows - largest - np.log(np.exp(rows - largest).sum(axis=1, keepdims=True))
        # A row tells of the token after its own.
        following = tokens[start + 1 : start + len(chunk) + 1]
        total -= sum(logprobs[row, token] for row, token in enumerate(following))
    return float(np.exp(total / (len(tokens) - 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--text", nargs="+", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    model = openvino.Core().compile_model(
        str(arguments.model / "openvino_model.xml"), "CPU", {"KV_CACHE_PRECISION": "f16"}
    )
    for text in arguments.text:
        tokens = tokenizer.encode(text.read_text(encoding="utf-8"), add_special_tokens=False).ids
        print(json.dumps({"text": text.name, "tokens": len(tokens), "perplexity": perplexity(model, tokens)}))


if __name__ == "__main__":
    main()
