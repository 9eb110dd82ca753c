#!/usr/bin/env python3
"""Random blocks of every type and their weights as the Python package `gguf` (0.19.0) dequantises them.

    python stored_blocks.py > stored_blocks.json
"""

import base64
import json

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

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
print(json.dumps(out, separators=(",", ":")))
