"""The page, and a wire behind it on which a script speaks instead of a model.

The first word of a prompt says what happens: `slow`, `read` (a long prompt, of whose progress is told), `think`, `call`,
`break` (the connection ends), `fail` (an error in mid-stream), `refuse` (an error at once), `ignored`; anything else is
answered with a text that has everything of Markdown.
Policies cut what the reports say that heads hold, so that budgets can be seen to work.
"""

import base64
import hashlib
import json
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "Sources" / "CMartletPage" / "Page"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'")
LAYERS, HEADS = 24, 4
CONTEXT = 8192
BYTES_OF_TOKEN = {"f32": 512, "f16": 256, "q8": 136, "q4": 72}

TEXT = (Path(__file__).parent / "answer.txt").read_text()
THOUGHT = (
    "The question is about caches. What matters is memory and time.\n"
    "Two vectors for each layer, each head and each token are held.\n"
    "Every step reads all of them; a policy with a budget reads fewer.\nA table would help, and an example.")

STATE = {
    "version": "0.1.0", "model": "scripted-1",
    "policies": [
        {"name": "dense", "form": "dense", "summary": "keeps every token", "lossy": False},
        {"name": "window", "form": "window(sinks=4, recent=60)", "summary": "keeps the first tokens and the newest ones", "lossy": True},
        {"name": "h2o", "form": "h2o(budget=64)", "summary": "keeps what was attended to most, and the newest", "lossy": True},
        {"name": "quest", "form": "quest(budget=64, page=16)", "summary": "reads the pages that may matter most", "lossy": True},
    ],
    "codecs": list(BYTES_OF_TOKEN),
    "queue": {"waiting": 2, "running": 5}, "step": {
        "budgetTokens": 316, "mostTokens": 512, "seconds": 0.0432, "tokensPerSecond": 141.5, "targetGap": 0.2,
        "cost": {"fixed": 0.0385, "perToken": 0.00049, "perRead": 1.8e-8}},
    "latency": {
        "windowSeconds": 300, "ttft": {"count": 41, "p50": 0.31, "p90": 0.82, "p99": 1.9},
        "gap": {"count": 5120, "p50": 0.024, "p90": 0.031, "p99": 0.074},
        "queue": {"count": 41, "p50": 0.0042, "p90": 0.12, "p99": 0.6}},
    "memory": {"free": 85.4e6, "running": 30e6, "parked": 6.9e6, "shared": 10.5e6, "pinned": 1.5e6, "total": 134.3e6},
    "prefix": {"hits": 182, "lookups": 240, "savedTokens": 91240},
    "preemptions": {"park": 3, "demote": 0, "spill": 1, "recompute": 7},
    "examples": ["Why does a cache of keys and values grow?", "Which policy suits a long document?"],
}


def held(policy, layer, head, logical):
    """Tokens that a head holds under a policy: fewer in late layers, more in some heads."""
    budget = re.search(r"(?:budget|recent)=(\d+)", policy)
    if policy.startswith(("dense", "quest")) or not budget:
        return logical
    if policy.startswith("window"):
        return min(logical, int(budget[1]) + 4)
    favour = (layer * 7 + head * 13) % 10 / 10
    return min(logical, int(int(budget[1]) * (0.3 + 1.6 * favour ** 2) * (1.4 - 0.8 * layer / LAYERS)))


