#!/usr/bin/env python3
"""Decode with and without another process that wants a processor: does the thread pool collapse?

    python load.py --gguf qwen2.5-0.5b-q4_0.gguf     # 0.5B shape, 4-bit weights, two threads

A pool whose threads spin without bound loses far more than the share of processor it is denied: each
wait for a thread that was taken away burns the time of the others. Each side runs alone, then beside
one busy loop; the figure is the ratio loaded ÷ alone, where a fair share of 2 processors among 3
threads that want one is about 2/3, and waiting for the slower of two threads gives 1/2.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def rate(command: list[str]) -> float:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    for line in done.stdout.splitlines():
        case = json.loads(line)
        if case.get("kind") == "decode":
            return case["tokensPerSecond"]
    raise SystemExit(f"{command[0]}: no decode line\n{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", default=str(HERE.parent.parent / ".build/release/martlet"))
    parser.add_argument("--gguf", required=True, help="a file written by make_gguf.py, qwen2.5-0.5b q4_0")
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    case = ["--threads", "2", "--prompt", "", "--depth", "0", "--batch", "1", "--generate", "32"]
    sides = {
        "martlet": [a.martlet, "bench", "--model", "random:qwen2.5-0.5b", "--weights", "q4", "--kv", "f16", *case, "--json"],
        "llama.cpp": [sys.executable, str(HERE / "llama_bench.py"), a.gguf, "--kv", "f16", *case],
    }
    for name, command in sides.items():
        alone, loaded = [], []
        for _ in range(a.rounds):
            alone.append(rate(command))
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            try:
                loaded.append(rate(command))
            finally:
                busy.kill()
                busy.wait()
        alone.sort(), loaded.sort()
        x, y = alone[len(alone) // 2], loaded[len(loaded) // 2]
        print(json.dumps({"side": name, "alone": x, "loaded": y, "ratio": round(y / x, 3)}), flush=True)


if __name__ == "__main__":
    main()
