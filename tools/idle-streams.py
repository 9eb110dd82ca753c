#!/usr/bin/env python3
"""What many clients cost a server that say nothing.

    python3 tools/idle-streams.py .build/release/martlet builtin --count 10000

Starts `martlet serve`, opens COUNT connections, each of which is answered once and stays, then as many sessions (WebSocket),
and prints for both: the server's resident memory for each, its processor time in a second while nobody says anything, and
how long one more client waits for its answer. Exits with 1 where one was refused or lost, or the next is not answered within
a second. Needs a limit of open files above COUNT (`ulimit -n`). Linux; nothing outside 127.0.0.1 is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import pathlib
import statistics
import sys
import tempfile
import time

from served import Served

AT_ONCE = 64
# Fewer than one key may have (32).
SESSIONS_OF_A_KEY = 24
HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def upgrade(number: int) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (f"GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Authorization: Bearer key-{number // SESSIONS_OF_A_KEY}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()


def resident(process: int) -> int:
    """Bytes."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("the system does not tell what a process holds")


def processor(process: int) -> float:
    """Seconds since its start."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def head(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Status and length of an answer."""
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lengths = [line.partition(":")[2] for line in text.split("\r\n") if line.lower().startswith("content-length:")]
    return int(text.split(" ", 2)[1]), int(lengths[0]) if lengths else 0


async def open_one(port: int, session: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    writer.write(HEALTH if session is None else upgrade(session))
    status, length = await head(reader)
    if length:
        await reader.readexactly(length)
    if status != (200 if session is None else 101):
        raise RuntimeError(f"status {status}")
    return reader, writer


async def visit(server: Served, count: int, are_sessions: bool) -> bool:
    """Opens all, waits, asks once more and leaves. Whether all went well."""
    process = server.process.pid
    before, start = resident(process), time.monotonic()
    turns, lost, held = asyncio.Semaphore(AT_ONCE), 0, []

    async def one(number: int) -> None:
        nonlocal lost
        async with turns:
            try:
                held.append(await open_one(server.port, number if are_sessions else None))
            except (OSError, RuntimeError, EOFError) as error:
                lost += 1
                if lost == 1:
                    print(f"refused: {error}", file=sys.stderr)

    await asyncio.gather(*(one(number) for number in range(count)))
    opened = time.monotonic() - start
    await asyncio.sleep(2)
    bytes_each = (resident(process) - before) / max(len(held), 1)
    used = processor(process)
    await asyncio.sleep(10)
    used = (processor(process) - used) / 10
    waits = []
    for _ in range(20):
        start = time.monotonic()
        _, writer = await open_one(server.port)
        waits.append(time.monotonic() - start)
        writer.close()
    closed = sum(reader.at_eof() for reader, _ in held)
    for _, writer in held:
        writer.close()
    name = "sessions" if are_sessions else "connections"
    print(f"{len(held):,} {name}: opened in {opened:.1f} s, {bytes_each / 1000:.1f} kB each, {used * 1000:.0f} ms of a processor a "
          f"second, the next is answered in {statistics.median(waits) * 1000:.1f} ms (at most {max(waits) * 1000:.1f}); "
          f"{lost} refused, {closed} closed by the server")
    await asyncio.sleep(2)
    return lost == 0 and closed == 0 and max(waits) < 1


def main() -> None:
    parser = argparse.ArgumentParser(description="What clients cost a server that say nothing.")
    parser.add_argument("martlet")
    parser.add_argument("model")
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keys = pathlib.Path(folder) / "keys"
        keys.write_text("".join(f"tenant{i}:key-{i}\n" for i in range(options.count // SESSIONS_OF_A_KEY + 1)))
        command = [options.martlet, "serve", options.model, "--memory", "64MB", "--api-key-file", str(keys)]
        went_well = []
        for are_sessions in (False, True):  # a process each: freed memory would serve the second
            with Served(command, log=pathlib.Path(folder) / "stderr") as server:
                went_well.append(asyncio.run(visit(server, options.count, are_sessions)))
    sys.exit(0 if all(went_well) else 1)


if __name__ == "__main__":
    main()
