#!/usr/bin/env python3
"""Times Martlet and llama.cpp in turn on equal shapes and weights, and prints the ratios.

    python compare.py --out results                  # everything: 144 processes
    python compare.py --shapes qwen2.5-0.5b --weights q4-plain --cases decode,prefill --rounds 3

Writes results.json and results.md after every round, so an interrupted run keeps what it has. Each
(shape, weights, case) is run `--rounds` times, peer and ours in turn, each in a process of its own and
with nothing else meant to run. A figure is the median over rounds; a ratio is ours ÷ theirs. Beside it
stand the smallest and the largest ratio of a single round, which say how far to trust it.

Needs `swift build -c release` at the package root and the packages of requirements.txt. GGUF files of
random weights are written to --work-dir once and reused.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from lines import integers
from shapes import SHAPES

HERE = pathlib.Path(__file__).resolve().parent
PEER_TYPES = {"q4-plain": "q4_0", "q8": "q8_0", "bf16": "bf16"}
CASES = ("decode", "prefill", "batch", "shared")


def case_arguments(case: str, a: argparse.Namespace) -> list[str]:
    """The arguments of one case, the same for `martlet bench` and for llama_bench.py."""
    join = lambda values: ",".join(map(str, values))
    prompt, depth, batch, extra = "", "", "1", []
    if case == "decode":
        depth = join(a.depths)
    elif case == "prefill":
        prompt = join(a.prompts)
    elif case == "batch":
        depth, batch = str(a.batch_depth), join(a.batches)
    else:
        depth, batch, extra = "0", str(a.chains), ["--shared-prompt", str(a.shared_prompt)]
    return ["--prompt", prompt, "--depth", depth, "--batch", batch, "--generate", str(a.generate), *extra]


def label(line: dict, case: str, a: argparse.Namespace) -> str:
    if case == "prefill":
        return f"prefill {line['prompt']}"
    if case == "decode":
        return f"decode at {line['depth']}"
    if case == "batch":
        return f"batch {line['batch']} at {line['depth']}"
    return f"{line['batch']} chains on a prompt of {a.shared_prompt}"


def expected(case: str, a: argparse.Namespace) -> list[str]:
    """The labels in the order of the table, so that a side that failed leaves a visible gap."""
    if case == "prefill":
        return [f"prefill {n}" for n in a.prompts]
    if case == "decode":
        return [f"decode at {n}" for n in a.depths]
    if case == "batch":
        return [f"batch {n} at {a.batch_depth}" for n in a.batches]
    return [f"{a.chains} chains on a prompt of {a.shared_prompt}"]


def run(command: list[str], timeout: int) -> tuple[list[dict], str]:
    """The case lines a runner printed, and what went wrong, if anything."""
    # Either side decides its own threads from its arguments alone.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=timeout)
    except FileNotFoundError:
        return [], f"{command[0]} is not there; run swift build -c release first"
    except subprocess.TimeoutExpired:
        return [], f"no end after {timeout} s"
    lines = []
    for text in done.stdout.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and line.get("kind") in ("prefill", "decode") and "tokensPerSecond" in line:
            lines.append(line)
    problem = "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip()[-300:]}"
    return lines, problem or ("" if lines else "no result lines")


def gguf_path(shape: str, weights: str, a: argparse.Namespace) -> str:
    path = a.work_dir / f"{shape}-{PEER_TYPES[weights]}.gguf"
    if not path.exists():
        print(f"writing {path}", file=sys.stderr)
        a.work_dir.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, HERE / "make_gguf.py", shape, PEER_TYPES[weights], path], check=True)
    return str(path)


def machine() -> dict:
    model = platform.processor()
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        model = next(row.split(":", 1)[1].strip() for row in text.splitlines() if row.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(),
            "load_before": round(os.getloadavg()[0], 2), "started": time.strftime("%Y-%m-%d %H:%M:%S%z")}


def summarise(samples: dict) -> list[dict]:
    """One row per point from {(shape, weights, label): {"peer": {round: rate}, "ours": {round: rate}}}."""
    rows = []
    for (shape, weights, point), sides in samples.items():
        row = {"shape": shape, "weights": weights, "point": point, "rounds": sides}
        for side in ("peer", "ours"):
            row[side] = statistics.median(sides[side].values()) if sides[side] else None
        if row["peer"] and row["ours"]:
            row["ratio"] = round(row["ours"] / row["peer"], 3)
            paired = [sides["ours"][r] / sides["peer"][r] for r in sides["ours"] if sides["peer"].get(r)]
            if paired:
                row["ratioMinimum"], row["ratioMaximum"] = round(min(paired), 3), round(max(paired), 3)
        rows.append(row)
    return rows


def table(rows: list[dict]) -> str:
    number = lambda value, digits: "–" if value is None else f"{value:,.{digits}f}"
    out = ["| shape | weights | point | llama.cpp tok/s | martlet tok/s | ratio | of single rounds |",
           "| --- | --- | --- | ---: | ---: | ---: | ---: |"]
    for row in rows:
        spread = f"{row['ratioMinimum']:.2f}–{row['ratioMaximum']:.2f}" if "ratioMinimum" in row else "–"
        out.append(f"| {row['shape']} | {row['weights']} / {PEER_TYPES[row['weights']].upper()} | {row['point']} "
                   f"| {number(row['peer'], 1)} | {number(row['ours'], 1)} | {number(row.get('ratio'), 2)} | {spread} |")
    return "\n".join(out) + "\n"


def replace(path: pathlib.Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


def save(a: argparse.Namespace, about: dict, samples: dict, problems: list) -> list[dict]:
    rows = summarise(samples)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": about, "threads": a.threads, "kv": a.kv, "roundsWanted": a.rounds,
                "points": rows, "problems": problems}
    replace(a.out.with_suffix(".json"), json.dumps(document, indent=1) + "\n")
    head = (f"{about['processor']}, {about['cores']} cores; {a.threads} threads, {a.kv} cache, flash attention on; "
            f"medians of up to {a.rounds} rounds in turn; {about['started']}\n\n")
    tail = "".join(f"\n- not measured: {p['shape']} {p['weights']} {p['case']}, {p['side']}, round {p['round']}: "
                   f"{p['problem'].splitlines()[0] if p['problem'] else ''}" for p in problems)
    replace(a.out.with_suffix(".md"), head + table(rows) + tail + ("\n" if tail else ""))
    return rows


def main() -> None:
    words = lambda text: [word for word in text.split(",") if word]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=words, default=["qwen2.5-0.5b", "llama-3.2-1b"])
    parser.add_argument("--weights", type=words, default=["q4-plain", "q8", "bf16"])
    parser.add_argument("--cases", type=words, default=list(CASES))
    parser.add_argument("--depths", type=integers, default=[0, 2048, 8192, 32768])
    parser.add_argument("--prompts", type=integers, default=[512, 2048, 8192])
    parser.add_argument("--batches", type=integers, default=[1, 4, 8, 16])
    parser.add_argument("--batch-depth", type=int, default=128)
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--shared-prompt", type=int, default=2048)
    parser.add_argument("--generate", type=int, default=32)
    parser.add_argument("--kv", default="f16", choices=["f32", "f16", "bf16", "q8", "q4"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["peer", "ours"], help="run one side, to try things out")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for one process")
    parser.add_argument("--martlet", default=str(HERE.parent.parent / ".build" / "release" / "martlet"))
    parser.add_argument("--work-dir", type=pathlib.Path,
                        default=pathlib.Path(tempfile.gettempdir()) / "martlet-peers", help="for GGUF files")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers"), help="without suffix")
    a = parser.parse_args()
    for given, known, word in ((a.shapes, SHAPES, "shape"), (a.weights, PEER_TYPES, "weights"), (a.cases, CASES, "case")):
        for value in given:
            if value not in known:
                parser.error(f"unknown {word} {value}; known are {', '.join(known)}")
    about, samples, problems = machine(), {}, []
    if about["load_before"] > 0.5:
        print(f"other work is running (load {about['load_before']}): figures will not be trustworthy", file=sys.stderr)
    rows = []
    for shape in a.shapes:
        for weights in a.weights:
            peer = [] if a.only == "ours" else [sys.executable, str(HERE / "llama_bench.py"), gguf_path(shape, weights, a)]
            ours = [] if a.only == "peer" else [a.martlet, "bench", "--model", f"random:{shape}", "--weights", weights]
            for case in a.cases:
                for point in expected(case, a):
                    samples[shape, weights, point] = {"peer": {}, "ours": {}}
                for r in range(a.rounds):
                    for side, command in (("peer", peer), ("ours", ours)):
                        if not command:
                            continue
                        common = ["--kv", a.kv, "--threads", str(a.threads), "--json"]
                        lines, problem = run(command + case_arguments(case, a) + common, a.timeout)
                        for line in lines:
                            point = label(line, case, a)
                            samples.setdefault((shape, weights, point), {"peer": {}, "ours": {}})
                            samples[shape, weights, point][side][r] = line["tokensPerSecond"]
                        if problem:
                            problems.append({"shape": shape, "weights": weights, "case": case, "side": side,
                                             "round": r, "problem": problem})
                            print(f"{shape} {weights} {case} {side}: {problem}", file=sys.stderr)
                    rows = save(a, about, samples, problems)
                    print(f"{shape} {weights} {case}: round {r + 1} of {a.rounds}", file=sys.stderr)
    print(table(rows))
    print(f"written to {a.out.with_suffix('.json')} and {a.out.with_suffix('.md')}")


if __name__ == "__main__":
    main()
