#!/usr/bin/env python3
"""Random blocks of every type and their weights as the Python package `gguf` (0.19.0) dequantises them, and blocks that it
makes of random weights.

    python stored_blocks.py > stored_blocks.json
"""

import base64
import json

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

HALVES = {
    T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
    T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.IQ4_XS: [0], T.TQ2_0: [64], T.MXFP4: [],
}

out = []
for type, halves in HALVES.items():
    rng = np.random.default_rng(int(type))
    columns, size = GGML_QUANT_SIZES[type]
    count = 2 if columns == 256 else 4
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for place in halves:
        half = rng.uniform(-0.01, 0.01, count).astype(np.float16)
        blocks[:, place:place + 2] = half.view(np.uint8).reshape(count, 2)
    if type == T.MXFP4:
        blocks[:, 0] = [0, 1, 120, 130]
    weights = dequantize(blocks, type).astype(np.float32).reshape(-1)
    out.append({"type": int(type), "name": type.name, "columns": columns,
                "blocks": base64.b64encode(blocks.tobytes()).decode(), "weights": [float(x) for x in weights]})

# What ggml's reference makes of weights, for the types whose rounding it fixes.
stored = []
for type in (T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
    weights = np.random.default_rng(100 + int(type)).normal(0, 0.05, 128).astype(np.float32)
    weights[64:96] = 0
    weights[100] = -1.5
    blocks = quantize(weights.reshape(1, -1), type)
    stored.append({"type": int(type), "blocks": base64.b64encode(blocks.tobytes()).decode(),
                   "weights": [float(x) for x in weights]})
print(json.dumps({"read": out, "stored": stored}, separators=(",", ":")))
