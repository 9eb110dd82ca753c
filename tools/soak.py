#!/usr/bin/env python3
"""Hours of a server's life in minutes: does it crash, leak, grow, or tell one tenant what another said?

    python3 tools/soak.py .build/release/martlet builtin --minutes 30

Starts `martlet serve` with keys of three tenants, computed prompts on disk and stored batches; finds in a closed loop what it
can do, and then sends half as much again at random times: answers in one piece and in streams, readers who go, readers who
read a byte at a time, sessions that are cancelled, damaged bodies, huge headers, wrong keys, batches. In the first half it is
ended by kill -9 now and then, a stored prompt is damaged, and it begins again on the same disk.

All tenants' prompts are alike but for a secret of each. Requests are greedy, so that each answer is compared with the right
one, which was taken before there was load: to the byte where it came whole, to its beginning where it did not. Prints a table;
exits with 1 where a line of it fails. Linux and macOS; nothing outside 127.0.0.1 is asked.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from served import Served
from soak_visits import TENANTS, Call, Question, Questions, Tally, Visitors

QUEUE = 64
CLIENTS = 160


class Server(Served):
    """The process, over all its lives."""

    def __init__(self, martlet: str, model: str, memory: str, folder: pathlib.Path):
        self.folder, self.prompts = folder, folder / "prompts"
        command = [martlet, "serve", model, "--memory", memory, "--prompts", str(self.prompts), "--prompt-bytes", "128MB",
                   "--store", str(folder / "store"), "--queue-limit", str(QUEUE), "--max-tokens", "256"]
        for tenant, key in TENANTS.items():
            command += ["--api-key", f"{tenant}:{key}"]
        super().__init__(command, log=folder / "stderr")
        self.life = 0
        self.ended = False  # by us

    def start(self) -> Server:
        super().start()
        self.ended, self.life = False, self.life + 1
        return self

    def kill(self) -> int:
        self.ended, self.life = True, self.life + 1
        return super().kill()

    def stop(self) -> int:
        self.ended = True
        return super().stop()

    def crashed(self) -> bool:
        return not self.ended and self.process.poll() is not None

    def stderr(self) -> str:
        return self.log.read_text(errors="replace")

    def resident(self) -> int:
        """Bytes of memory that the process has now."""
        answer = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True)
        return int(answer.stdout or 0) * 1024

    def files(self) -> int:
        """Files and connections that the process has open; 0 where the system does not tell."""
        folder = pathlib.Path(f"/proc/{self.process.pid}/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0

    def state(self) -> dict:
        return json.loads(Call(self, "anna").ask("GET", "/martlet/state").body)


class Batches:
    """Files of requests that have to be answered in the end, whatever happens to the server."""

    def __init__(self, server: Server, questions: Questions, tally: Tally):
        self.server, self.questions, self.tally = server, questions, tally
        self.known: list[tuple[str, str, list[Question], bool]] = []

    def add(self, tenant: str, cancels: bool) -> None:
        own = [q for q in self.questions.all if q.tenant == tenant and "prompt" in q.body][:6]
        lines = [json.dumps({"custom_id": str(n), "method": "POST", "url": q.path, "body": q.body}) for n, q in enumerate(own)]
        parts = ('--cut\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--cut\r\nContent-Disposition: form-data; '
                 'name="file"; filename="b.jsonl"\r\n\r\n' + "\n".join(lines) + "\r\n--cut--\r\n").encode()
        call = Call(self.server, tenant)
        file = call.ask("POST", "/v1/files", parts, {"content-type": "multipart/form-data; boundary=cut"})
        made = call.ask("POST", "/v1/batches", json.dumps({
            "input_file_id": json.loads(file.body)["id"], "endpoint": own[0].path, "completion_window": "24h"}).encode())
        if made.status != 200:
            return self.tally.complain("batch refused", made.body.decode())
        name = json.loads(made.body)["id"]
        self.known.append((tenant, name, own, cancels))
        if cancels:
            call.ask("POST", f"/v1/batches/{name}/cancel", b"")

    def settle(self, seconds: float) -> int:
        """Waits until all have ended; how many did as they should."""
        end, done = time.monotonic() + seconds, 0
        for tenant, name, own, cancels in self.known:
            call, batch = Call(self.server, tenant), {}
            while time.monotonic() < end:
                batch = json.loads(call.ask("GET", f"/v1/batches/{name}").body)
                if batch.get("status") in ("completed", "cancelled", "failed", "expired"):
                    break
                time.sleep(0.2)
            if cancels and batch.get("status") in ("cancelled", "completed"):
                done += 1
            elif batch.get("status") == "completed" and batch.get("output_file_id"):
                text = call.ask("GET", f"/v1/files/{batch['output_file_id']}/content").body.decode()
                said = {r["custom_id"]: Question.text(r["response"]["body"]) for r in map(json.loads, text.splitlines())}
                if said == {str(n): q.right for n, q in enumerate(own)}:
                    done += 1
                else:
                    self.tally.complain("wrong answer", f"batch {name}: {said}")
            else:
                self.tally.complain("batch not done", f"{name}: {batch}")
        return done


class Soak:
    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path):
        self.minutes, self.seed = arguments.minutes, arguments.seed
        self.server = Server(arguments.martlet, arguments.model, arguments.memory, folder)
        self.questions, self.tally = Questions(arguments.model, 16, arguments.seed), Tally()
        self.visitors = Visitors(self.server, self.questions, self.tally)
        self.batches = Batches(self.server, self.questions, self.tally)
        self.rows: list[tuple[str, str, bool]] = []
        self.memory: list[tuple[float, int]] = []

    def row(self, name: str, value: object, holds: bool) -> None:
        self.rows.append((name, str(value), holds))

    def ask_all(self) -> tuple[int, int]:
        """Asks every question alone: how many tokens of prompts there were, and how many of them were known."""
        tokens = known = 0
        for question in self.questions.all:
            answer = Call(self.server, question.tenant).ask("POST", question.path, question.data())
            said = json.loads(answer.body)
            if answer.status != 200:
                sys.exit(f"a question was not answered: {said}")
            if question.right is None:
                question.right = Question.text(said)
                if self.questions.foreign(question.tenant, question.right):
                    self.tally.complain("foreign text", f"{question.tenant} read {question.right!r} before there was load")
            else:
                self.visitors.check(question, Question.text(said), whole=True)
            tokens += said["usage"]["prompt_tokens"]
            known += said["usage"]["prompt_tokens_details"]["cached_tokens"]
        return tokens, known

    def capacity(self, seconds: float) -> float:
        """Answers a second in a closed loop of eight."""
        end, counts = time.monotonic() + seconds, [0] * 8

        def ask(number: int) -> None:
            rng = random.Random(self.seed * 100 + number)
            while time.monotonic() < end:
                self.visitors.plain(rng.choice(self.questions.all), rng)
                counts[number] += 1

        begin = time.monotonic()
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.monotonic() - begin)

    def damage(self) -> None:
        """Changes a byte of a stored prompt: it has to be dropped."""
        files = sorted(self.server.prompts.glob("*.pages"))
        if files:
            data = bytearray(files[len(files) // 2].read_bytes())
            data[len(data) // 2] ^= 64
            files[len(files) // 2].write_bytes(data)

    def load(self, rate: float) -> None:
        """Visits at random times, kill -9 in the first half, and resident memory by the second."""
        rng, total = random.Random(self.seed + 1), self.minutes * 60
        kills = max(1, round(self.minutes / 6))
        kill_times = [total / 2 * (n + 1) / (kills + 1) for n in range(kills)]
        begin, number, due, sampled = time.monotonic(), 0, 0.0, 0.0
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            waiting: set[concurrent.futures.Future] = set()
            while (now := time.monotonic() - begin) < total:
                if self.server.crashed():
                    self.tally.complain("crash", f"status {self.server.process.returncode}")
                    self.server.life += 1
                    self.server.start()
                if now >= sampled:
                    self.memory.append((now, self.server.resident()))
                    sampled = now + 1
                if kill_times and now >= kill_times[0]:
                    kill_times.pop(0)
                    self.batches.add(list(TENANTS)[len(kill_times) % 3], cancels=len(kill_times) % 2 == 1)
                    self.server.kill()
                    self.damage()
                    self.server.start()
                    self.tally.add("kill -9")
                    due = time.monotonic() - begin
                if now >= due:
                    due += rng.expovariate(rate)
                    waiting = {each for each in waiting if not each.done()}
                    if len(waiting) < CLIENTS:
                        waiting.add(pool.submit(self.visitors.visit, self.seed * 1_000_000 + number))
                    else:
                        self.tally.add("not sent: all clients wait")
                    number += 1
                else:
                    time.sleep(min(0.05, due - now))

    def judge_memory(self) -> None:
        half = [(t, b) for t, b in self.memory if t >= self.minutes * 30 and b]
        times, sizes = [t for t, _ in half], [b / 1e6 for _, b in half]
        curve = [statistics.fmean(b / 1e6 for _, b in self.memory[len(self.memory) * n // 12:][:len(self.memory) // 12 or 1])
                 for n in range(12)]
        self.row("resident memory by twelfths, MB", " ".join(f"{size:.0f}" for size in curve), True)
        slope = statistics.linear_regression(times, sizes).slope if len(half) > 9 else 0
        grown, mean = slope * (times[-1] - times[0]), statistics.fmean(sizes)
        self.row("resident memory, second half", f"{mean:.0f} MB, {slope * 3600:+.1f} MB an hour, {grown:+.1f} MB in all",
                 len(half) > 9 and grown < max(8, 0.05 * mean))

    def judge_rest(self, files: int) -> None:
        """Nobody asks any more: what do they hold?"""
        state = {}
        for _ in range(100):
            state = self.server.state()
            if not state["queue"]["running"] and not state["queue"]["waiting"] and not state["memory"]["running"]:
                break
            time.sleep(0.2)
        memory = state["memory"]
        self.row("pages of ended answers", f"{memory['running']} bytes in use, {memory['parked']} reusable, {memory['free']} free",
                 not memory["running"] and memory["parked"] + memory["free"] == memory["total"])
        self.row("answers in the queue", state["queue"], not state["queue"]["running"] and not state["queue"]["waiting"])
        time.sleep(2)
        now = self.server.files()
        self.row("open files and connections", f"{now}, at the start {files}", now <= files + 4)

    def run(self) -> bool:
        self.server.start()
        tokens, _ = self.ask_all()
        own = sum(self.questions.secrets[q.tenant] in q.right for q in self.questions.all)
        self.row("questions whose answer is the tenant's secret", f"{own} of {len(self.questions.all)}",
                 own * 4 >= len(self.questions.all))
        files = self.server.files()
        rate = self.capacity(min(60, self.minutes * 10))
        share = sum(Visitors.KINDS[kind] for kind in Visitors.WHOLE) / sum(Visitors.KINDS.values())
        visits = 1.5 * rate / share
        print(f"{rate:.1f} answers a second in a closed loop of 8; sending {visits:.1f} visits a second, {share:.0%} of them for whole "
              f"answers, for {self.minutes:g} minutes", flush=True)
        self.load(visits)
        self.judge_memory()
        self.judge_rest(files)
        self.batches.add("anna", cancels=False)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            visits = [pool.submit(self.visitors.visit, self.seed * 1_000_000 - 1 - n) for n in range(32)]
            time.sleep(0.3)
            self.server.kill()
            del visits
        self.damage()
        self.server.start()
        tokens, known = self.ask_all()
        self.row("prompts' tokens known after the last kill -9", f"{known} of {tokens}", known > 0)
        done = self.batches.settle(120)
        self.row("batches done as asked", f"{done} of {len(self.batches.known)}", done == len(self.batches.known))
        crashed = self.server.crashed()
        status = self.server.stop()
        self.row("exit status on SIGTERM", status, not crashed and status in (0, 143))
        lines = [line for line in self.server.stderr().splitlines()
                 if not line.startswith(("martlet: loading", "martlet: ready", "martlet: ending"))]
        self.row("other lines on standard error", f"{len(lines)} {lines[:3] if lines else ''}",
                 not any(word in line.lower() for line in lines for word in ("fatal", "crash", "defect", "trap")))
        for name in ("crash", "foreign text", "wrong answer", "unexpected status", "lost connection", "error in a stream",
                     "batch refused"):
            self.row(name, self.tally[name], self.tally[name] == 0)
        self.row("answers right to the byte", self.tally["answers right"], self.tally["answers right"] > 0)
        return all(holds for _, _, holds in self.rows)

    def report(self) -> None:
        for name, value, holds in self.rows:
            print(f"{'ok  ' if holds else 'FAIL'}  {name}: {value}")
        print("\n| what | times |\n| --- | ---: |")
        for name, count in sorted(self.tally.counts.items()):
            print(f"| {name} | {count} |")
        for complaint in self.tally.complaints:
            print(complaint)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("martlet")
    parser.add_argument("model")
    parser.add_argument("--minutes", type=float, default=2, help="of load; one at least for a judgement of memory")
    parser.add_argument("--memory", default="64MB", help="the server's cache; small, so that prompts are given up")
    parser.add_argument("--seed", type=int, default=1)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(parser.parse_args(), pathlib.Path(folder))
        try:
            holds = soak.run()
        finally:
            if soak.server.process and soak.server.process.poll() is None:
                soak.server.process.kill()
        soak.report()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
