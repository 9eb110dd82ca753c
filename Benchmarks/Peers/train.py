"""Training steps a second beside PyTorch, in turns, on the same shape, threads and batch.

    venv/bin/python train.py --martlet ../../.build/release/martlet [--rounds 3] [--width 256 --layers 6]

Prints for each round the tokens a second of Martlet, of PyTorch eager and of torch.compile (when it works
here), the ratios, and the peak memory of each process. Both train the same Llama shape in f32 with AdamW,
clipping at 1, on batches of 8 x 512 tokens.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

RECIPE = """\
model:
  model_type: llama
  hidden_size: {width}
  intermediate_size: {inner}
  num_hidden_layers: {layers}
  num_attention_heads: {heads}
  num_key_value_heads: {heads}
  max_position_embeddings: 1024
  tie_word_embeddings: true
  vocab_size: 1024
data:
  - task: "sorting(count=4..10)"
optimiser: {{method: adamw, learningRate: 1.0e-3, weightDecay: 0.1}}
schedule: {{shape: constant}}
training: {{steps: {steps}, sequences: 8, length: 512, clip: 1}}
log: {{every: 1}}
checkpoints: {{every: 100000}}
"""


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def martlet(args):
    """Tokens a second (median over steps after the first three) and peak bytes of the process."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = os.path.join(folder, "recipe.yaml")
        with open(recipe, "w") as file:
            file.write(RECIPE.format(
                width=args.width, inner=args.width * 11 // 4 // 16 * 16, layers=args.layers,
                heads=args.width // 32, steps=args.steps))
        command = [args.martlet, "train", "--recipe", recipe, "--out", os.path.join(folder, "run"),
                   "--threads", str(args.threads), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)} ended with status {status}")
        lines = [json.loads(line) for line in out.splitlines()]
        speeds = [line["tokensPerSecond"] for line in lines if "tokensPerSecond" in line]
        return median(speeds[3:]), usage.ru_maxrss * 1024


def torch_worker(args):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(
        hidden_size=args.width, intermediate_size=args.width * 11 // 4 // 16 * 16,
        num_hidden_layers=args.layers, num_attention_heads=args.width // 32,
        num_key_value_heads=args.width // 32, vocab_size=1024, tie_word_embeddings=True,
        max_position_embeddings=1024, attn_implementation="sdpa")).float()
    parameters = list(model.parameters())
    if args.worker == "compile":
        model = torch.compile(model)
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.999), weight_decay=0.1)
    tokens = torch.randint(0, 256, (8, 512))
    times = []
    for _ in range(args.steps):
        start = time.perf_counter()
        optimiser.zero_grad()
        loss = model(input_ids=tokens, labels=tokens, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"speed": 8 * 512 / median(times[3:]), "peak": peak}))


def peer(args, kind):
    command = [sys.executable, __file__, "--worker", kind, "--width", str(args.width), "--layers",
               str(args.layers), "--threads", str(args.threads), "--steps", str(args.steps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{kind}: does not run here: {done.stderr.strip().splitlines()[-1:]}")
        return None
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return result["speed"], result["peak"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--martlet", default="../../.build/release/martlet")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", choices=["eager", "compile"])
    args = parser.parse_args()
    if args.worker:
        return torch_worker(args)
    for _ in range(args.rounds):
        own = martlet(args)
        print(f"martlet  {own[0]:8.0f} tokens/s  {own[1] / 1e6:6.0f} MB", flush=True)
        for kind in ["eager", "compile"]:
            other = peer(args, kind)
            if other:
                print(f"{kind:8s} {other[0]:8.0f} tokens/s  {other[1] / 1e6:6.0f} MB  "
                      f"ratio {own[0] / other[0]:.2f}", flush=True)


if __name__ == "__main__":
    main()
