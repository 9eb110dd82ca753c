"""Retrofits by DMS beside PyTorch: the same model, losses, batch and threads, in turns.

    venv/bin/python torch_retrofit.py --model SmolLM2-135M-Instruct --martlet ../../.build/release/martlet \
        --text TEXT [--kinds base,heads,rank8] [--rounds 2] [--sequences 2 --length 512]

For each round and kind of retrofit, a process each: tokens a second of Martlet, of PyTorch in f32 and under autocast
in bf16 (the mean of the steps after the first), the ratio to the better of the two, and the peak memory of each
process. Both compute the divergence of the student from the model as it was, the budget's loss, gradients, clipping
at 1 and AdamW. PyTorch's attention is its own scaled_dot_product_attention with the marks as an additive mask.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

KINDS = {"base": ["--train-base"], "heads": [], "rank8": ["--rank", "8"]}


def martlet(args, kind):
    """Tokens a second of the steps after the first, and peak bytes."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.yaml")
        with open(data, "w") as file:
            file.write(f"data:\n  - text: {os.path.abspath(args.text)}\n")
        command = [args.martlet, "retrofit", "dms", "--model", args.model, "--target-cr", "4", "--data", data,
                   "--out", os.path.join(folder, "out"), "--steps", str(args.steps), "--sequences",
                   str(args.sequences), "--length", str(args.length), "--threads", str(args.threads),
                   "--log-every", "1", "--report-tokens", "1", "--json", *KINDS[kind]]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)} ended with status {status}")
        lines = [json.loads(line) for line in out.splitlines()]
        speeds = [line["tokensPerSecond"] for line in lines if "tokensPerSecond" in line][1:]
        return len(speeds) / sum(1 / speed for speed in speeds), usage.ru_maxrss * 1024


