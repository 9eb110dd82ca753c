"""A server that a script starts, waits for and ends. Imported by the scripts beside it and by those of Benchmarks."""

from __future__ import annotations

import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request


def free_port() -> int:
    """A port of 127.0.0.1 that nobody had a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until_ready(port: int, process: subprocess.Popen | None = None, log: pathlib.Path | None = None,
                     seconds: float = 120) -> None:
    """Returns when /health says 200. Ends the script when the process ends first, or takes longer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            said = log.read_text(errors="replace")[-2000:] if log else ""
            sys.exit(f"the server did not start: status {process.returncode}\n{said}".rstrip())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"nobody answers at port {port} after {seconds:.0f} seconds")


class Served:
    """A server's process from its start until it is told to end.

    The command is given the port that was found. What it writes goes to `log`, or to a file that is shown when it does
    not start.
    """

    def __init__(self, command: list[str], port: int | None = None, log: pathlib.Path | None = None,
                 grace: float = 60) -> None:
        self.port = port or free_port()
        self.command, self.grace = command + ([] if port else ["--port", str(self.port)]), grace
        self.own = None if log else tempfile.TemporaryDirectory()
        self.log = log or pathlib.Path(self.own.name) / "log"
        self.process: subprocess.Popen | None = None

    def start(self) -> Served:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output)
        wait_until_ready(self.port, self.process, self.log)
        return self

    def stop(self) -> int:
        """Its status after SIGTERM, or after SIGKILL where it does not end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(self.grace)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Served:
        return self.start()

    def end(self) -> None:
        """Whatever became of it, nothing is left."""
        if self.process and self.process.poll() is None:
            self.stop()
        if self.own:
            self.own.cleanup()

    def __exit__(self, *_: object) -> None:
        self.end()
