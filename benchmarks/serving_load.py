"""What does one serving process answer, and how soon, under load from another process?

A hundred thousand pieces of one picture each, 512 dimensions, from ``catalogue_vectors``, built and
promoted as the pipeline does.  The server is a process of its own; this one asks.  Words and pictures are
encoded with the shipped encoder, whose vectors are then lifted to 512 dimensions at random: its cost is
real, what it finds is not.  Caches of vectors and answers are off, so that every request is worked out.
Paced load asks at a rate, and a latency counts from when the request was due; unpaced load asks as fast as
some connections get answers.
"""

import argparse
import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from catalogue_vectors import DIMENSION, Generator
from hardware import hardware
from PIL import Image

from index_builds.pipeline import build_candidate
from index_builds.promotion import promote
from index_builds.queries import HELD_OUT, free_queries, held_out_queries
from index_builds.settings import GateSettings, IndexSettings
from index_builds.snapshots import SnapshotStore
from serving.app import create_app
from serving.house import ServedHouse
from serving.settings import ServingSettings
from storage.database import open_database
from storage.objects import LocalObjectStore
from vision.encoder_loader import EncoderLoader
from vision.encoders import EncoderSettings

OUT = Path(__file__).parent / "out" / "serving_load.json"
ENCODER_ID = "shipped, lifted to 512 dimensions"
_METALS = ("gold", "white gold", "rose gold", "silver", "platinum")
_STONES = ("emerald", "ruby", "sapphire", "diamond", "pearl", "topaz", "")
_FORMS = ("ring", "necklace", "bracelet", "earrings", "pendant", "brooch")
_CATEGORIES = ("ring", "necklace", "earrings", "bracelet", "pendant", "brooch", "watch", "anklet")


class Lifted:
    """The shipped encoder, its unit vectors multiplied into another dimension."""

    encoder_id = ENCODER_ID
    dimension = DIMENSION

    def __init__(self) -> None:
        self._inner = EncoderLoader(EncoderSettings(model="loupe-small")).load()
        self.preprocess, self.read_text = self._inner.preprocess, self._inner.read_text
        self._lift = (
            np.random.default_rng(1).normal(size=(self._inner.dimension, DIMENSION)).astype(np.float32)
        )

    def _lifted(self, vectors: np.ndarray) -> np.ndarray:
        drawn = vectors @ self._lift
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        """Encode, and lift."""
        return self._lifted(self._inner.encode_texts(texts))

    def encode_images(self, pixels: np.ndarray) -> np.ndarray:
        """Encode, and lift."""
        return self._lifted(self._inner.encode_images(pixels))


class Loaded:
    """Gives the one encoder."""

    def __init__(self) -> None:
        self._encoder = Lifted()

    def of(self, encoder_id: str) -> Lifted:  # noqa: ARG002 - as every loader is asked
        """Return it."""
        return self._encoder


def store_in(folder: Path) -> SnapshotStore:
    """Open the store of a folder."""
    engine = open_database(f"sqlite:///{folder / 'loupe.db'}")
    return SnapshotStore(engine, LocalObjectStore(folder / "objects"), folder / "cache")


def build(folder: Path, count: int) -> dict[str, float]:
    """Build and promote the catalogue; return what took how long."""
    generator = Generator()
    made = generator.catalogue(count)
    metadata = made.metadata.set_column(
        made.metadata.schema.get_field_index("piece_id"),
        "piece_id",
        pa.array([f"piece-{row:07d}" for row in range(count)]),
    ).set_column(
        made.metadata.schema.get_field_index("title"),
        "title",
        pa.array([f"A ring, or another piece, number {row}" for row in range(count)]),
    )
    queries = {
        HELD_OUT: held_out_queries(made.keys, made.vectors, None, count=100, seed=5),
        "text": free_queries(generator.text_queries(100)),
    }
    settings = IndexSettings(
        gate=GateSettings(bootstrap_samples=100, min_stratum_queries=50, audit_queries=20)
    )
    store = store_in(folder)
    start = time.perf_counter()
    manifest = build_candidate(
        store,
        collection="house",
        encoder_id=ENCODER_ID,
        keys=made.keys,
        vectors=made.vectors,
        metadata=metadata,
        tier_of=np.where(np.arange(count) % 5 == 0, "hot", "warm"),
        queries=queries,
        settings=settings,
        upstream={},
        run_id=None,
    )
    built = time.perf_counter() - start
    promote(
        store,
        "house",
        manifest.snapshot_id,
        settings=settings.gate,
        actor="benchmark",
        moved_at=datetime.now(UTC),
    )
    return {"build_s": round(built, 1), "promote_s": round(time.perf_counter() - start - built, 1)}


def serve(folder: Path, port: int) -> None:
    """Serve the folder's catalogue until a signal comes."""
    import uvicorn

    faiss.omp_set_num_threads(1)
    settings = ServingSettings(embedding_cache_entries=0, result_cache_mb=0, threads=2, waiting=500)
    store = store_in(folder)
    house = ServedHouse(
        labels={"house": "The house"},
        default_collection="house",
        store=store,
        engine=store.engine,
        objects=store.objects,
        encoder=Loaded(),  # type: ignore[arg-type]
        settings=settings,
        copies=folder / "copies",
    )
    uvicorn.run(
        create_app(house, settings), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )


