#!/usr/bin/env python3
"""Times PyTorch on the CPU (transformers, bf16, its fused attention), for scale; lines as `martlet bench`.

    python torch_bench.py qwen2.5-0.5b --threads 2 --prompt 512 --generate 16 --depth 0,2048

Weights are transformers' own random ones, neither compiled nor quantised: what a Python user gets. A
deep cache is really computed, in pieces of 512 tokens. Depth 0 starts from one token.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
import transformers

from lines import integers, report
from shapes import SHAPES


def build(name: str):
    shape = SHAPES[name]
    kind = transformers.Qwen2Config if shape.architecture == "qwen2" else transformers.LlamaConfig
    config = kind(
        vocab_size=shape.vocabulary, hidden_size=shape.hidden, intermediate_size=shape.ffn,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        max_position_embeddings=131072, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
    )
    return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()


def step(model, cache, tokens: int) -> float:
    """Runs random tokens on top of the cache, logits of the last one; seconds."""
    ids = torch.randint(0, model.config.vocab_size, (1, tokens))
    start = time.perf_counter()
    model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=integers, default=[512], help="an empty list skips prefill")
    parser.add_argument("--generate", type=int, default=16)
    parser.add_argument("--depth", type=integers, default=[0, 2048], help="an empty list skips decode")
    parser.add_argument("--runs", type=int, default=3)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    model = build(a.shape)
    with torch.inference_mode():
        step(model, transformers.DynamicCache(), 64)
        for prompt in a.prompt:
            seconds = [step(model, transformers.DynamicCache(), prompt) for _ in range(a.runs)]
            report("prefill", seconds, prompt, prompt=prompt, depth=0, batch=1)
        for depth in a.depth:
            cache = transformers.DynamicCache()
            for start in range(0, max(depth, 1), 512):
                step(model, cache, min(512, max(depth, 1) - start))
            filled, runs = cache.get_seq_length(), []
            for _ in range(a.runs):
                runs.append(statistics.median(step(model, cache, 1) for _ in range(a.generate)))
                cache.crop(filled - cache.get_seq_length())  # negative: how many to take off the end
            report("decode", runs, 1, prompt=0, depth=depth, batch=1)
    print(json.dumps({"summary": True, "tool": "torch " + torch.__version__, "threads": a.threads}))


if __name__ == "__main__":
    main()
