#!/usr/bin/env python3
"""What masks cost a step: eight answers that each keep to a JSON schema of their own, beside eight free ones.

    python3 Benchmarks/Constraints/steps.py .build/release/martlet qwen2.5-coder-0.5b-instruct-q4_k_m.gguf

Starts `martlet serve` and reads eight streams at once, constrained and free in turn, the same prompts and as many tokens, and leaves
them then: no answer comes near its end, where a mask would also have to look for a way to close it. A time is that between two tokens of an answer,
with first tokens left out: compiling a schema is no part of it. On a busy machine `--threads 1` and processor time (Linux) say
more: masks are made by one thread whatever the number of others.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from served import Served  # noqa: E402


def schema(number: int) -> dict:
    """Lists of values of several kinds, with limits that differ from answer to answer."""
    return {
        "type": "array", "minItems": 300, "items": {
            "anyOf": [
                {"type": "integer", "minimum": -number, "maximum": 1000 + number},
                {"type": "string", "minLength": 3, "maxLength": 20 + number},
                {"type": "object", "properties": {"x": {"type": "number"}, "name": {"type": "string", "pattern": "^[A-Z][a-z ]+$"}}},
                {"enum": [f"kind {number} {letter}" for letter in "abcdef"]},
            ]}}


def stream(port: int, body: dict, tokens: int, gate: threading.Barrier, times: list[float]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    gate.wait()
    line.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json"})
    answer = line.getresponse()
    if answer.status != 200:
        sys.exit(f"status {answer.status}: {answer.read()}")
    first = last = 0.0
    pieces = 0
    while pieces < tokens and (event := answer.readline()):
        if event.startswith(b"data: {") and json.loads(event[6:])["choices"][0].get("text"):
            last = time.perf_counter()
            first, pieces = first or last, pieces + 1
    times.append((last - first) / (pieces - 1))
    line.close()


def steps(port: int) -> tuple[float, float]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("GET", "/metrics")
    numbers = dict(row.rsplit(" ", 1) for row in line.getresponse().read().decode().splitlines() if row[0] != "#")
    return float(numbers["martlet_engine_steps_total"]), float(numbers["martlet_engine_tokens_total"])


def processor(process: subprocess.Popen) -> float:
    """Seconds of processor time; 0 where the system does not tell."""
    file = pathlib.Path(f"/proc/{process.pid}/stat")
    if not file.exists():
        return 0
    fields = file.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("martlet")
    parser.add_argument("model")
    parser.add_argument("--answers", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3, help="of each kind, in turn, after one of each that is not counted")
    parser.add_argument("--threads", type=int, default=0, help="of the server; one for each processor where nothing is said")
    arguments = parser.parse_args()
    command = [arguments.martlet, "serve", arguments.model, "--kv", "f16", "--context", "2048"]
    command += ["--threads", str(arguments.threads)] if arguments.threads else []
    with Served(command) as server:
        seconds: dict[str, list[float]] = {"free": [], "constrained": []}
        work: dict[str, list[float]] = {"free": [], "constrained": []}
        for place in range(arguments.rounds + 1):
            for kind in seconds:
                times: list[float] = []
                gate, before, begin = threading.Barrier(arguments.answers), steps(server.port), processor(server.process)
                threads = []
                for number in range(arguments.answers):
                    body = {"prompt": f"A long list {number} in JSON, with numbers, names and objects:\n", "temperature": 0.7,
                            "seed": number, "max_tokens": 1800, "stream": True, "ignore_eos": True}
                    if kind == "constrained":
                        body["guided_json"] = schema(number)
                    threads.append(threading.Thread(target=stream, args=(server.port, body, arguments.tokens, gate, times)))
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                time.sleep(0.5)  # until the server has seen that they left
                used, after = processor(server.process) - begin, steps(server.port)
                if place:
                    seconds[kind].append(statistics.fmean(times))
                    work[kind].append(used / (after[1] - before[1]) * arguments.answers)
                print(f"{'not counted: ' if not place else ''}{kind}: {statistics.fmean(times) * 1e3:.2f} ms a token; "
                      f"{after[0] - before[0]:.0f} steps of {after[1] - before[1]:.0f} rows, {used:.2f} s of processors", flush=True)
    free, constrained = statistics.median(seconds["free"]), statistics.median(seconds["constrained"])
    print(f"medians: free {free * 1e3:.2f} ms, constrained {constrained * 1e3:.2f} ms; masks are {1 - free / constrained:+.1%} of a step at "
          f"{arguments.answers} answers; fastest rounds: {1 - min(seconds['free']) / min(seconds['constrained']):+.1%}")
    if min(work["free"]):
        free, constrained = statistics.median(work["free"]), statistics.median(work["constrained"])
        print(f"processor time of {arguments.answers} tokens: free {free * 1e3:.2f} ms, constrained {constrained * 1e3:.2f} ms: {1 - free / constrained:+.1%}; "
              f"least: {1 - min(work['free']) / min(work['constrained']):+.1%}")


if __name__ == "__main__":
    main()