class Connection:
    """A connection that is kept; as little HTTP as it takes, so that asking costs little beside answering."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> "Connection":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def ask(self, request: bytes) -> int:
        """Send a request, read all of its answer, and return the status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def load(
    port: int, request: Callable[[int], bytes], *, count: int, rate: float | None, connections: int
) -> dict[str, float]:
    """Ask some requests and return requests/s, latencies, and how many failed.

    Args:
        port: Of the server.
        request: Gives the bytes of each.
        count: How many.
        rate: Per second; None for as fast as the connections get answers.
        connections: How many are open.
    """
    open_ones = [await Connection(port).open() for _ in range(connections)]
    spent: list[float] = []
    failed = 0
    numbers = iter(range(count))
    start = time.perf_counter()

    async def worker(connection: Connection) -> None:
        nonlocal failed
        for number in numbers:
            due = time.perf_counter() if rate is None else start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            status = await connection.ask(request(number))
            spent.append((time.perf_counter() - due) * 1_000)
            failed += status != 200

    await asyncio.gather(*(worker(one) for one in open_ones))
    elapsed = time.perf_counter() - start
    for one in open_ones:
        one.close()
    return {
        "requests": count,
        "requests_per_s": round(count / elapsed, 1),
        "p50_ms": round(float(np.percentile(spent, 50)), 1),
        "p95_ms": round(float(np.percentile(spent, 95)), 1),
        "p99_ms": round(float(np.percentile(spent, 99)), 1),
        "failed": failed,
    }


def get(path: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post_picture(data: bytes) -> bytes:
    """Return the bytes of an image search."""
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="pictures"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--edge--\r\n"
    )
    head = (
        "POST /v1/search/image HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def pictures(count: int) -> list[bytes]:
    """Return smooth JPEGs of 800 pixels."""
    random = np.random.default_rng(3)
    made = []
    for _ in range(count):
        small = Image.fromarray(random.integers(0, 255, size=(12, 12, 3), dtype=np.uint8))
        sink = io.BytesIO()
        small.resize((800, 800), Image.Resampling.BICUBIC).save(sink, "JPEG", quality=88)
        made.append(sink.getvalue())
    return made


async def measure(port: int, count: int, seconds: float) -> dict[str, dict[str, float]]:
    """Return the figures of every kind of question."""
    random = np.random.default_rng(9)
    few = random.choice(count, min(500, count), replace=False)
    many = random.integers(count, size=200_000)
    shown = [post_picture(data) for data in pictures(16)]

    def words(number: int) -> str:
        parts = (_METALS[number % 5], _STONES[number // 5 % 7], _FORMS[number // 35 % 6])
        return "%20".join(" ".join(parts).split())

    def filtered(number: int) -> bytes:
        asked = (
            f"category={_CATEGORIES[number % 8]}&currency=EUR&price_min_minor={2_000 + 100 * (number % 20)}"
        )
        return get(f"/v1/search/text?q={words(number)}&{asked}")

    kinds: dict[str, tuple[Callable[[int], bytes], float | None, int]] = {
        "similar, asked for the first time": (
            lambda number: get(f"/v1/pieces/piece-{many[number]:07d}/similar"), None, 8,
        ),
        "similar, asked again": (
            lambda number: get(f"/v1/pieces/piece-{few[number % len(few)]:07d}/similar"), None, 8,
        ),
        "similar at 600/s": (
            lambda number: get(f"/v1/pieces/piece-{few[number % len(few)]:07d}/similar"), 600.0, 16,
        ),
        "text at 100/s": (lambda number: get(f"/v1/search/text?q={words(number)}"), 100.0, 32),
        "filtered text at 100/s": (filtered, 100.0, 32),
        "image at 40/s": (lambda number: shown[number % len(shown)], 40.0, 32),
    }  # fmt: skip
    figures = {}
    for name, (request, rate, connections) in kinds.items():
        await load(port, request, count=20, rate=None, connections=2)
        asked = max(20, int((rate or 500.0) * seconds))
        figures[name] = await load(port, request, count=asked, rate=rate, connections=connections)
        print(f"{name:36}" + "  ".join(f"{key} {value}" for key, value in figures[name].items()))
    return figures


def main() -> None:
    """Build, start the server, ask, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--folder", type=Path, help="Keep the catalogue here, or take the one that is here.")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.folder, arguments.serve)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        built = {} if (folder / "loupe.db").exists() else build(folder, arguments.count)
        print(built)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = [sys.executable, __file__, "--folder", str(folder), "--serve", str(port)]
        server = subprocess.Popen(own, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            ready_s = wait_for(port, server)
            figures = asyncio.run(measure(port, arguments.count, arguments.seconds))
            statm = Path(f"/proc/{server.pid}/statm")
            resident = int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else None
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
    result = {
        "hardware": hardware(),
        "pieces": arguments.count,
        "dimension": DIMENSION,
        **built,
        "ready_s": ready_s,
        "resident_mb": resident,
        "figures": figures,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2))
    print(json.dumps(result["hardware"]), f"ready after {ready_s} s, resident {resident} MB")


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> float:
    """Return the seconds until the server is ready."""
    start = time.perf_counter()
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return round(time.perf_counter() - start, 1)
        except OSError:
            time.sleep(0.2)
    message = f"the server ended with {server.returncode} before it was ready: its output says why"
    raise RuntimeError(message)


if __name__ == "__main__":
    main()
