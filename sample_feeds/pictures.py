"""The pictures of a house: which shot every file is, and the work of taking them, on all cores.

Batches are written one by one, each with a note of what was done to its pictures; a house that was
interrupted goes on after the last whole batch.
"""

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from sample_feeds.assortments import Picture, Sold
from sample_feeds.community import Contribution
from sample_feeds.faults import jpeg_bytes, spoilt
from sample_feeds.pieces import Piece

BATCH = 12
ONE_PROCESS_BELOW = 150  # pictures; a pool's start costs as much
SMALLEST_PX = 160
# seller -> share of the house's picture size, JPEG quality: every studio has its own camera
STUDIOS: Mapping[str, tuple[float, int]] = {
    "maison": (1.0, 92),
    "northgem": (0.8, 86),
    "juwelhaus": (0.75, 82),
    "atelier": (1.0, 90),
    "community": (0.9, 78),
}
_SHOWS_NOTHING = frozenset({"missing_picture", "html_as_jpeg", "placeholder"})

Progress = Callable[[int, int], None]  # done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTask:
    """One file to be made, and everything that its pixels follow from."""

    feed: str
    file: str
    listing: str
    piece: Piece  # that it shows
    view: str
    turn: float
    seed: int
    size_px: int
    quality: int
    amateur: float | None  # how badly a phone does; None lets the shot's seed decide, 0 is a studio
    fault: str | None
    same_bytes_as: str | None

    def truth(self, degradations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what is to be known of the picture; ``degradations`` is what the camera did."""
        values = asdict(self)
        return {**values, "piece": self.piece.key, "degradations": list(degradations)}


def picture_tasks(
    sold: Sequence[Sold], sent: Sequence[Contribution], *, seed: int, size_px: int
) -> tuple[PictureTask, ...]:
    """Return every picture file of a house, those of one piece one after another."""
    pieces = {one.piece.key: one.piece for one in sold}
    tasks = [
        _task(one.feed, one.source_id, pieces[picture.shows or one.piece.key], picture, seed, size_px)
        for one in sold
        for picture in one.pictures
    ]
    tasks += [
        _task("community", one.source_id, pieces[one.shows], picture, seed, size_px)
        for one in sent
        for picture in one.pictures
    ]
    return tuple(sorted(tasks, key=lambda task: (task.piece.key, task.view == "worn", task.feed, task.file)))


def take_pictures(
    tasks: Sequence[PictureTask], folder: Path, *, workers: int, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Write the files under ``folder/<feed>/images`` and yield the truth about each, in the tasks' order.

    What an earlier call has written whole is left as it is; its notes are in ``folder/.taken`` until
    ``forget_notes``.

    Args:
        tasks: What ``picture_tasks`` gave.
        folder: Where the house is being written.
        workers: Processes to use; 1 takes the pictures in this one.
        progress: Called with how many files are done, and of how many.
    """
    own = [task for task in tasks if task.same_bytes_as is None]
    starts = range(0, len(own), BATCH)
    jobs = [(folder, number, tuple(own[at : at + BATCH])) for number, at in enumerate(starts)]
    done = 0
    for size in _run(jobs, workers if len(own) >= ONE_PROCESS_BELOW else 1):
        done += size
        progress(done, len(tasks))
    notes = [
        note
        for _, number, _ in jobs
        for note in json.loads(_note_path(folder, number).read_text(encoding="utf-8"))
    ]
    degradations = {(task.feed, task.file): note for task, note in zip(own, notes, strict=True)}
    for task in tasks:
        if task.same_bytes_as is not None:
            feed, _, file = task.same_bytes_as.partition("/")
            _write(folder / task.feed / "images" / task.file, (folder / feed / "images" / file).read_bytes())
        yield task.truth(degradations.get((task.feed, task.file), []))
    progress(len(tasks), len(tasks))


def forget_notes(folder: Path) -> None:
    """Remove the notes of ``take_pictures``: the house is complete."""
    shutil.rmtree(folder / ".taken", ignore_errors=True)


def picture_bytes(task: PictureTask) -> tuple[bytes | None, list[dict[str, Any]]]:
    """Return a file's bytes, None where it is to be missing, and what the camera did to the picture."""
    # The renderer brings numba with it: seconds that reading a house's parameters must not cost.
    from sample_feeds.rendering.photograph import Shot, photograph_with_faults

    if task.fault in _SHOWS_NOTHING:
        blank = Image.new("RGB", (task.size_px, task.size_px), "white")
        return spoilt(task.fault, blank, task.quality), []
    shot = Shot(
        view=task.view,
        seed=task.seed,
        turn=task.turn,
        amateur=task.amateur,
        tinted=False,  # marketplaces turn coloured backgrounds away, and so do our own rules
    )
    taken = photograph_with_faults(task.piece, shot, size_px=task.size_px)
    degradations = [asdict(fault) for fault in taken.faults]
    if task.fault is not None:
        return spoilt(task.fault, taken.image, task.quality), degradations
    return jpeg_bytes(taken.image, task.quality), degradations


def _task(feed: str, listing: str, piece: Piece, picture: Picture, seed: int, size_px: int) -> PictureTask:
    share, quality = STUDIOS[feed]
    # A turntable's frames are one recording, so they share their seed.
    shot = f"{seed}-{feed}-{listing}-{picture.view if picture.view == 'turntable' else picture.file}"
    return PictureTask(
        feed=feed,
        file=picture.file,
        listing=listing,
        piece=piece,
        view=picture.view,
        turn=picture.turn,
        seed=int.from_bytes(hashlib.sha256(shot.encode()).digest()[:4]),
        size_px=max(SMALLEST_PX, round(size_px * share / 8) * 8),
        quality=quality,
        amateur=_amateur(shot) if feed == "community" else 0.0,
        fault=picture.fault,
        same_bytes_as=picture.same_bytes_as,
    )


def _amateur(shot: str) -> float:
    """Return how badly a customer photographs, from 0.15 to 0.9."""
    drawn = int.from_bytes(hashlib.sha256(f"{shot}-amateur".encode()).digest()[:4]) / 2**32
    return round(0.15 + 0.75 * drawn, 3)


_Job = tuple[Path, int, tuple[PictureTask, ...]]


def _run(jobs: Sequence[_Job], workers: int) -> Iterator[int]:
    if workers <= 1:
        for job in jobs:
            yield _take_batch(*job)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread) as pool:
        waiting = [pool.submit(_take_batch, *job) for job in jobs]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _use_one_thread() -> None:
    """One process a core is enough: threads inside would take turns."""
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def _take_batch(folder: Path, number: int, tasks: tuple[PictureTask, ...]) -> int:
    path = _note_path(folder, number)
    if path.is_file():
        return len(tasks)
    notes = []
    for task in tasks:
        data, degradations = picture_bytes(task)
        notes.append(degradations)
        if data is not None:
            _write(folder / task.feed / "images" / task.file, data)
    # The note comes last and at once: where it stands, its pictures are whole.
    _write(path.with_suffix(".part"), json.dumps(notes).encode())
    path.with_suffix(".part").replace(path)
    return len(tasks)


def _note_path(folder: Path, number: int) -> Path:
    return folder / ".taken" / f"{number:06d}.json"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
