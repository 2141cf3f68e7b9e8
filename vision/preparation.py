"""From a file's bytes to an encoder's pixels: the work that must keep up with the model.

Threads suffice beside a model on the same processor, since Pillow releases the interpreter while it decodes.
A GPU outruns them, so worker processes prepare for it.  Serving prepares queries with the same function.
"""

import math
import multiprocessing
import queue
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vision.decoding import decode_fast
from vision.encoders import Preprocessing
from vision.errors import UnreadableImageError

_FILES_PER_BLOCK = 4


def prepare(data: bytes, preprocess: Preprocessing) -> NDArray[np.uint8]:
    """Decode a picture no larger than the encoder needs, and preprocess it.

    Raises:
        UnreadableImageError: With the reason why these bytes cannot be used.
    """
    decoded = decode_fast(data, at_least_px=preprocess.decode_px)
    return preprocess(decoded.image)


def prepare_all(
    files: list[bytes], preprocess: Preprocessing
) -> list[NDArray[np.uint8] | UnreadableImageError]:
    """Prepare several files; one that cannot be used gives its error in its place."""
    prepared: list[NDArray[np.uint8] | UnreadableImageError] = []
    for data in files:
        try:
            prepared.append(prepare(data, preprocess))
        except UnreadableImageError as error:
            prepared.append(error)
    return prepared


class PreparationProcesses:
    """Worker processes that prepare pictures for one encoder; start them once for many shards.

    Pixels come back through memory that both sides have mapped: through the pool's one pipe, pickled and
    unpickled, they would take longer than a GPU takes to encode them.
    """

    def __init__(self, preprocess: Preprocessing, workers: int) -> None:
        self._block_bytes = _FILES_PER_BLOCK * 3 * preprocess.image_size_px**2
        blocks = 2 * workers
        self._file = _mapped_file(blocks * self._block_bytes)
        self._memory = np.memmap(self._file.name, dtype=np.uint8, mode="r+")
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for block in range(blocks):
            self._free.put(block * self._block_bytes)
        # Forking a process that holds a CUDA context or running threads breaks the child.
        self._pool = ProcessPoolExecutor(
            max_workers=workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(preprocess, self._file.name),
        )

    def prepare_all(self, files: list[bytes]) -> list[NDArray[np.uint8] | UnreadableImageError]:
        """Prepare several files, and wait for them; one that cannot be used gives its error in its place."""
        prepared: list[NDArray[np.uint8] | UnreadableImageError] = []
        for start in range(0, len(files), _FILES_PER_BLOCK):
            prepared += self._prepare_block(files[start : start + _FILES_PER_BLOCK])
        return prepared

    def _prepare_block(self, files: list[bytes]) -> list[NDArray[np.uint8] | UnreadableImageError]:
        offset = self._free.get()  # waits while every block is in work: as many as keep the workers busy
        try:
            results = self._pool.submit(_prepare_in_worker, files, offset, self._block_bytes).result()
            prepared: list[NDArray[np.uint8] | UnreadableImageError] = []
            for result in results:
                if isinstance(result, _Placed):
                    prepared.append(np.array(_view(self._memory, result)))
                else:
                    prepared.append(result)
            return prepared
        finally:
            self._free.put(offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where in the mapped memory a picture's pixels lie."""

    offset: int
    shape: tuple[int, ...]


def _view(memory: NDArray[np.uint8], placed: _Placed) -> NDArray[np.uint8]:
    return memory[placed.offset : placed.offset + math.prod(placed.shape)].reshape(placed.shape)


def _mapped_file(size: int) -> "tempfile._TemporaryFileWrapper[bytes]":
    """Return a file that is whole in memory where there is room for it, else on disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a file of a random name, opened for its owner alone
    # Containers often get 64 MB of it, and a process that writes beyond that is killed.
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > 2 * size
    where = memory if has_room else None
    file = tempfile.NamedTemporaryFile(prefix="loupe-pixels-", dir=where)  # noqa: SIM115 - the pool closes it
    file.truncate(size)
    return file


_worker_preprocess: list[Preprocessing] = []
_worker_memory: list[NDArray[np.uint8]] = []


def _start_worker(preprocess: Preprocessing, mapped: str) -> None:
    import cv2

    cv2.setNumThreads(1)  # there is a process for every core already
    _worker_preprocess[:] = [preprocess]
    _worker_memory[:] = [np.memmap(mapped, dtype=np.uint8, mode="r+")]


def _prepare_in_worker(
    files: list[bytes], offset: int, size: int
) -> list[_Placed | NDArray[np.uint8] | UnreadableImageError]:
    end = offset + size
    answers: list[_Placed | NDArray[np.uint8] | UnreadableImageError] = []
    for result in prepare_all(files, _worker_preprocess[0]):
        if isinstance(result, UnreadableImageError) or offset + result.size > end:
            answers.append(result)
            continue
        placed = _Placed(offset, result.shape)
        _view(_worker_memory[0], placed)[:] = result
        answers.append(placed)
        offset += result.size
    return answers
