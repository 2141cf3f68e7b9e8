"""A house on a real port of this machine, served from a thread."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from serving.app import create_app
from serving.house import ServedHouse


@contextmanager
def listening(house: ServedHouse) -> Iterator[str]:
    """Serve a house on a free port; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        app = create_app(house, house.settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
        thread = Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        while not server.started:  # bound is not listening: who connects before would be refused
            assert thread.is_alive(), "the server ended while it started"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        thread.join()
