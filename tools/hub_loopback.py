"""A hub on loopback for tools/hub-interop.sh: serves folders as repositories, as huggingface.co does.

usage: hub_loopback.py FOLDER LOG [--rate BYTES_PER_SECOND]

FOLDER holds owner/name/files. Large files (safetensors, GGUF) are redirected to a second port with a signed address.
The first line of standard output is the address of the hub. LOG gets a line for each answer: port, method, path, the
bytes of the body that were sent, and whether a token came with it. Standard library alone.
"""

import functools
import hashlib
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT, LOG = sys.argv[1], sys.argv[2]
RATE = int(sys.argv[4]) if len(sys.argv) > 4 else 0
LARGE = (".safetensors", ".gguf")
log_lock = threading.Lock()


def content(path):
    with open(path, "rb") as file:
        return file.read()


@functools.lru_cache(maxsize=None)
def describe(path):
    """Bytes, git's blob id, and the SHA-256 of a file."""
    data = content(path)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return data, blob, hashlib.sha256(data).hexdigest()


def files(repository):
    top = os.path.join(ROOT, repository)
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            yield os.path.relpath(path, top), path


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    is_content = False

    def log_message(self, *arguments):
        pass

    def reply(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = 0
        try:
            if self.command != "HEAD":
                step = max(1, RATE // 50) if RATE and self.is_content else len(body) or 1
                while sent < len(body):
                    self.wfile.write(body[sent : sent + step])
                    sent += len(body[sent : sent + step])
                    if RATE and self.is_content:
                        time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            port = "content" if self.is_content else "hub"
            token = "token" if self.headers.get("Authorization") else "-"
            with log_lock, open(LOG, "a") as log:
                log.write(f"{port} {self.command} {self.path.split('?')[0]} {sent} {token}\n")

    def part(self, data, headers):
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes="):
            return self.reply(200, headers, data)
        first, last = wanted[6:].split("-")
        first, last = int(first), min(int(last or len(data) - 1), len(data) - 1)
        if first >= len(data):
            return self.reply(416, [("Content-Range", f"bytes */{len(data)}")])
        headers = headers + [("Content-Range", f"bytes {first}-{last}/{len(data)}")]
        self.reply(206, headers, data[first : last + 1])

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        (self.serve_content if self.is_content else self.serve_hub)(parts)

    def serve_content(self, parts):
        if self.headers.get("Authorization"):
            return self.reply(400, [], b"one proof is enough")
        for repository in (f"{o}/{n}" for o in os.listdir(ROOT) for n in os.listdir(os.path.join(ROOT, o))):
            for _, path in files(repository):
                if path.endswith(LARGE):
                    data, _, sha256 = describe(path)
                    if sha256 == parts[-1]:
                        return self.part(data, [("ETag", '"content"'), ("Accept-Ranges", "bytes")])
        self.reply(404, [])

    def serve_hub(self, parts):
        if parts[:2] == ["api", "models"] and len(parts) >= 4:
            return self.serve_api("/".join(parts[2:4]), parts[4:])
        if len(parts) >= 5 and parts[2] == "resolve":
            return self.serve_file("/".join(parts[:2]), "/".join(parts[4:]))
        self.reply(404, [])

    def serve_api(self, repository, rest):
        if not os.path.isdir(os.path.join(ROOT, repository)):
            return self.reply(404, [("X-Error-Code", "RepoNotFound")])
        if rest[1:] and rest[1] not in ("main", COMMIT):
            return self.reply(404, [("X-Error-Code", "RevisionNotFound")])
        entries = []
        for name, path in sorted(files(repository)):
            data, blob, sha256 = describe(path)
            entry = {"type": "file", "path": name, "size": len(data), "oid": blob}
            if name.endswith(LARGE):
                entry["oid"] = hashlib.sha1(sha256.encode()).hexdigest()
                entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 134}
            entries.append(entry)
        if rest[:1] == ["tree"]:
            answer = entries
        else:
            siblings = [{"rfilename": entry["path"]} for entry in entries]
            answer = {
                "id": repository, "sha": COMMIT, "private": False, "gated": False, "disabled": False,
                "downloads": 0, "likes": 0, "tags": [], "siblings": siblings,
            }
        self.reply(200, [("Content-Type", "application/json")], json.dumps(answer).encode())

    def serve_file(self, repository, name):
        path = os.path.join(ROOT, repository, name)
        headers = [("X-Repo-Commit", COMMIT)]
        if not os.path.isfile(path):
            return self.reply(404, headers + [("X-Error-Code", "EntryNotFound")])
        data, blob, sha256 = describe(path)
        if not name.endswith(LARGE):
            return self.part(data, headers + [("ETag", f'"{blob}"')])
        address = f"http://127.0.0.1:{contents.server_port}/{sha256}?Signature=secret"
        headers += [
            ("X-Linked-Etag", f'"{sha256}"'), ("X-Linked-Size", str(len(data))), ("Location", address),
            ("ETag", '"pointer"'),
        ]
        self.reply(302, headers)


class Content(Answer):
    is_content = True


contents = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Content)
hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=contents.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{hub.server_port}", flush=True)
hub.serve_forever()
