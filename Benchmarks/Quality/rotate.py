#!/usr/bin/env python3
"""The same model with weights on no grid: its residual stream turned by a random orthogonal matrix.

    python rotate.py MODEL_DIR OUT_DIR [--seed 7]

Weights that were read from a file of 4 bits lie on that format's grid, and a type with the same grid finds them again
without a loss. Here norms are folded into the matrices around them, which are then turned, and the output matrix is
untied; results do not change but for the rounding to bf16. For llama, mistral and qwen2. Needs numpy, torch, safetensors.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--seed", type=int, default=7)
a = parser.parse_args()

config = json.loads((a.model / "config.json").read_text())
weights = {k: v.double() for k, v in load_file(a.model / "model.safetensors").items()}
torch.manual_seed(a.seed)
size = config["hidden_size"]
turn, _ = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64))
embedding = weights["model.embed_tokens.weight"]
head = weights.get("lm_head.weight", embedding)
turned = {
    "model.embed_tokens.weight": embedding @ turn,
    "lm_head.weight": (head * weights["model.norm.weight"]) @ turn,
    "model.norm.weight": torch.ones(size),
}
for name, value in weights.items():
    if ".layers." not in name:
        continue
    layer, role = ".".join(name.split(".")[:3]) + ".", name.split(".")[-2]
    if "layernorm" in name:
        turned[name] = torch.ones(size)
    elif not name.endswith("weight"):
        turned[name] = value
    elif role in ("q_proj", "k_proj", "v_proj"):
        turned[name] = (value * weights[layer + "input_layernorm.weight"]) @ turn
    elif role in ("gate_proj", "up_proj"):
        turned[name] = (value * weights[layer + "post_attention_layernorm.weight"]) @ turn
    else:
        turned[name] = turn.T @ value
a.out.mkdir(parents=True, exist_ok=True)
save_file({k: v.to(torch.bfloat16).contiguous() for k, v in turned.items()}, a.out / "model.safetensors",
          metadata={"format": "pt"})
for file in a.model.iterdir():
    if file.name not in ("model.safetensors", "config.json"):
        shutil.copy(file, a.out)
config["tie_word_embeddings"] = False
(a.out / "config.json").write_text(json.dumps(config, indent=1))
