#!/usr/bin/env python3
"""Two replicas behind nginx with docs/deploy/nginx.conf: conversations stay where their prompts are known, stored responses
are found again, and pages and sessions reach a server without keys.

    python3 tools/replicas-test.py .build/release/martlet [MODEL]

Needs nginx on the path. The ports 8080, 8081 and 8082 must be free.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

from served import Served, wait_until_ready

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


def call(method: str, path: str, body: dict | None = None, **headers: str) -> dict:
    """One request through the proxy."""
    data = None if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        f"http://127.0.0.1:8080{path}", data, {"content-type": "application/json"} | sent, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def upgrade(origin: str) -> str:
    """The first line of the answer to a page that asks for a session through the proxy."""
    with socket.create_connection(("127.0.0.1", 8080), timeout=60) as line:
        line.sendall(
            (
                "GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {origin}\r\n\r\n"
            ).encode())
        with line.makefile("rb") as answer:
            return answer.readline().decode().strip()


def check_pages_and_stores() -> None:
    """What a page does, and what only one replica knows."""
    origin = "http://127.0.0.1:8080"
    body = {"messages": [{"role": "user", "content": "A:1+2="}], "max_tokens": 2, "temperature": 0}
    assert call("POST", "/v1/chat/completions", body, origin=origin)["choices"], "a page's question was not answered"
    status = upgrade(origin)
    assert status.startswith("HTTP/1.1 101 "), f"a session was not opened: {status}"
    # Names that are divided between the replicas.
    for number in range(8):
        name = f"stored-{number}"
        made = call(
            "POST", "/v1/responses", {"input": "A:1+2=", "max_output_tokens": 2, "store": True}, x_martlet_prefix=name)
        found = call("GET", f"/v1/responses/{made['id']}", x_martlet_prefix=name)
        assert found["id"] == made["id"], "a stored response is another"
    print("a page is answered, its session opens, and stored responses are found again")


def main() -> None:
    martlet = sys.argv[1]
    model = sys.argv[2] if len(sys.argv) > 2 else "builtin"
    if not shutil.which("nginx"):
        sys.exit("nginx is not on the path")
    folder = pathlib.Path(tempfile.mkdtemp())
    replicas = {
        port: Served(
            [martlet, "serve", model, "--port", str(port), "--chat-template", "chatml", "--prompts", str(folder / "prompts")],
            port)
        for port in (8081, 8082)
    }
    proxy = subprocess.Popen(["nginx", "-e", "stderr", "-c", str(ROOT / "docs/deploy/nginx.conf"), "-g", "daemon off;"])
    try:
        for replica in replicas.values():
            replica.start()
        wait_until_ready(8080, proxy)
        check_pages_and_stores()
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
        after = [ask(messages, name)[0]["choices"][0]["message"]["content"] for messages, name, _ in conversations]
        assert before == after, "another replica says something else"
        print("with one replica killed all conversations go on with the same words")
    finally:
        proxy.terminate()
        proxy.wait()
        for replica in replicas.values():
            replica.end()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
