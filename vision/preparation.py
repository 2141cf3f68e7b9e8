"""From a file's bytes to an encoder's pixels: the work that must keep up with the model.

Threads suffice beside a model on the same processor, since Pillow releases the interpreter while it decodes.
A GPU outruns them, so worker processes prepare for it.  Serving prepares queries with the same function.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vision.decoding import decode_fast
from vision.encoders import Preprocessing
from vision.errors import UnreadableImageError


def prepare(data: bytes, preprocess: Preprocessing) -> NDArray[np.uint8]:
    """Decode a picture no larger than the encoder needs, and preprocess it.

    Raises:
        UnreadableImageError: With the reason why these bytes cannot be used.
    """
    decoded = decode_fast(data, at_least_px=preprocess.image_size_px)
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
    """Worker processes that prepare pictures for one encoder; start them once for many shards."""

    def __init__(self, preprocess: Preprocessing, workers: int) -> None:
        # Forking a process that holds a CUDA context or running threads breaks the child.
        self._pool = ProcessPoolExecutor(
            max_workers=workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(preprocess,),
        )

    def prepare_all(self, files: list[bytes]) -> list[NDArray[np.uint8] | UnreadableImageError]:
        """Prepare several files in one worker, and wait for it."""
        return self._pool.submit(_prepare_in_worker, files).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


_worker_preprocess: list[Preprocessing] = []


def _start_worker(preprocess: Preprocessing) -> None:
    _worker_preprocess[:] = [preprocess]


def _prepare_in_worker(files: list[bytes]) -> list[NDArray[np.uint8] | UnreadableImageError]:
    return prepare_all(files, _worker_preprocess[0])
