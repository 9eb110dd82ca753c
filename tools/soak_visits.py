"""What the clients of tools/soak.py ask, rightly and wrongly, and what is right."""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import threading
import time

TENANTS = {"anna": "key-of-anna", "bert": "key-of-bert", "cleo": "key-of-cleo"}
# Seconds that a client waits for anything.
TIMEOUT = 180


class Answer:
    def __init__(self, status: int, body: bytes):
        self.status, self.body = status, body


class Call:
    """One connection of a tenant to a server, which has a port."""

    def __init__(self, server, tenant: str | None, key: str | None = None):
        self.port, self.key = server.port, key or (TENANTS[tenant] if tenant else None)

    def headers(self, more: dict | None = None) -> dict:
        own = {"authorization": f"Bearer {self.key}"} if self.key else {}
        return own | {"content-type": "application/json"} | (more or {})

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            line.request(method, path, body, self.headers(headers))
            answer = line.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            line.close()

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def head(self, path: str, length: int) -> bytes:
        return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}\r\n"
                f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n").encode()


class Question:
    """A request, and what is right."""

    def __init__(self, tenant: str, path: str, body: dict):
        self.tenant, self.path, self.body = tenant, path, body
        self.right: str | None = None

    def data(self, stream: bool = False) -> bytes:
        return json.dumps(self.body | ({"stream": True} if stream else {})).encode()

    @staticmethod
    def text(answer: dict) -> str:
        choice = answer["choices"][0]
        if "text" in choice:
            return choice["text"]
        return (choice.get("delta") or choice.get("message") or {}).get("content") or ""


def said(body: bytes) -> str:
    """All strings of an answer: its numbers are times, whose digits may be anything."""
    def strings(value) -> list[str]:
        if isinstance(value, str):
            return [value]
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return [text for part in inside for text in strings(part)]
    def read(line: str) -> str:
        try:
            return "\n".join(strings(json.loads(line.removeprefix("data: "))))
        except ValueError:
            return line
    return "\n".join(read(line) for line in body.decode(errors="replace").splitlines())


class Questions:
    """What the tenants ask: the same texts but for their secrets."""

    def __init__(self, model: str, each: int, seed: int):
        rng = random.Random(seed)
        builtin = model.startswith("builtin")
        letters, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
        self.secrets = {tenant: "".join(rng.sample(digits, 5) if builtin else rng.sample(letters, 7)) for tenant in TENANTS}
        words = "near under bread away grey stone river old ran past the a".split()
        filler = " ".join(rng.choice(words) for _ in range(400))
        self.all: list[Question] = []
        for number in range(each):
            length = rng.choice([150, 400, 700, 1000, 1400])
            place = rng.randrange(length // 2)
            kind = number % 4
            fields = [{"max_tokens": 12}, {"max_tokens": 96, "ignore_eos": True}, {"max_tokens": 12},
                      {"max_tokens": 24, "guided_regex": "#?[ a-z0-9]{4,20}"}][kind]
            for tenant, secret in self.secrets.items():
                if builtin:
                    prompt = f"K:{filler[:place]} qx={secret} {filler[place:length]} ;qx?"
                else:
                    prompt = f"{filler[:place]}. The secret word is {secret}. {filler[place:length]}. The secret word is"
                if kind == 2:
                    body = {"messages": [{"role": "user", "content": prompt}]}
                else:
                    body = {"prompt": prompt}
                path = "/v1/chat/completions" if kind == 2 else "/v1/completions"
                self.all.append(Question(tenant, path, body | {"temperature": 0} | fields))

    def foreign(self, tenant: str, text: str) -> bool:
        return any(secret in text for other, secret in self.secrets.items() if other != tenant)


class Tally:
    """Counts by name, and the first complaints."""

    def __init__(self):
        self.counts: dict[str, int] = {}
        self.complaints: list[str] = []
        self.lock = threading.Lock()

    def add(self, name: str) -> None:
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def complain(self, name: str, detail: str) -> None:
        self.add(name)
        with self.lock:
            if len(self.complaints) < 20:
                self.complaints.append(f"{name}: {detail[:300]}")

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)


