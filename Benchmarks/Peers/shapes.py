"""The model shapes that are timed, under the names that `martlet bench --model random:NAME` knows; those with experts
are timed as GGUF files, which both engines read."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    architecture: str
    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head_dimension: int
    vocabulary: int
    rope_theta: float
    # How many there are, how many a token runs through, and their width.
    experts: int = 0
    experts_used: int = 0
    expert_ffn: int = 0


# Embeddings are tied in all of them.
SHAPES = {
    "qwen2.5-0.5b": Shape("qwen2", 24, 896, 4864, 14, 2, 64, 151936, 1e6),
    "llama-3.2-1b": Shape("llama", 16, 2048, 8192, 32, 8, 64, 128256, 5e5),
    "experts-1b": Shape("qwen3moe", 12, 1024, 3072, 16, 4, 64, 32768, 1e6, 64, 8, 384),
    "tiny": Shape("llama", 2, 256, 512, 4, 2, 64, 1024, 1e4),
}
