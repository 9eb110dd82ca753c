#!/usr/bin/env python3
"""Writes a GGUF of random weights in a named shape, so that llama.cpp can be timed without a download.

    python make_gguf.py qwen2.5-0.5b q4_0 qwen2.5-0.5b-q4_0.gguf

Blocks are drawn directly in their stored form (random codes, one scale chosen for the width of the
matrix) instead of quantising random floats, which takes a minute for 1B parameters; speed depends on
the bytes' layout, not on their values. Matrices have the named type, norms and biases stay f32.
"""

from __future__ import annotations

import argparse
import math
import os

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

from shapes import SHAPES, Shape

TYPES = {"f16": Type.F16, "bf16": Type.BF16, "q8_0": Type.Q8_0, "q4_0": Type.Q4_0}


def random_bytes(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return np.frombuffer(rng.bytes(rows * columns), np.uint8).reshape(rows, columns)


def random_matrix(rng: np.random.Generator, rows: int, columns: int, kind: str) -> np.ndarray:
    """The stored bytes of a (rows, columns) matrix whose values have a spread near 0.7 / sqrt(columns)."""
    spread = 0.7 / math.sqrt(columns)
    if kind in ("q8_0", "q4_0"):
        # a block of 32: the scale in f16, then 32 signed bytes or 16 bytes of two codes in 0...15, minus 8
        code_bytes, code_spread = (32, 73.9) if kind == "q8_0" else (16, 4.6)
        blocks = rows * columns // 32
        data = np.empty((blocks, 2 + code_bytes), np.uint8)
        scale = (spread / code_spread * rng.uniform(0.75, 1.25, 1024)).astype(np.float16)
        data[:, :2] = np.resize(scale, blocks).view(np.uint8).reshape(blocks, 2)
        data[:, 2:] = random_bytes(rng, blocks, code_bytes)
        return data.reshape(rows, -1)
    # sign and mantissa random, the exponent fixed: magnitudes uniform in [1, 2) times a power of two
    mantissa, bias = (7, 127) if kind == "bf16" else (10, 15)
    values = random_bytes(rng, rows, columns * 2).view(np.uint16)
    keep = 0x8000 | ((1 << mantissa) - 1)
    exponent = bias + round(math.log2(spread / 1.5))
    return ((values & np.uint16(keep)) | np.uint16(exponent << mantissa)).view(np.uint8)


def layout(shape: Shape):
    """(name, rows, columns) of each tensor in file order; rows is None for a vector, negative for a matrix in f32 and a
    pair for those of several experts."""
    queries, keys = shape.heads * shape.head_dimension, shape.kv_heads * shape.head_dimension
    yield "token_embd.weight", shape.vocabulary, shape.hidden
    yield "output_norm.weight", None, shape.hidden
    for i in range(shape.layers):
        p = f"blk.{i}."
        yield p + "attn_norm.weight", None, shape.hidden
        for part, rows in (("q", queries), ("k", keys), ("v", keys)):
            yield f"{p}attn_{part}.weight", rows, shape.hidden
            if shape.architecture == "qwen2":
                yield f"{p}attn_{part}.bias", None, rows
        if shape.architecture == "qwen3moe":
            yield p + "attn_q_norm.weight", None, shape.head_dimension
            yield p + "attn_k_norm.weight", None, shape.head_dimension
        yield p + "attn_output.weight", shape.hidden, queries
        yield p + "ffn_norm.weight", None, shape.hidden
        if shape.experts:
            yield p + "ffn_gate_inp.weight", -shape.experts, shape.hidden
            yield p + "ffn_gate_exps.weight", (shape.experts, shape.expert_ffn), shape.hidden
            yield p + "ffn_up_exps.weight", (shape.experts, shape.expert_ffn), shape.hidden
            yield p + "ffn_down_exps.weight", (shape.experts, shape.hidden), shape.expert_ffn
            continue
        yield p + "ffn_gate.weight", shape.ffn, shape.hidden
        yield p + "ffn_up.weight", shape.ffn, shape.hidden
        yield p + "ffn_down.weight", shape.hidden, shape.ffn


def write(name: str, kind: str, path: str, seed: int = 0) -> None:
    shape, rng, partial = SHAPES[name], np.random.default_rng(seed), path + ".partial"
    writer = gguf.GGUFWriter(partial, shape.architecture)
    writer.add_string("general.name", f"random {name}")
    writer.add_context_length(131072)
    writer.add_block_count(shape.layers)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dimension)
    writer.add_value_length(shape.head_dimension)
    writer.add_rope_dimension_count(shape.head_dimension)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(shape.vocabulary)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.experts_used)
        writer.add_expert_feed_forward_length(shape.expert_ffn)
    writer.add_tokenizer_model("no_vocab")
    # Two passes, so that one tensor at a time is in memory.
    f32 = np.dtype(np.float32)
    for tensor, rows, columns in layout(shape):
        if rows is None:
            writer.add_tensor_info(tensor, (columns,), f32, columns * 4)
        elif isinstance(rows, int) and rows < 0:
            writer.add_tensor_info(tensor, (-rows, columns), f32, -rows * columns * 4)
        else:
            dims = rows if isinstance(rows, tuple) else (rows,)
            width = gguf.quants.quant_shape_to_byte_shape((*dims, columns), TYPES[kind])[-1]
            size = math.prod(dims) * width
            writer.add_tensor_info(tensor, (*dims, width), np.dtype(np.uint8), size, TYPES[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor, rows, columns in layout(shape):
        if rows is None:
            writer.write_tensor_data(np.full(columns, 0.01 if tensor.endswith("bias") else 1, f32))
        elif isinstance(rows, int) and rows < 0:
            writer.write_tensor_data(rng.standard_normal((-rows, columns), f32) / np.float32(columns**0.5))
        else:
            count = math.prod(rows) if isinstance(rows, tuple) else rows
            writer.write_tensor_data(random_matrix(rng, count, columns, kind))
    writer.close()
    os.replace(partial, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("type", choices=TYPES)
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.shape, arguments.type, arguments.path, arguments.seed)


if __name__ == "__main__":
    main()
