"""Vectors for the images of one shard that have none yet.

Reading, decoding, the model and writing overlap.  Every batch that reaches the model has the same shape,
filled up with black where pictures run out: the last bits of a vector depend on the batch's shape, so that a
vector would otherwise depend on what a killed run had already done.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from storage.objects import ObjectMissingError, ObjectStore, digest_key, sha256_hex
from vision.embedding_parts import present_keys, write_part
from vision.encoders import Encoder
from vision.errors import UnreadableImageError
from vision.preparation import PreparationProcesses, prepare_all

_IMAGES_PER_TASK = 4
_BATCHES_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingReport:
    """What one run did for one shard.

    Attributes:
        embedded: Images that got a vector now.
        already: Wanted images that had one.
        failed: ``(image_id, reason)`` of those that cannot have one: a reason code of
            ``UnreadableImageError``, ``missing`` or ``damaged_in_store`` for the stored bytes,
            ``no_direction`` for what the model made of them.
        parts: Object keys of the parts that were written.
        seconds: How long it took.
    """

    embedded: int
    already: int
    failed: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Return how many images got a vector per second."""
        return self.embedded / self.seconds if self.seconds > 0.0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    key: int
    image_id: str
    pixels: NDArray[np.uint8] | None
    reason: str = ""


def embed_shard(
    objects: ObjectStore,
    encoder: Encoder,
    shard: int,
    wanted: Sequence[tuple[int, str]],
    *,
    batch_size: int | None = None,
    workers: int = 2,
    part_size: int = 256,
    preparation: PreparationProcesses | None = None,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> EmbeddingReport:
    """Embed those of the wanted images that have no vector of this encoder, and store the vectors in parts.

    A run that is killed loses the part it was working on; the next one goes on from there, with the same
    result. What the object store raises ends the run: it concerns every image, and the run is repeated as a
    whole.

    Args:
        objects: Holds the original bytes under ``images/`` and takes the parts.
        encoder: The model.
        shard: Which shard of the images this is.
        wanted: ``(image_key, image_id)`` of every image that should have a vector; the order does not matter.
        batch_size: Pictures per call of the model; the encoder's own by default.
        workers: Threads, or beside a GPU processes, that read and decode.
        part_size: Images per part, rounded to whole batches.
        preparation: Running worker processes for this encoder; beside a GPU they are started here when not
            given.
        cache: A folder for downloaded parts, where the store is remote.
        on_progress: Called after each stored part with the images dealt with and the images to deal with.

    Raises:
        ValueError: If two different images have the same key.
        EmbeddingPartError: If a stored part of this shard is damaged.
    """
    started = time.perf_counter()
    pending, already = _pending(wanted, present_keys(objects, encoder.encoder_id, shard, cache))
    size = batch_size or encoder.batch_size
    run = _Run(objects, encoder, shard, total=len(pending), part_size=part_size, on_progress=on_progress)
    if pending:
        with ExitStack() as stack:
            if preparation is None and encoder.on_gpu:
                preparation = stack.enter_context(PreparationProcesses(encoder.preprocess, workers))
            # A thread that waits for a process costs nothing; twice as many keep every process busy.
            threads = workers if preparation is None else 2 * workers
            loading = _pool(stack, threads, "loupe-load")
            # Beside a GPU one batch is filled and one fetched while a third is being encoded.
            in_work = 3 if encoder.on_gpu else 1
            encoding = _pool(stack, in_work, "loupe-encode")
            buffers = _Buffers(encoder, size)
            pictures = _load(
                objects, encoder, pending, loading, preparation, ahead=_BATCHES_AHEAD * size + threads
            )
            in_flight: deque[Future[_Batch]] = deque()
            for batch in _batches(pictures, size, run.fail):
                in_flight.append(encoding.submit(_encode, encoder, batch, buffers))
                while len(in_flight) > in_work:
                    run.take(in_flight.popleft().result())
            while in_flight:
                run.take(in_flight.popleft().result())
            run.finish()
    return EmbeddingReport(
        embedded=run.embedded,
        already=already,
        failed=tuple(run.failed),
        parts=tuple(run.parts),
        seconds=time.perf_counter() - started,
    )


def _pending(
    wanted: Sequence[tuple[int, str]], present: NDArray[np.int64]
) -> tuple[list[tuple[int, str]], int]:
    """Return the images without a vector, by key, and how many have one."""
    by_key: dict[int, str] = {}
    for key, image_id in wanted:
        other = by_key.setdefault(key, image_id)
        if other != image_id:
            message = f"images {other} and {image_id} have the same key {key}: one must leave the catalogue"
            raise ValueError(message)
    has_vector = set(present.tolist())
    pending = sorted((key, image_id) for key, image_id in by_key.items() if key not in has_vector)
    return pending, len(by_key) - len(pending)


def _pool(stack: ExitStack, threads: int, name: str) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
    stack.callback(pool.shutdown, wait=True, cancel_futures=True)
    return pool


def _load(
    objects: ObjectStore,
    encoder: Encoder,
    pending: list[tuple[int, str]],
    pool: ThreadPoolExecutor,
    preparation: PreparationProcesses | None,
    ahead: int,
) -> Iterator[_Picture]:
    """Yield every pending image in order, decoded; about ``ahead`` of them are in work at any time."""
    running: deque[Future[list[_Picture]]] = deque()
    for start in range(0, len(pending), _IMAGES_PER_TASK):
        task = pending[start : start + _IMAGES_PER_TASK]
        running.append(pool.submit(_load_some, objects, encoder, task, preparation))
        if len(running) * _IMAGES_PER_TASK >= ahead:
            yield from running.popleft().result()
    while running:
        yield from running.popleft().result()


def _load_some(
    objects: ObjectStore,
    encoder: Encoder,
    images: list[tuple[int, str]],
    preparation: PreparationProcesses | None,
) -> list[_Picture]:
    read = [(key, image_id, *read_original(objects, image_id)) for key, image_id in images]
    files = [data for _, _, data, _ in read if data is not None]
    if preparation is not None:
        prepared = iter(preparation.prepare_all(files))
    else:
        prepared = iter(prepare_all(files, encoder.preprocess))
    pictures = []
    for key, image_id, data, reason in read:
        result = next(prepared) if data is not None else None
        if isinstance(result, UnreadableImageError):
            pictures.append(_Picture(key=key, image_id=image_id, pixels=None, reason=result.reason))
        else:
            pictures.append(_Picture(key=key, image_id=image_id, pixels=result, reason=reason))
    return pictures


def read_original(objects: ObjectStore, image_id: str) -> tuple[bytes | None, str]:
    """Return a picture's stored bytes and ``""``, or None and why not: ``missing``, ``damaged_in_store``."""
    try:
        data = objects.get(digest_key("images", image_id))
    except ObjectMissingError:
        return None, "missing"
    if sha256_hex(data) != image_id:
        return None, "damaged_in_store"
    return data, ""


def _batches(
    pictures: Iterator[_Picture], size: int, fail: Callable[[str, str], None]
) -> Iterator[list[_Picture]]:
    batch: list[_Picture] = []
    for picture in pictures:
        if picture.pixels is None:
            fail(picture.image_id, picture.reason)
            continue
        batch.append(picture)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    images: list[tuple[int, str]]
    vectors: NDArray[np.float32]


class _Buffers:
    """Arrays for whole batches, used again and again; page-locked beside a GPU, and locking takes long."""

    def __init__(self, encoder: Encoder, size: int) -> None:
        self._encoder = encoder
        self._size = size
        self._free: SimpleQueue[NDArray[np.uint8]] = SimpleQueue()

    @contextmanager
    def one(self, picture: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
        try:
            buffer = self._free.get_nowait()
        except Empty:
            buffer = self._encoder.empty_batch((self._size, *picture))
        try:
            yield buffer
        finally:
            self._free.put(buffer)


def _encode(encoder: Encoder, pictures: list[_Picture], buffers: _Buffers) -> _Batch:
    # _batches keeps those without pixels apart.
    rows = [picture.pixels for picture in pictures if picture.pixels is not None]
    with buffers.one(rows[0].shape) as pixels:
        np.stack(rows, out=pixels[: len(rows)])
        pixels[len(rows) :] = 0
        vectors = encoder.encode_images(pixels)[: len(pictures)]
    return _Batch(images=[(picture.key, picture.image_id) for picture in pictures], vectors=vectors)


class _Run:
    """What has been embedded, failed and stored so far; used by one thread."""

    def __init__(
        self,
        objects: ObjectStore,
        encoder: Encoder,
        shard: int,
        *,
        total: int,
        part_size: int,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self.embedded = 0
        self.failed: list[tuple[str, str]] = []
        self.parts: list[str] = []
        self._objects = objects
        self._encoder_id = encoder.encoder_id
        self._shard = shard
        self._total = total
        self._part_size = part_size
        self._on_progress = on_progress
        self._images: list[tuple[int, str]] = []
        self._vectors: list[NDArray[np.float32]] = []

    def fail(self, image_id: str, reason: str) -> None:
        self.failed.append((image_id, reason))

    def take(self, batch: _Batch) -> None:
        has_direction = np.abs(np.linalg.norm(batch.vectors, axis=1) - 1.0) < 1e-3
        for (_, image_id), is_usable in zip(batch.images, has_direction, strict=True):
            if not is_usable:
                self.fail(image_id, "no_direction")
        self._images += [
            image for image, is_usable in zip(batch.images, has_direction, strict=True) if is_usable
        ]
        self._vectors.append(batch.vectors[has_direction])
        if len(self._images) >= self._part_size:
            self._store()

    def finish(self) -> None:
        if self._images:
            self._store()

    def _store(self) -> None:
        # The model goes on meanwhile with the batches that are in flight.
        vectors = np.concatenate(self._vectors)
        self.parts.append(write_part(self._objects, self._encoder_id, self._shard, self._images, vectors))
        self.embedded += len(self._images)
        self._images, self._vectors = [], []
        if self._on_progress is not None:
            self._on_progress(self.embedded + len(self.failed), self._total)
