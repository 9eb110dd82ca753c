#!/usr/bin/env python3
"""Times OpenVINO GenAI on a model exported by optimum-intel, with the arguments and lines of `martlet bench`.

    python openvino_bench.py --export MODEL OUT
    python openvino_bench.py OUT --threads 2 --kv f16 --prompt 512,2048,8192 --generate 32

One JSON object per case. Prompts are random token ids, sampling is greedy, and the pipeline's own clock
counts: prefill is the time to the first token, decode the mean time of the tokens after it at `--depth`.
The first run of a case warms up and is dropped. `--export` quantises the matrices to four bits in groups
of 64 (nncf's asymmetric form) and the embedding to eight, the fastest export of those tried; it needs
optimum-intel, which runs without the torchvision that it asks for.
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np

from lines import integers, report


def export(model: str, out: str) -> None:
    """Writes the model, and the tokenizer that the pipeline insists on."""
    import openvino
    from openvino_tokenizers import convert_tokenizer
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    from transformers import AutoTokenizer

    weights = OVWeightQuantizationConfig(bits=4, group_size=64, sym=False)
    OVModelForCausalLM.from_pretrained(model, export=True, quantization_config=weights).save_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.save_pretrained(out)
    for part, name in zip(convert_tokenizer(tokenizer, with_detokenizer=True), ("tokenizer", "detokenizer")):
        openvino.save_model(part, str(pathlib.Path(out) / f"openvino_{name}.xml"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kv", default="f16", choices=["f16", "bf16", "f32", "u8"])
    parser.add_argument("--prompt", type=integers, default=[512])
    parser.add_argument("--depth", type=integers, default=[])
    parser.add_argument("--generate", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    if args.export:
        return export(args.model, args.out)

    import openvino
    import openvino_genai as genai

    pipeline = genai.LLMPipeline(
        args.model, "CPU", {"INFERENCE_NUM_THREADS": args.threads, "KV_CACHE_PRECISION": args.kv})
    rng = np.random.default_rng(1)

    def run(length: int, new: int):
        ids = rng.integers(1000, 100000, size=(1, length), dtype=np.int64)
        inputs = genai.TokenizedInputs(
            openvino.Tensor(ids), openvino.Tensor(np.ones_like(ids)))
        result = pipeline.generate(inputs, max_new_tokens=new, ignore_eos=True, do_sample=False)
        return result.perf_metrics

    for length in args.prompt:
        times = [run(length, 1).get_ttft().mean / 1000 for _ in range(args.runs + 1)][1:]
        report("prefill", times, length, prompt=length, depth=0, batch=1)
    for depth in args.depth:
        times = [run(max(1, depth), args.generate).get_tpot().mean / 1000 for _ in range(args.runs + 1)][1:]
        report("decode", times, 1, prompt=0, depth=depth, batch=1)


if __name__ == "__main__":
    main()
