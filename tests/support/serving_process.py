"""``loupe serve`` in a process of its own, as people start it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import yaml
from flow_house import PROJECT


def serving_config(folder, **serving):
    """Write settings of a deployment in which nothing is promoted; return their file."""
    document = yaml.safe_load((PROJECT / "loupe.yaml").read_text())
    path = folder / "loupe.yaml"
    path.write_text(yaml.safe_dump({**document, "serving": {"poll_seconds": 1.0, **serving}}))
    return path


class Serving:
    """A running server: its process, its port, and what it said once it has ended."""

    def __init__(self, process, port):
        self.process, self.port = process, port
        self.said = ""

    def get(self, path, **options):
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", **options)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def end(self):
        """Ask it to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if not self.said:
            self.said, _ = self.process.communicate(timeout=60)


@contextlib.contextmanager
def serving(config, *, workers=1):
    """Start a server, wait until it answers, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "orchestration.cli.main", "--config", str(config), "serve",
            "--port", str(port), "--workers", str(workers),
        ],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    one = Serving(process, port)
    try:
        for _ in range(1_200):
            assert process.poll() is None, process.stdout.read()
            with contextlib.suppress(httpx.TransportError):
                assert one.get("/healthz").json() == {"status": "alive"}
                break
            time.sleep(0.1)
        yield one
    finally:
        one.end()