class Network:
    """A Llama model of plain tensors, with the heads that mark and low-rank parts beside its projections."""

    def __init__(self, folder, rank):
        import torch
        from safetensors.torch import load_file

        with open(os.path.join(folder, "config.json")) as file:
            self.config = json.load(file)
        self.weights = {name.removeprefix("model."): value.float()
                        for name, value in load_file(os.path.join(folder, "model.safetensors")).items()}
        config = self.config
        self.layers = config["num_hidden_layers"]
        self.heads, self.groups = config["num_attention_heads"], config["num_key_value_heads"]
        self.width = config["hidden_size"]
        self.dimension = config.get("head_dim") or self.width // self.heads
        self.marks = [torch.zeros(self.groups, self.width) for _ in range(self.layers)]
        self.mark_norms = [torch.ones(self.width) for _ in range(self.layers)]
        self.parts = {}
        if rank:
            for layer in range(self.layers):
                for name in ("q", "k", "v", "o"):
                    weight = self.weights[f"layers.{layer}.self_attn.{name}_proj.weight"]
                    self.parts[layer, name] = (torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5,
                                               torch.zeros(weight.shape[0], rank))

    def trained(self, kind):
        tensors = list(self.weights.values()) if kind == "base" else []
        tensors += self.marks + self.mark_norms + [tensor for part in self.parts.values() for tensor in part]
        for tensor in tensors:
            tensor.requires_grad_()
        return tensors

    def norm(self, x, weight):
        import torch

        return torch.nn.functional.rms_norm(x, (self.width,), weight, self.config["rms_norm_eps"])

    def logits(self, tokens, weights, noise=None, window=16):
        """Logits, and the mean of the marks of each sequence where there is noise to decide with."""
        import torch
        import torch.nn.functional as functional

        rows, length = tokens.shape
        half = self.dimension // 2
        base = self.config.get("rope_theta", 10000.0)
        angles = torch.arange(length)[:, None] * base ** (-torch.arange(half) / half)
        cosines, sines = angles.cos(), angles.sin()
        distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
        far, hidden = distance > window, torch.zeros(length, length).masked_fill(distance < 0, float("-inf"))

        def rotate(x):
            a, b = x[..., :half], x[..., half:]
            return torch.cat([a * cosines - b * sines, b * cosines + a * sines], -1)

        def linear(x, layer, name):
            y = functional.linear(x, weights[f"layers.{layer}.self_attn.{name}_proj.weight"])
            if noise is not None and (layer, name) in self.parts:
                down, up = self.parts[layer, name]
                y = y + functional.linear(functional.linear(x, down), up)
            return y

        def split(x, heads):
            return x.view(rows, length, heads, self.dimension).transpose(1, 2)

        bits = []
        x = functional.embedding(tokens, weights["embed_tokens.weight"])
        for layer in range(self.layers):
            prefix = f"layers.{layer}."
            y = self.norm(x, weights[prefix + "input_layernorm.weight"])
            q, k = split(linear(y, layer, "q"), self.heads), split(linear(y, layer, "k"), self.groups)
            v = split(linear(y, layer, "v"), self.groups)
            q, k = rotate(q), rotate(k)
            mask = None
            if noise is not None:
                raw = functional.linear(self.norm(x, self.mark_norms[layer]), self.marks[layer]).float()
                z = (raw * 100 - 5 + noise[layer]) / 0.1
                p = torch.sigmoid(z)
                bits.append(((z > 0).float() - p).detach() + p)
                # The verdict on a token is read by the next.
                verdict = functional.pad(-functional.softplus(z)[:, 1:], (0, 0, 0, 1)).transpose(1, 2)
                mask = hidden + far * verdict[:, :, None, :]
                mask = mask.repeat_interleave(self.heads // self.groups, 1).to(q.dtype)
            k, v = (t.repeat_interleave(self.heads // self.groups, 1) for t in (k.to(q.dtype), v.to(q.dtype)))
            attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
            x = x + linear(attended.transpose(1, 2).reshape(rows, length, -1), layer, "o")
            y = self.norm(x, weights[prefix + "post_attention_layernorm.weight"])
            gate = functional.linear(y, weights[prefix + "mlp.gate_proj.weight"])
            up = functional.linear(y, weights[prefix + "mlp.up_proj.weight"])
            x = x + functional.linear(functional.silu(gate) * up, weights[prefix + "mlp.down_proj.weight"])
        y = self.norm(x, weights["norm.weight"])
        head = weights.get("lm_head.weight", weights["embed_tokens.weight"])
        return functional.linear(y, head).float(), torch.stack(bits).mean((0, 2, 3)) if bits else None


def worker(args):
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    network = Network(args.model, 8 if args.kind == "rank8" else 0)
    teacher = {name: value.clone() if args.kind == "base" else value for name, value in network.weights.items()}
    trained = network.trained(args.kind)
    optimiser = torch.optim.AdamW(trained, lr=1e-4, betas=(0.9, 0.95), weight_decay=0)
    vocabulary = network.config["vocab_size"]
    times = []
    for step in range(args.steps):
        tokens = torch.randint(0, vocabulary, (args.sequences, args.length))
        start = time.perf_counter()
        uniform = torch.rand(network.layers, args.sequences, args.length, network.groups).clamp(1e-6, 1 - 1e-6)
        noise = torch.log(uniform) - torch.log1p(-uniform)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.worker == "bf16"):
            with torch.no_grad():
                wanted = network.logits(tokens, teacher)[0].log_softmax(-1)
            mine, shares = network.logits(tokens, network.weights, noise)
        mine = mine.log_softmax(-1)
        loss = (mine.exp() * (mine - wanted)).sum(-1).mean() + (0.1 - shares).clamp(min=0).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    speed = args.sequences * args.length * (len(times) - 1) / sum(times[1:])
    print(json.dumps({"speed": speed, "peak": peak, "loss": loss.item()}))


def peer(args, kind, products):
    command = [sys.executable, __file__, "--worker", products, "--kind", kind, "--model", args.model, "--threads",
               str(args.threads), "--steps", str(args.steps), "--sequences", str(args.sequences), "--length",
               str(args.length)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"torch {products}: does not run here: {done.stderr.strip().splitlines()[-1:]}")
        return None
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return result["speed"], result["peak"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--text")
    parser.add_argument("--martlet", default="../../.build/release/martlet")
    parser.add_argument("--kinds", default="base,heads,rank8")
    parser.add_argument("--products", default="f32,bf16")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--sequences", type=int, default=2)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", choices=["f32", "bf16"])
    parser.add_argument("--kind", choices=KINDS)
    args = parser.parse_args()
    if args.worker:
        return worker(args)
    for _ in range(args.rounds):
        for kind in args.kinds.split(","):
            own = martlet(args, kind)
            print(f"{kind:5s}  martlet     {own[0]:6.0f} tokens/s  {own[1] / 1e6:6.0f} MB", flush=True)
            others = []
            for products in args.products.split(","):
                other = peer(args, kind, products)
                if other:
                    others.append(other[0])
                    print(f"{kind:5s}  torch {products:4s}  {other[0]:6.0f} tokens/s  {other[1] / 1e6:6.0f} MB",
                          flush=True)
            if others:
                print(f"{kind:5s}  ratio {own[0] / max(others):.2f}", flush=True)


if __name__ == "__main__":
    main()
