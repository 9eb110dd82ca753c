#!/usr/bin/env python3
"""Times llama.cpp through llama-cpp-python's low-level API, with the arguments and lines of `martlet bench`.

    python llama_bench.py model.gguf --threads 2 --kv f16 --prompt 512 --generate 32 --depth 0,8192 --batch 1

One JSON object per case. No sampling, no text: llama_decode alone.

decode    `batch` sequences, one token each per step, `depth` tokens in each one's cache. A run is
          `--generate` steps and counts as its median step, so that a stall of a shared machine does not
          decide; the figure is the median over runs. The first run warms up and is dropped.
prefill   `prompt` tokens into an empty cache, logits of the last one only.
shared    with --shared-prompt N the sequences are chains forked from one prompt of N tokens: one KV
          stream, whose cells belong to all of them. Unrelated sequences have a stream each, which is
          llama.cpp's faster mode for them.

A deep cache is grown from a short one: 256 tokens are computed, and their saved state is repeated with
new positions. Types, sizes and layout are those of a real prefix; the values repeat, which attention's
time does not depend on. `--fill real` computes the prefix instead.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import sys
import time

import llama_cpp as llama
import numpy as np

from lines import integers, report

CACHE_TYPES = {"f32": 0, "f16": 1, "q4": 2, "q8": 8, "bf16": 30}
SEED_TOKENS, CHUNK = 256, 2048
silent = llama.llama_log_callback(lambda level, text, data: None)


class Context:
    """One llama.cpp context and what the cases need of it."""

    def __init__(self, model, kv: str, threads: int, cells: int, sequences: int = 1, unified: bool = True):
        p = llama.llama_context_default_params()
        p.n_ctx = cells
        p.n_batch, p.n_ubatch, p.n_seq_max = CHUNK, 512, sequences
        p.n_threads = p.n_threads_batch = threads
        p.type_k = p.type_v = CACHE_TYPES[kv]
        p.flash_attn_type = 1  # on
        p.kv_unified = unified
        p.offload_kqv = p.op_offload = False
        self.handle = llama.llama_init_from_model(model, p)
        if not self.handle:
            raise SystemExit(f"llama.cpp made no context of {cells} cells with a {kv} cache")
        self.memory = llama.llama_get_memory(self.handle)
        self.batch = llama.llama_batch_init(CHUNK, 0, 1)
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        self.rng = np.random.default_rng(1)

    def close(self) -> None:
        llama.llama_batch_free(self.batch)
        llama.llama_free(self.handle)

    def decode(self, rows: list[tuple[int, int, bool]]) -> None:
        """One llama_decode of random tokens at (position, sequence, whether its logits are wanted)."""
        b, tokens = self.batch, self.rng.integers(0, self.vocabulary, len(rows)).tolist()
        b.n_tokens = len(rows)
        for i, (position, sequence, wanted) in enumerate(rows):
            b.token[i], b.pos[i], b.logits[i] = tokens[i], position, wanted
            b.n_seq_id[i], b.seq_id[i][0] = 1, sequence
        status = llama.llama_decode(self.handle, b)
        if status:
            raise SystemExit(f"llama_decode returned {status} for {len(rows)} tokens")
        llama.llama_synchronize(self.handle)

    def prefill(self, count: int) -> None:
        for start in range(0, count, CHUNK):
            end = min(count, start + CHUNK)
            self.decode([(position, 0, position == count - 1) for position in range(start, end)])

    def clear(self) -> None:
        llama.llama_memory_clear(self.memory, True)

    def fill(self, count: int, how: str) -> str:
        """Gives sequence 0 `count` tokens; says how."""
        self.clear()
        if how == "state" and count > SEED_TOKENS:
            self.prefill(SEED_TOKENS)
            state = self.grown_state(count)
            self.clear()
            if state is not None and self.load(state, count):
                return "state"
            self.clear()
        if count:
            self.prefill(count)
        return "real"

    def load(self, state: bytes, count: int) -> bool:
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        used = llama.llama_state_seq_set_data(self.handle, buffer, len(state), 0)
        return used == len(state) and llama.llama_memory_seq_pos_max(self.memory, 0) == count - 1

    def grown_state(self, count: int) -> bytes | None:
        """Sequence 0's saved state with its SEED_TOKENS cells repeated to `count`; None if not understood.

        The layout, read off the bytes: …, cells u32, cells × (position, 1, sequence) i32, transposed
        u32, layers u32, then for K of each layer and V of each layer: type i32, row bytes u64, rows.
        """
        size = llama.llama_state_seq_get_size(self.handle, 0)
        buffer = (ctypes.c_uint8 * size)()
        if llama.llama_state_seq_get_data(self.handle, buffer, size, 0) != size:
            return None
        saved = bytes(buffer)

        def cells(n: int) -> bytes:
            table = np.zeros((n, 3), np.int32)
            table[:, 0], table[:, 1] = np.arange(n), 1
            return np.int32(n).tobytes() + table.tobytes()

        old = cells(SEED_TOKENS)
        at = saved.find(old)
        if at < 0:
            return None
        cursor = at + len(old)
        parts = [saved[:at], cells(count), saved[cursor : cursor + 8]]
        transposed, layers = np.frombuffer(saved, np.uint32, 2, cursor)
        cursor += 8
        if transposed:
            return None
        for _ in range(2 * int(layers)):
            if cursor + 12 > size:
                return None
            row = int.from_bytes(saved[cursor + 4 : cursor + 12], "little")
            rows = saved[cursor + 12 : cursor + 12 + SEED_TOKENS * row]
            whole, rest = divmod(count, SEED_TOKENS)
            parts += [saved[cursor : cursor + 12], rows * whole, rows[: rest * row]]
            cursor += 12 + len(rows)
        return b"".join(parts) if cursor == size else None

    def copy_sequence(self, target: int) -> None:
        llama.llama_memory_seq_cp(self.memory, 0, target, -1, -1)

    def forget(self, sequence: int, start: int) -> None:
        llama.llama_memory_seq_rm(self.memory, sequence, start, -1)


def timed(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def bench_prefill(model, a) -> None:
    for prompt in a.prompt:
        context = Context(model, a.kv, a.threads, prompt + 64)
        if prompt < 4096:  # a long prompt warms itself up
            context.prefill(min(prompt, 512))
        seconds = []
        for _ in range(a.runs if prompt < 4096 else 1):
            context.clear()
            seconds.append(timed(lambda: context.prefill(prompt)))
        report("prefill", seconds, prompt, prompt=prompt, depth=0, batch=1)
        context.close()


def bench_decode(model, a, depth: int, batch: int, shared: bool) -> None:
    own = (depth + a.generate + 255) // 256 * 256
    cells = depth + batch * a.generate + 256 if shared or batch == 1 else own * batch
    context = Context(model, a.kv, a.threads, cells, batch, unified=shared or batch == 1)
    how = context.fill(depth, a.fill)
    for sequence in range(1, batch):
        if depth:
            context.copy_sequence(sequence)
    runs = []
    for _ in range(a.runs + 1):
        steps = [
            timed(lambda: context.decode([(depth + i, sequence, True) for sequence in range(batch)]))
            for i in range(a.generate)
        ]
        runs.append(statistics.median(steps))
        for sequence in range(batch):
            context.forget(sequence, depth)
    report("decode", runs[1:], batch, prompt=0, depth=depth, batch=batch, shared=shared, fill=how)
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kv", choices=CACHE_TYPES, default="f16")
    parser.add_argument("--prompt", type=integers, default=[512, 2048], help="an empty list skips prefill")
    parser.add_argument("--generate", type=int, default=32, help="steps in one run")
    parser.add_argument("--depth", type=integers, default=[0, 8192], help="an empty list skips decode")
    parser.add_argument("--batch", type=integers, default=[1])
    parser.add_argument("--shared-prompt", type=int, default=0, help="chains on one prompt of N tokens; depth is ignored")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--fill", choices=["state", "real"], default="state")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; the output is always JSON")
    a = parser.parse_args()
    llama.llama_log_set(silent, ctypes.c_void_p(0))
    llama.llama_backend_init()
    p = llama.llama_model_default_params()
    p.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(a.model.encode(), p)
    if not model:
        sys.exit(f"llama.cpp cannot load {a.model}")
    bench_prefill(model, a)
    for batch in a.batch:
        for depth in [a.shared_prompt] if a.shared_prompt else a.depth:
            bench_decode(model, a, depth, batch, a.shared_prompt > 0)
    llama.llama_model_free(model)
    system = llama.llama_print_system_info().decode().strip()
    print(json.dumps({"summary": True, "tool": "llama_cpp " + llama.__version__, "system": system}))


if __name__ == "__main__":
    main()
