#!/usr/bin/env python3
"""llama.cpp's perplexity of a text with weights of several of its types, made by its own quantiser.

    python llama_perplexity.py --gguf ORIGINAL.gguf --model DIR --text FILE --work-dir DIR [--types F16,Q8_0,Q4_K_M]

ORIGINAL.gguf lends its metadata; the weights are those of DIR, a Hugging Face directory of the same llama or qwen2
model, written as f16. The tokens are Martlet's. The text must fit into 2,048 tokens. Beside it:
`martlet score --model DIR --text-file FILE --weights q4 --kv f32 --json`.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import pathlib
import re
import subprocess

import llama_cpp
import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from safetensors import safe_open

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {"F16": None, "Q4_0": 2, "Q8_0": 7, "Q4_K_M": 15, "Q5_K_M": 17}
LAYER = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def write_f16(original: pathlib.Path, model: pathlib.Path, out: pathlib.Path) -> None:
    fields = GGUFReader(original).fields
    architecture = fields["general.architecture"].contents()
    writer = GGUFWriter(out, architecture)
    skipped = ("general.architecture", "general.file_type", "general.quantization_version")
    for key, field in fields.items():
        if key.startswith("GGUF.") or key in skipped:
            continue
        kind = field.types[0]
        extra = {"sub_type": field.types[-1]} if kind == GGUFValueType.ARRAY else {}
        writer.add_key_value(key, field.contents(), kind, **extra)
    writer.add_key_value("general.file_type", 1, GGUFValueType.UINT32)
    config = json.loads((model / "config.json").read_text())
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    with safe_open(model / "model.safetensors", framework="pt") as tensors:
        for name in tensors.keys():
            value = tensors.get_tensor(name).float().numpy()
            match = re.match(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)$", name)
            if match:
                role = LAYER[match[2]]
                target = f"blk.{match[1]}.{role}.{match[3]}"
                # llama.cpp keeps the pairs of a rotation side by side in this architecture.
                if architecture == "llama" and role in heads:
                    n = heads[role]
                    value = value.reshape(n, 2, value.shape[0] // n // 2, -1).swapaxes(1, 2).reshape(value.shape)
            else:
                stem, suffix = name.rsplit(".", 1)
                target = f"{TOP[stem]}.{suffix}"
            writer.add_tensor(target, np.ascontiguousarray(value if value.ndim == 1 else value.astype(np.float16)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def perplexity(file: pathlib.Path, tokens: list[int]) -> float:
    model = llama_cpp.Llama(str(file), n_ctx=2048, n_batch=2048, logits_all=True, verbose=False, n_threads=2,
                            flash_attn=True)
    model.eval(tokens)
    logits = np.array(model.scores[: len(tokens)], dtype=np.float64)
    logits -= logits.max(1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return float(np.exp(-logits[np.arange(len(tokens) - 1), tokens[1:]].mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", default=str(HERE.parent.parent / ".build/release/martlet"))
    parser.add_argument("--gguf", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--text", required=True)
    parser.add_argument("--work-dir", required=True, type=pathlib.Path)
    parser.add_argument("--types", default=",".join(TYPES))
    a = parser.parse_args()
    a.work_dir.mkdir(parents=True, exist_ok=True)
    line = subprocess.run([a.martlet, "tokenize", "--model", str(a.model), "--text-file", a.text, "--json"],
                          capture_output=True, check=True, text=True).stdout.splitlines()[-1]
    tokens = json.loads(line)["tokens"]
    source = a.work_dir / f"{a.model.name}.F16.gguf"
    if not source.exists():
        write_f16(a.gguf, a.model, source)
    for name in a.types.split(","):
        file = a.work_dir / f"{a.model.name}.{name}.gguf"
        if not file.exists():
            options = llama_cpp.llama_model_quantize_default_params()
            options.ftype, options.nthread = TYPES[name], 2
            if llama_cpp.llama_model_quantize(str(source).encode(), str(file).encode(), ctypes.byref(options)):
                raise SystemExit(f"llama.cpp could not make {file}")
        print(f"{a.model.name} {name} {file.stat().st_size / 1e6:.0f} MB perplexity {perplexity(file, tokens):.4f}",
              flush=True)


if __name__ == "__main__":
    main()
