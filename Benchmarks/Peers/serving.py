#!/usr/bin/env python3
"""Serves the same requests with Martlet, llama.cpp's server and OpenVINO GenAI in turn, and prints the ratios.

    python serving.py --martlet ../../.build/release/martlet --gguf MODEL.gguf \\
        --llama-server llama-server --openvino OPENVINO_MODEL --out results

Every case is a workload of `martlet bench serve`, which asks each server over HTTP with the same prompts;
OpenVINO's pipeline is driven in its own process, without a wire (`openvino_serving.py`). A server is started
anew for each case, so that nothing is known of its prompts. The weights of one GGUF file serve both servers;
OpenVINO's are its own export. Caches are f16.

cases: saturation   24 requests at once: tokens a second
       shared       8 requests at once whose prompts begin with the same 2,048 tokens: tokens a second
       stall        a prompt of 8k tokens arrives while eight answers are under way: the largest gap
       turns        a prompt of 4k tokens, and one that begins with it: the ratio of their times to first token
       trace        recorded lengths, arrivals at random: times to first token, gaps, fluidity
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
from served import Served  # noqa: E402


def stall(folder: pathlib.Path) -> list[str]:
    """Eight answers, and a long prompt when they are under way."""
    path = folder / "stall.csv"
    lines = ["arrived_at,num_prefill_tokens,num_decode_tokens"]
    lines += [f"{0.01 * number},64,160" for number in range(8)] + ["2.5,7936,4"]
    path.write_text("\n".join(lines) + "\n")
    return ["--trace", str(path), "--requests", "9", "--prompt-tokens", "7936", "--completion-tokens", "160"]


def turns(folder: pathlib.Path) -> list[str]:
    """Two turns of a conversation, the second long after the first."""
    path = folder / "turns.jsonl"
    blocks = list(range(1, 9))
    lines = [
        {"timestamp": 0, "input_length": 4096, "output_length": 4, "hash_ids": blocks},
        {"timestamp": 30_000, "input_length": 4144, "output_length": 4, "hash_ids": blocks + [9]},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ["--trace", str(path), "--requests", "2", "--prompt-tokens", "4144"]


def cases(folder: pathlib.Path, trace: str | None) -> dict[str, list[str]]:
    made = {
        "saturation": ["--requests", "24", "--prompt-tokens", "256", "--completion-tokens", "64"],
        "shared": ["--requests", "8", "--prompt-tokens", "2112", "--shared-prefix", "2048", "--completion-tokens", "32"],
        "stall": stall(folder),
        "turns": turns(folder),
    }
    if trace:
        made["trace"] = ["--trace", trace, "--requests", "40", "--rate", "0.8", "--prompt-tokens", "1024", "--completion-tokens", "96"]
    return made


def reported(command: list[str]) -> dict:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[0])["report"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--llama-server")
    parser.add_argument("--openvino")
    parser.add_argument("--trace", help="a file of recorded requests, for the case trace")
    parser.add_argument("--cases", default="saturation,shared,stall,turns,trace")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--gap", default="0.2", help="Martlet's target for the gap between tokens, in seconds")
    parser.add_argument("--prompt-seconds", default="0.05,0.002", help="what a prompt is granted: seconds, and seconds a token")
    parser.add_argument("--out", default="results")
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp())
    lines = (out / "serving.jsonl").open("a")

    servers = {"martlet": [
        args.martlet, "serve", args.gguf, "--kv", "f16", "--threads", str(args.threads), "--slots", "32", "--context", "9216",
        "--memory", "2GiB", "--target-gap", args.gap]}
    if args.llama_server:
        # One pool of cells for all slots, prompts kept in memory, attention in one pass.
        servers["llama.cpp"] = [
            args.llama_server, "-m", args.gguf, "-t", str(args.threads), "-c", "65536", "-np", "24", "-kvu", "-fa", "on",
            "--cache-ram", "4096"]
    for name, workload in cases(folder, args.trace).items():
        if name not in args.cases.split(","):
            continue
        results: dict[str, list[dict]] = {}
        for round in range(args.rounds):
            # One measure of fluidity for all: the same time is granted to a prompt whoever answers.
            shared = [args.martlet, "bench", "serve", "--json", "--seed", str(round + 1), "--prompt-seconds", args.prompt_seconds, *workload]
            for server, command in servers.items():
                times = out / f"{name}-{server}-{round}.jsonl"
                with Served(command, log=out / f"{server}.log", grace=20) as running:
                    url = f"http://127.0.0.1:{running.port}/v1"
                    report = reported([*shared, "--url", url, "--timelines", str(times)])
                results.setdefault(server, []).append(note(lines, name, server, report, times))
            if args.openvino:
                requests, times = folder / "requests.jsonl", out / f"{name}-openvino-{round}.jsonl"
                subprocess.run([*shared, "--url", "http://none", "--write-requests", str(requests)], check=True)
                subprocess.run([sys.executable, HERE / "openvino_serving.py", args.openvino, requests, times,
                                "--threads", str(args.threads)], check=True)
                report = reported([*shared, "--from", str(times)])
                results.setdefault("openvino", []).append(note(lines, name, "openvino", report, times))
        show(name, results)


def note(lines, case: str, server: str, report: dict, times: pathlib.Path) -> dict:
    """Keeps a run, with the times to first token of its requests in their order."""
    with times.open() as made:
        each = [json.loads(line) for line in made]
    report["firstTokens"] = [one["tokens"][0] - one["arrival"] if one["tokens"] else None for one in each]
    report["promptTokens"] = sum(one["promptTokens"] for one in each)
    lines.write(json.dumps({"case": case, "server": server, "report": report}) + "\n")
    lines.flush()
    return report


def show(case: str, results: dict[str, list[dict]]) -> None:
    print(f"\n{case}")
    first = None
    for server, runs in results.items():
        def middle(figure) -> float:
            return statistics.median(figure(run) for run in runs)

        tokens = middle(lambda run: run["tokensPerSecond"])
        first = first or tokens
        text = (f"  {server:10} {tokens:7.1f} tokens/s ({first / tokens:4.2f} x)  "
                f"first token p50 {middle(lambda run: run['timeToFirstToken']['p50']):7.3f} s, "
                f"p99 {middle(lambda run: run['timeToFirstToken']['p99']):7.3f} s; "
                f"gap p50 {middle(lambda run: run['gap']['p50']):.3f}, p99 {middle(lambda run: run['gap']['p99']):.3f}, "
                f"largest {middle(lambda run: run['gap']['maximum']):.3f} s; "
                f"fluid {100 * middle(lambda run: run['fluidShare']):.0f} %, answered "
                f"{runs[0]['endings'].get('answered', 0)} of {runs[0]['requests']}, {runs[0]['promptTokens']} prompt tokens")
        if case == "turns":
            text += f"; second turn {100 * middle(lambda run: run['firstTokens'][1] / run['firstTokens'][0]):.1f} % of the first"
        print(text, flush=True)


if __name__ == "__main__":
    main()