class Answer:
    """One stream of chunks."""

    def __init__(self, write, body):
        self.write = write
        self.budget = body.get("martlet") or {}
        self.policy = self.budget.get("cache") or "dense"
        self.codec = self.budget.get("kv") or "f16"
        self.model = body.get("model") or "scripted-1"
        self.prompt = sum(len(str(message.get("content") or "")) // 4 + 8 for message in body["messages"])
        self.tokens = 0
        self.peak = 0
        self.solve = None

    def event(self, text):
        self.write(f"data: {text}\n\n".encode())

    def send(self, delta, finish=None, **rest):
        chunk = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None, **rest}
        if self.budget.get("report") and self.tokens > 0:
            chunk["martlet"] = {"report": {"cache": self.cache(), **({"solve": self.solve} if self.solve else {})}}
        self.event(json.dumps(chunk))

    def pieces(self, text, field, delay):
        for piece in re.findall(r"\s*\S+\s*", text):
            self.tokens += 1
            yield piece
            delta = {field: piece}
            if field == "reasoning_content":
                delta["reasoning"] = piece
            self.send(delta)
            time.sleep(delay)

    def cache(self):
        logical = self.prompt + self.tokens
        live = [[held(self.policy, layer, head, logical) for head in range(HEADS)] for layer in range(LAYERS)]
        count = sum(map(sum, live))
        size = count * BYTES_OF_TOKEN[self.codec]
        self.peak = max(self.peak, size)
        reads = count / (LAYERS * HEADS)
        if self.policy.startswith("quest"):
            reads = min(reads, 64)
        return {
            "policy": self.policy, "codec": self.codec, "bytesHeld": size, "peakBytes": self.peak, "liveTokens": live,
            "logicalTokens": logical, "readsPerToken": reads, "bytesMoved": int(reads * LAYERS * HEADS * BYTES_OF_TOKEN[self.codec])}

    def count_votes(self, chains):
        """What chains have answered by now."""
        done = min(chains, self.tokens * chains // 30)
        answers = ["391", "391", "381", "391", "391", "401", "391", "391"]
        ended = [{"index": index, "tokens": 40 + 3 * index, "answer": answers[index % 8]} for index in range(done)]
        votes = Counter(one["answer"] for one in ended).most_common()
        self.solve = {
            "planned": f"{chains} chains of at most 400 tokens, {self.policy} in {self.codec}", "chains": chains,
            "chainsEnded": done, "tokens": self.tokens * chains, "ended": ended,
            "votes": [{"answer": answer, "count": count} for answer, count in votes]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, content, kind, status=200, headers=()):
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(content))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def json(self, value, status=200):
        self.answer(json.dumps(value).encode(), "application/json", status)

    def error(self, message, status):
        self.json({"error": {"message": message, "type": "invalid_request_error"}}, status)

    def has_key(self):
        return self.server.key is None or self.headers.get("Authorization") == f"Bearer {self.server.key}"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in ["/v1/models", "/props", "/martlet/state"] and not self.has_key():
            return self.error("A key is needed.", 401)
        if path == "/v1/models":
            return self.json({"object": "list", "data": [{"id": name, "object": "model"} for name in ["scripted-1", "scripted-2"]]})
        if path == "/props":
            parameters = {"temperature": 0.7, "top_p": 0.95, "top_k": 40}
            return self.json({"default_generation_settings": {"n_ctx": CONTEXT, "params": parameters}, "total_slots": 4})
        if path == "/martlet/state":
            return self.json({**STATE, "sessions": self.server.has_sessions})
        if path == "/v1/sessions":
            return self.session()
        file = (PAGE / ("index.html" if path == "/" else path.lstrip("/"))).resolve()
        if not file.is_relative_to(PAGE) or not file.is_file():
            return self.error("There is nothing here.", 404)
        return self.answer(
            file.read_bytes(), TYPES[file.suffix], headers=[("Content-Security-Policy", POLICY), ("Cache-Control", "no-cache")])

    def session(self):
        """Takes what is typed, over WebSocket, and keeps it in `typed`."""
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.send_response(101)
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", base64.b64encode(accept).decode())]
        offered = [name.strip() for name in self.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if "realtime" in offered:
            headers.append(("Sec-WebSocket-Protocol", "realtime"))
        self.server.session_keys = [name.removeprefix("openai-insecure-api-key.") for name in offered[1:]]
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        self.server.sessions += 1
        typed = ""
        while (message := self.message()) is not None:
            if message["type"] == "session.update":
                self.server.session_fields = message["session"]
            if message["type"] == "input_text.edit":
                units = typed.encode("utf-16-le")
                start, end = 2 * message["start"], 2 * (message["start"] + message["delete"])
                typed = (units[:start] + message["insert"].encode("utf-16-le") + units[end:]).decode("utf-16-le")
                self.server.typed.append(typed)

    def message(self):
        """The next message of a client that sends each in one frame; None at the end."""
        head = self.rfile.read(2)
        if len(head) < 2 or head[0] & 15 != 1:
            return None
        length = head[1] & 127
        if length > 125:
            length = int.from_bytes(self.rfile.read(2 if length == 126 else 8), "big")
        mask = self.rfile.read(4)
        return json.loads(bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(length))))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        last = body["messages"][-1]
        word = (last.get("content") or "?").split()[0].lower().strip(":,.?")
        policy = (body.get("martlet") or {}).get("cache") or "dense"
        if word == "refuse":
            return self.error("The prompt has 9001 tokens and the context holds 8192. Shorten it.", 400)
        if policy.split("(")[0] not in {one["name"] for one in STATE["policies"]}:
            return self.error(f"martlet.cache: there is no policy “{policy}”.", 400)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        if word == "ignored":
            self.send_header("Martlet-Ignored", "min_p")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.stream(body, word, last)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left += 1
        return None

    def write(self, content):
        self.wfile.write(content)
        self.wfile.flush()

    def stream(self, body, word, last):
        answer = Answer(self.write, body)
        delay = {"slow": 0.05}.get(word, self.server.delay)
        self.write(b": ping\n\n")
        answer.send({"role": "assistant", "content": ""})
        solve = answer.budget.get("solve")
        if word == "think" or solve is not None:
            for _ in answer.pieces(THOUGHT, "reasoning_content", delay):
                if solve is not None:
                    answer.count_votes(solve.get("width", 8))
        for computed in range(512, 1700, 400) if word == "read" else ():
            progress = {"total": 1700, "cached": 512, "computed": computed, "seconds": computed / 2000}
            answer.send({}, martlet={"report": {"prompt": progress}})
            time.sleep(0.15)
        finish = "stop"
        if word == "call" and last["role"] == "user":
            finish = "tool_calls"
            answer.tokens += 4
            call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
            answer.send({"tool_calls": [call]})
            for piece in ["{\"ci", "ty\": \"Bern\", ", "\"days\": 3}"]:
                answer.send({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        else:
            text = {"tool": "It will rain in Bern."}.get(last["role"], TEXT)
            if body.get("continue_final_message"):
                text = " And so it ended."
            elif solve is not None:
                text = "The answer is **391**: most chains came to it."
            for count, _ in enumerate(answer.pieces(text, "content", delay)):
                if word == "break" and count == 12:
                    return
                if word == "fail" and count == 12:
                    answer.event(json.dumps({"error": {"message": "The cache has no page left."}}))
                    return
                if count == (body.get("max_tokens") or -1):
                    finish = "length"
                    break
        answer.send({}, finish)
        usage = {"prompt_tokens": answer.prompt, "completion_tokens": answer.tokens, "total_tokens": answer.prompt + answer.tokens}
        answer.event(json.dumps({"id": "chatcmpl-1", "model": answer.model, "choices": [], "usage": usage}))
        answer.event("[DONE]")


class ScriptedServer(ThreadingHTTPServer):
    """Serves on a free port while it is entered. `requests` are the bodies that came, `left` counts readers that went."""

    daemon_threads = True

    def __init__(self, delay=0.004, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.delay = delay
        self.requests = []
        self.key = None
        self.left = 0
        self.has_sessions = True
        self.sessions = 0
        self.session_keys = []
        self.session_fields = None
        self.typed = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
