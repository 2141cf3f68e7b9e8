"""Other libraries on the same vectors: each in an environment of its own, in a process of its own.

What they found comes back unjudged from ``peer_worker`` and is judged like Loupe's.  A library that does not
install, or fails, is reported by name with the last line it wrote; the others go on.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# All but autofaiss are the newest of 2026-11.
PINS: dict[str, tuple[str, ...]] = {
    "hnswlib": ("hnswlib==0.8.0", "numpy==2.4.6"),
    "usearch": ("usearch==2.26.6", "numpy==2.4.6"),
    "scann": ("scann==1.4.2", "numpy==2.4.6"),
    # autofaiss 2.18 needs FAISS up to 1.8, that FAISS NumPy 1, and the newest pyarrow NumPy 2.  Drop the pins
    # when autofaiss runs on a newer FAISS.
    "autofaiss": ("autofaiss==2.18.0", "faiss-cpu==1.8.0.post1", "numpy==1.26.4", "pyarrow==19.0.1"),
}
_PATIENCE_SECONDS = 7_200
_READY = "installed.json"

Judge = Callable[[str, NDArray[np.int64], NDArray[np.float64]], dict[str, float]]


class PeerFailedError(Exception):
    """A peer cannot be measured here; the message is the last line that it, or pip, wrote."""


def environment(peer: str, folder: Path, *, install: bool) -> Path:
    """Return the Python of a peer's environment, made when it is missing or has other versions.

    Raises:
        PeerFailedError: If it is missing and must not be installed, or cannot be.
    """
    home = folder.resolve() / peer
    python, ready = home / "bin" / "python", home / _READY
    if ready.is_file() and json.loads(ready.read_text()) == list(PINS[peer]):
        return python
    if not install:
        message = f"{home} holds no {PINS[peer][0]}, and nothing is installed without --install"
        raise PeerFailedError(message)
    print(f"installing {' '.join(PINS[peer])} into {home}", flush=True)
    home.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(home)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS[peer]])
    ready.write_text(json.dumps(list(PINS[peer])))
    return python


def write_inputs(folder: Path, vectors: NDArray[np.float32], queries: dict[str, NDArray[np.float32]]) -> None:
    """Write what every peer reads: the vectors in a folder of their own, and each family of queries."""
    (folder / "vectors").mkdir(parents=True)
    np.save(folder / "vectors" / "vectors.npy", vectors)
    for family, rows in queries.items():
        np.save(folder / f"{family}.npy", rows)


def measure_peer(
    peer: str,
    inputs: Path,
    judge: Judge,
    *,
    environments: Path,
    install: bool,
    threads: int,
    memory_mb: float,
) -> dict[str, Any]:
    """Build and ask one peer; return its indexes with every point judged, or why there are none.

    Args:
        peer: Its name in ``PINS``.
        inputs: What :func:`write_inputs` filled; the peer writes below it.
            judge: Gives the figures of one family from the rows found and the milliseconds.
        memory_mb: The budget, for autofaiss.
    """
    out = inputs / peer
    try:
        python = environment(peer, environments, install=install)
        print(f"{peer}: building", flush=True)
        arguments = [peer, str(inputs), str(out), f"--threads={threads}"]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") // 2_000_000
        arguments += [f"--memory-mb={memory_mb:g}", f"--available-mb={memory}"]
        _run([str(python), str(Path(__file__).with_name("peer_worker.py")), *arguments])
    except PeerFailedError as error:
        print(f"{peer}: not measured: {error}", flush=True)
        return {"peer": peer, "pins": PINS[peer], "not_measured": str(error), "indexes": []}
    return {"peer": peer, "pins": PINS[peer], "indexes": _judged(out, len(_vectors(inputs)), judge)}


def _vectors(inputs: Path) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = np.load(inputs / "vectors" / "vectors.npy", mmap_mode="r")
    return vectors


def _judged(out: Path, count: int, judge: Judge) -> list[dict[str, Any]]:
    indexes = []
    with np.load(out / "answers.npz") as answers:
        for number, told in enumerate(json.loads((out / "report.json").read_text())):
            points = []
            for place, parameters in enumerate(told["settings"]):
                names = {name.split()[2] for name in answers.files if name.startswith(f"{number} {place} ")}
                point: dict[str, Any] = {"parameters": parameters}
                for family in sorted(names):
                    key = f"{number} {place} {family}"
                    point[family] = judge(family, answers[f"{key} found"], answers[f"{key} milliseconds"])
                points.append(point)
            indexes.append(
                {
                    "index": told["index"],
                    "version": told["version"],
                    "build_seconds": told["build_seconds"],
                    "bytes_per_vector": round(told["bytes"] / count, 1),
                    "chosen": told["chosen"],
                    "points": points,
                }
            )
    return indexes


def _run(command: list[str]) -> None:
    """Run a command, showing its output as it comes; raise PeerFailedError with the last line if it fails."""
    environ = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environ
    ) as process:
        patience = threading.Timer(_PATIENCE_SECONDS, process.kill)
        patience.start()
        last = "nothing"
        for line in process.stdout or ():
            print(f"    {line.rstrip()}", flush=True)
            last = line.strip() or last
        patience.cancel()
    if process.returncode:
        message = f"{Path(command[0]).name} ended with {process.returncode}: {last}"
        raise PeerFailedError(message)
