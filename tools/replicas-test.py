#!/usr/bin/env python3
"""Two replicas behind nginx with docs/deploy/nginx.conf: conversations stay where their prompts are known.

    python3 tools/replicas-test.py .build/release/martlet [MODEL]

Needs nginx on the path. The ports 8080, 8081 and 8082 must be free.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ask(messages: list[dict], name: str | None) -> tuple[dict, str]:
    """One turn through the proxy: the answer, and the conversation's name."""
    headers = {"content-type": "application/json"}
    if name:
        headers["x-martlet-prefix"] = name
    body = json.dumps({"messages": messages, "max_tokens": 8, "temperature": 0}).encode()
    request = urllib.request.Request("http://127.0.0.1:8080/v1/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer), answer.headers["x-martlet-prefix"]


def ready(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nobody answers at {port}")


def main() -> None:
    martlet = sys.argv[1]
    model = sys.argv[2] if len(sys.argv) > 2 else "builtin"
    if not shutil.which("nginx"):
        sys.exit("nginx is not on the path")
    folder = pathlib.Path(tempfile.mkdtemp())
    replicas = {
        port: subprocess.Popen(
            [martlet, "serve", model, "--port", str(port), "--chat-template", "chatml", "--prompts", str(folder / "prompts")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in (8081, 8082)
    }
    proxy = subprocess.Popen(["nginx", "-e", "stderr", "-c", str(ROOT / "docs/deploy/nginx.conf"), "-g", "daemon off;"])
    try:
        for port in (8081, 8082, 8080):
            ready(port)
        conversations = []
        known = turns = 0
        for number in range(12):
            # A client that names its conversations, and one that sends back what it was told.
            name = f"conversation-{number}" if number % 2 else None
            messages = [{"role": "user", "content": f"A:{number}+{number * 7}= " * 6}]
            for turn in range(3):
                answer, told = ask(messages, name)
                assert name is None or told == name, (told, name)
                name = told
                if turn > (0 if number % 2 else 1):
                    turns += 1
                    known += answer["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
                messages += [
                    {"role": "assistant", "content": answer["choices"][0]["message"]["content"] or "-"},
                    {"role": "user", "content": "A:1+2="},
                ]
            conversations.append((messages, name, answer))
        print(f"{known} of {turns} later turns found what was known of them")
        assert known == turns, "a turn went where nothing was known of it"
        # One replica goes: its conversations go on at the other, with the same words.
        before = [ask(messages, name)[0]["choices"][0]["message"]["content"] for messages, name, _ in conversations]
        replicas[8082].kill()
        replicas[8082].wait()
        after = [ask(messages, name)[0]["choices"][0]["message"]["content"] for messages, name, _ in conversations]
        assert before == after, "another replica says something else"
        print("with one replica killed all conversations go on with the same words")
    finally:
        proxy.terminate()
        proxy.wait()
        for process in replicas.values():
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
