#!/usr/bin/env python3
"""Can one tenant tell by the time to the first token what another has asked?

    python3 tools/timing-audit.py .build/release/martlet [MODEL]

After "Auditing Prompt Caching in Language Model APIs" (arXiv 2502.07776): a victim asks a random prompt; then somebody asks a
prompt whose first 95 % are the victim's, or one of the same length that nobody has asked, in random order. A one-sided
two-sample Kolmogorov-Smirnov test says whether the former are faster. Three times: the asker is another tenant, who must tell
nothing (p above 0.01: one honest run of a hundred fails); the asker is the victim's own tenant, and the victim shared with
everyone: there the same test has to see it (p below 1e-8), or it could see nothing at all. Exits with 1 where one is otherwise.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import random
import statistics
import sys
import time

from served import Served

KEYS = {"victim": "key-of-the-victim", "stranger": "key-of-the-stranger"}
WORDS = "near under bread away grey stone river old ran past the a".split()


def faster(first: list[float], second: list[float]) -> tuple[float, float]:
    """How far the distribution of `first` lies before that of `second`: the one-sided statistic of Kolmogorov and Smirnov, and the
    probability of one as large between samples of one distribution, by its limit exp(-2 D^2 nm / (n + m))."""
    a, b = sorted(first), sorted(second)
    largest = i = j = 0
    while i < len(a):
        here = a[i]
        while i < len(a) and a[i] <= here:
            i += 1
        while j < len(b) and b[j] <= here:
            j += 1
        largest = max(largest, i / len(a) - j / len(b))
    return largest, math.exp(-2 * largest**2 * len(a) * len(b) / (len(a) + len(b)))


class Tenant:
    """Somebody with a key, and a connection that stays."""

    def __init__(self, port: int, key: str):
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def ask(self, prompt: str, sharing: str) -> tuple[float, int]:
        """Seconds to an answer of one token, and how many tokens of the prompt were known, as the answer says."""
        body = json.dumps({"prompt": prompt, "max_tokens": 1, "temperature": 0, "martlet": {"sharing": sharing}})
        begin = time.perf_counter()
        self.line.request("POST", "/v1/completions", body, self.headers)
        answer = self.line.getresponse()
        said = json.loads(answer.read())
        seconds = time.perf_counter() - begin
        if answer.status != 200:
            sys.exit(f"status {answer.status}: {said}")
        return seconds, said["usage"]["prompt_tokens_details"]["cached_tokens"]


class Audit:
    def __init__(self, port: int, arguments: argparse.Namespace):
        self.tenants = {name: Tenant(port, key) for name, key in KEYS.items()}
        self.samples, self.characters = arguments.samples, arguments.characters
        self.random = random.Random(arguments.seed)

    def prompt(self, characters: int) -> str:
        # The first letters differ already, so that fresh prompts begin like none before.
        text = f"K:{self.random.getrandbits(64):016x}"
        while len(text) < characters:
            text += " " + self.random.choice(WORDS)
        return text[:characters]

    def measure(self, victim: str, asker: str, sharing: str) -> tuple[list[float], list[float], int]:
        """Seconds of prompts that the victim had asked, and of fresh ones; and the known tokens that the asker was told of."""
        hits, fresh, known = [], [], 0
        order = [True, False] * self.samples
        self.random.shuffle(order)
        for asked in order:
            prompt = self.prompt(self.characters)
            self.tenants[victim].ask(prompt, sharing)
            kept = prompt[:len(prompt) * 95 // 100] if asked else self.prompt(len(prompt) * 95 // 100)
            own = kept + " ".join(self.random.choice(WORDS) for _ in range(len(prompt)))
            seconds, told = self.tenants[asker].ask(own[:len(prompt)], "tenant")
            (hits if asked else fresh).append(seconds)
            known += told if asked else 0
        return hits, fresh, known

    def judge(self, name: str, victim: str, asker: str, sharing: str, seen: bool) -> bool:
        hits, fresh, known = self.measure(victim, asker, sharing)
        statistic, p = faster(hits, fresh)
        holds = p < 1e-8 if seen else p > 0.01 and known == 0
        print(f"{'ok  ' if holds else 'FAIL'}  {name}: D = {statistic:.3f}, p = {p:.2g} ({'below 1e-8' if seen else 'above 0.01'} expected); "
              f"medians {statistics.median(hits) * 1e3:.1f} ms asked before, {statistics.median(fresh) * 1e3:.1f} ms fresh; "
              f"{known} tokens told as known", flush=True)
        return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("martlet")
    parser.add_argument("model", nargs="?", default="builtin")
    parser.add_argument("--samples", type=int, default=250, help="on each side of each comparison")
    parser.add_argument("--characters", type=int, default=1200, help="of each prompt")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    command = [arguments.martlet, "serve", arguments.model, "--memory", "256MB"]
    for name, key in KEYS.items():
        command += ["--api-key", f"{name}:{key}"]
    with Served(command) as server:
        audit = Audit(server.port, arguments)
        outcomes = [
            audit.judge("another tenant", "victim", "stranger", "tenant", seen=False),
            audit.judge("the same tenant", "victim", "victim", "tenant", seen=True),
            audit.judge("another tenant, shared with everyone", "victim", "stranger", "everyone", seen=True),
        ]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