class Visitors:
    """The ways of asking. Each returns a status, or says by itself what happened."""

    def __init__(self, server, questions: Questions, tally: Tally):
        self.server, self.questions, self.tally = server, questions, tally

    # Judging

    def check(self, question: Question, text: str, whole: bool) -> None:
        if self.questions.foreign(question.tenant, text):
            self.tally.complain("foreign text", f"{question.tenant} read {text!r}")
        right = question.right or ""
        if text != right if whole else not right.startswith(text):
            self.tally.complain("wrong answer", f"{text!r} instead of {right!r}")
        else:
            self.tally.add("answers right" if whole else "beginnings right")

    def expect(self, status: int, allowed: range | tuple, what: str) -> int:
        # 429 and 503 are what a full server says to anybody.
        if status not in allowed and status not in (429, 503):
            self.tally.complain("unexpected status", f"{status} to {what}")
        return status

    # Asking as one should

    def plain(self, question: Question, rng: random.Random) -> int:
        answer = Call(self.server, question.tenant).ask("POST", question.path, question.data())
        if answer.status == 200:
            self.check(question, Question.text(json.loads(answer.body)), whole=True)
        return self.expect(answer.status, (200,), "a request")

    def stream(self, question: Question, rng: random.Random, most: int | None = None, pause: float = 0) -> int:
        """Reads a stream, or `most` pieces of it, `pause` seconds after each 64 bytes."""
        call, text, whole, pieces = Call(self.server, question.tenant), "", False, 0
        body = question.data(stream=True)
        with call.socket() as line:
            if pause:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.sendall(call.head(question.path, len(body)) + body)
            rest, status = b"", 0
            while piece := line.recv(64 if pause else 65536):
                rest += piece
                time.sleep(pause)
                if not status and b"\r\n\r\n" in rest:
                    status, rest = int(rest.split(b" ", 2)[1]), rest.split(b"\r\n\r\n", 1)[1]
                    if status != 200:
                        return self.expect(status, (200,), "a stream")
                while status and b"\n\n" in rest:
                    event, rest = rest.split(b"\n\n", 1)
                    at = event.find(b"data: ")
                    if at < 0:
                        continue
                    if event[at + 6:] == b"[DONE]":
                        whole = True
                        break
                    said = json.loads(event[at + 6:])
                    if "error" in said:
                        self.tally.complain("error in a stream", str(said))
                        return status
                    if said.get("choices"):
                        text += Question.text(said)
                    pieces += 1
                if whole or (most is not None and pieces >= most):
                    break
        if not whole and most is None and not self.server.ended:
            raise ConnectionError("a stream ended without [DONE]")
        self.check(question, text, whole)
        return status

    def leaves(self, question: Question, rng: random.Random) -> int:
        return self.stream(question, rng, most=rng.randrange(1, 12))

    def slow_reader(self, question: Question, rng: random.Random) -> int:
        return self.stream(question, rng, pause=0.02)

    def leaves_at_once(self, question: Question, rng: random.Random) -> int:
        call, body = Call(self.server, question.tenant), question.data(stream=rng.random() < 0.5)
        with call.socket() as line:
            line.sendall(call.head(question.path, len(body)) + body[:rng.randrange(len(body) + 1)])
            time.sleep(rng.random() * 0.2)
        return 0

    def slow_sender(self, question: Question, rng: random.Random) -> int:
        call, body = Call(self.server, question.tenant), question.data()
        data = call.head(question.path, len(body)) + body
        with call.socket() as line:
            for place in range(0, len(data), len(data) // 8):
                line.sendall(data[place:place + len(data) // 8])
                time.sleep(0.1)
            answer = http.client.HTTPResponse(line)
            answer.begin()
            status, said = answer.status, answer.read()
        if status == 200:
            self.check(question, Question.text(json.loads(said)), whole=True)
        return self.expect(status, (200,), "a slow sender")

    def session(self, question: Question, rng: random.Random) -> int:
        """A prompt over WebSocket, whose answer is cancelled."""
        call = Call(self.server, question.tenant)
        with call.socket() as line:
            line.sendall((
                "GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Authorization: Bearer {call.key}\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
            reader = line.makefile("rb")
            status = int(reader.readline().split()[1])
            while reader.readline() not in (b"\r\n", b""):
                pass
            if status != 101:
                return self.expect(status, (101,), "a session")

            def say(message: dict) -> None:
                data = json.dumps(message).encode()
                size = bytes([128 + len(data)]) if len(data) < 126 else bytes([254]) + struct.pack(">H", len(data))
                line.sendall(b"\x81" + size + b"\0\0\0\0" + data)

            text = question.body.get("prompt") or question.body["messages"][0]["content"]
            say({"type": "session.update", "session": {"temperature": 0, "max_tokens": 200, "ignore_eos": True}})
            say({"type": "input_text.set", "text": text})
            say({"type": "response.create"})
            said = ""
            for number in range(2000):
                kind, size = reader.read(2)
                size &= 127
                if size == 126:
                    size = struct.unpack(">H", reader.read(2))[0]
                elif size == 127:
                    size = struct.unpack(">Q", reader.read(8))[0]
                data = reader.read(size)
                if kind & 15 != 1:
                    continue
                event = json.loads(data)
                if event["type"] == "response.chunk" and event["chunk"].get("choices"):
                    said += Question.text(event["chunk"])
                    if len(said) > 4:
                        say({"type": "response.cancel"})
                if event["type"] in ("response.done", "error"):
                    self.tally.add(f"session {event.get('status') or event['error']['code']}")
                    break
            if self.questions.foreign(question.tenant, said):
                self.tally.complain("foreign text", f"{question.tenant} read {said!r} in a session")
        return status

    # Asking as one should not

    def damaged(self, question: Question, rng: random.Random) -> int:
        body = bytearray(question.data())
        for _ in range(rng.randrange(1, 6)):
            if not body:
                break
            place = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    body[place] = rng.randrange(256)
                case 1:
                    del body[place:place + rng.randrange(1, 40)]
                case 2:
                    body[place:place] = rng.choice([b"[" * 5000, b"\xff\xfe", b"1e999999", b"null", b'"\\ud800"', b"{" * 100])
                case 3:
                    body = body[:place + 1]
        path = rng.choice([question.path, "/v1/messages", "/v1/responses", "/api/chat", "/completion", "/v1/embeddings"])
        answer = Call(self.server, question.tenant).ask("POST", path, bytes(body))
        # It may still be a request, about another text: its answer has to say nothing of others.
        if self.questions.foreign(question.tenant, said(answer.body)):
            self.tally.complain("foreign text", f"{question.tenant} read {answer.body[:200]!r} from a damaged request")
        return self.expect(answer.status, (200, 400, 413, 422, 501), f"a damaged body at {path}")

    def not_http(self, question: Question, rng: random.Random) -> int:
        head = Call(self.server, question.tenant).head(question.path, 5)
        noise = rng.choice([
            bytes(rng.randrange(256) for _ in range(200)) + b"\r\n\r\n",
            head.replace(b"Content-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
            head.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"zz\r\nhello\r\n",
            head.replace(b"Content-Length: 5", b"Content-Length: -5"),
            head.replace(b"Content-Length: 5", b"Content-Length: 99999999999999999999"),
            head.replace(b"Host:", b" Host:"),
        ])
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as line:
            line.sendall(noise)
            return self.refusal(line, "what is no HTTP")

    def huge_headers(self, question: Question, rng: random.Random) -> int:
        head = Call(self.server, question.tenant).head(question.path, 2)[:-2]
        many = rng.random() < 0.5
        more = b"".join(b"X-%d: 1\r\n" % n for n in range(300)) if many else b"X-Large: " + b"a" * 100_000 + b"\r\n"
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as line:
            try:
                line.sendall(head + more + b"\r\n{}")
            except OSError:
                pass  # it may stop reading
            return self.refusal(line, "huge headers")

    def refusal(self, line: socket.socket, what: str) -> int:
        """The status of what must be refused; 0 where the connection is just closed."""
        try:
            answer = line.recv(4096)
        except ConnectionError:
            return 0
        return self.expect(int(answer.split(b" ", 2)[1]), range(400, 500), what) if answer else 0

    def wrong_key(self, question: Question, rng: random.Random) -> int:
        key = rng.choice(["key-of-anne", "", "key-of-anna" * 50, "key-of-ann"]) or "x"
        call = Call(self.server, None, key)
        return self.expect(call.ask("POST", question.path, question.data()).status, (401,), "a wrong key")

    KINDS = {"plain": 44, "stream": 14, "leaves": 8, "leaves_at_once": 5, "slow_reader": 3, "slow_sender": 3, "session": 4,
             "damaged": 9, "not_http": 4, "huge_headers": 3, "wrong_key": 3}
    # Those that want whole answers: what the server's capacity is counted in.
    WHOLE = ("plain", "stream", "slow_reader", "slow_sender")

    def visit(self, seed: int) -> None:
        """One visit, by its number."""
        rng = random.Random(seed)
        kind = rng.choices(list(self.KINDS), list(self.KINDS.values()))[0]
        question, life = rng.choice(self.questions.all), self.server.life
        self.tally.add(f"visits: {kind}")
        try:
            status = getattr(self, kind)(question, rng)
            self.tally.add(f"status {status}" if status else "left, or closed")
        except (OSError, http.client.HTTPException, ValueError, IndexError) as error:
            if self.server.ended or self.server.life != life:
                self.tally.add("cut by kill -9")
            else:
                self.tally.complain("lost connection", f"{kind}: {error!r}")
