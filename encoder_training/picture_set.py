"""A set of rendered pictures on disk: made in shards by worker processes, resumable, read without copying.

``plan.json`` says what the set is; everything else follows from it.  ``pictures.npy`` and ``boxes.npy`` are
memory maps that workers fill in place; ``shard-NNNNN.json`` appears when a shard is complete.
"""

import hashlib
import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from encoder_training.captions import VIEWS
from encoder_training.selection import Part, select_pieces
from sample_feeds.pieces import Piece
from vision.object_crop import ObjectCrop, border_colour, object_square

Drawing = Callable[[Piece, str, int, float, int], NDArray[np.uint8]]
"""(piece, view, seed, turn in degrees, side in pixels) -> pixels ``(side, side, 3)``."""

_STUDIO = ("angle", "angle", "turntable", "closeup")
_OUTSIDE = ("worn", "worn", "hand", "hand", "card", "phone", "phone")
PIECES_PER_SHARD = 128
_MOST_FAILURES = 0.02
_CROP = ObjectCrop()
_ROOM = 1.3


class RenderError(Exception):
    """Too many pieces cannot be drawn, or a folder holds another set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a set of pictures is.

    Attributes:
        part: Trained on, or held out.
        pieces: How many pieces.
        per_piece: Pictures of each: a packshot, another studio view, a view outside the studio, then any.
        drawn_px: Side at which the square pictures are drawn.
        side_px: Side at which their surroundings of the piece are kept.
        seed: Of pieces and shots.
        drawing: ``house`` for the sample house's camera, ``stand_in`` for coloured shapes in tests.
    """

    part: Part
    pieces: int
    per_piece: int = 4
    drawn_px: int = 176
    side_px: int = 128
    seed: int = 0
    drawing: str = "house"

    @property
    def pictures(self) -> int:
        """Return how many pictures the whole set has."""
        return self.pieces * self.per_piece

    @property
    def shards(self) -> int:
        """Return how many shards it is made in."""
        return -(-self.pieces // PIECES_PER_SHARD)

    def views(self, piece: int) -> tuple[tuple[str, int, float], ...]:
        """Return ``(view, seed, turn)`` of each picture of a piece."""
        rng = random.Random(f"loupe-shots-{self.part}-{self.seed}-{piece}")  # noqa: S311 - reproducible
        views = ["packshot", rng.choice(_STUDIO), rng.choice(_OUTSIDE)]
        views += [rng.choice(("packshot", *_STUDIO, *_OUTSIDE)) for _ in range(self.per_piece)]
        return tuple((view, rng.randrange(2**31), rng.uniform(0, 360)) for view in views[: self.per_piece])


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """Pictures of the pieces whose shards are complete.

    Attributes:
        pixels: All pictures, shape ``(pictures, side, side, 3)``, rows of one piece in a row.
        boxes: The square that the encoder sees: left, top, right, bottom as shares of the frame, shape
            ``(pictures, 4)``; the whole frame where no piece can be told.
        views: Place of each picture's view in ``captions.VIEWS``.
        usable: Which pictures were drawn.
        pieces: The pieces, one for each ``per_piece`` rows.
    """

    plan: Plan
    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    views: NDArray[np.int16]
    usable: NDArray[np.bool_]
    pieces: tuple[Piece, ...]


def render(plan: Plan, folder: Path, *, workers: int = 2, minutes: float | None = None) -> int:
    """Draw what is missing of a set, and return how many shards are complete.

    Args:
        plan: What to draw.
        folder: Where it is, or will be.
        workers: Processes; each of them keeps to one thread.
        minutes: Begin no further shard after so long; the set then is what was finished.

    Raises:
        RenderError: If the folder holds another set, or too many pictures cannot be drawn.
    """
    prepare_folder(plan, folder)
    missing = [shard for shard in range(plan.shards) if not shard_mark(folder, shard).exists()]
    deadline = time.monotonic() + 60 * minutes if minutes else float("inf")
    started = time.monotonic()
    failed = 0
    done = 0
    # Read when a worker loads its libraries, so they must be there before it starts.
    os.environ.update(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        futures = [pool.submit(_render_shard, plan, folder, shard, deadline) for shard in missing]
        for future in as_completed(futures):
            result = future.result()
            if result is None:
                continue
            done += 1
            failed += result
            pictures = done * PIECES_PER_SHARD * plan.per_piece
            rate = pictures / (time.monotonic() - started)
            said = f"{plan.part}: shard {done} of {len(missing)}, {rate:.0f} pictures/s, {failed} failed"
            print(said, flush=True)  # noqa: T201 - minutes of work want a sign of life
            if failed > max(20, _MOST_FAILURES * pictures):
                pool.shutdown(wait=False, cancel_futures=True)
                message = f"{failed} of {pictures} pictures cannot be drawn: see failures.jsonl in {folder}"
                raise RenderError(message)
    return sum(shard_mark(folder, shard).exists() for shard in range(plan.shards))


def prepare_folder(plan: Plan, folder: Path) -> None:
    """Make the empty arrays of a set where there are none.

    Raises:
        RenderError: If the folder holds another set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _require_plan(plan, folder)
    for name, shape, kind in (
        ("pictures.npy", (plan.pictures, plan.side_px, plan.side_px, 3), np.uint8),
        ("boxes.npy", (plan.pictures, 4), np.float32),
        ("usable.npy", (plan.pictures,), np.bool_),
    ):
        if not (folder / name).exists():
            np.lib.format.open_memmap(folder / name, mode="w+", dtype=kind, shape=shape).flush()


def rows_of_shard(plan: Plan, shard: int) -> slice:
    """Return the rows of a shard's pictures."""
    first = shard * PIECES_PER_SHARD
    last = min(first + PIECES_PER_SHARD, plan.pieces)
    return slice(first * plan.per_piece, last * plan.per_piece)


def read_plan(folder: Path) -> Plan:
    """Read what a folder's set is.

    Raises:
        RenderError: If the folder holds none.
    """
    try:
        return Plan(**json.loads((folder / "plan.json").read_text()))
    except FileNotFoundError:
        message = f"{folder} holds no set of pictures: render one first"
        raise RenderError(message) from None


def open_set(folder: Path) -> PictureSet:
    """Open the complete shards of a set, up to the first that is missing.

    Raises:
        RenderError: If there is none.
    """
    plan = read_plan(folder)
    complete = 0
    while complete < plan.shards and shard_mark(folder, complete).exists():
        complete += 1
    if not complete:
        message = f"no shard in {folder} is complete: render first"
        raise RenderError(message)
    pieces = min(plan.pieces, complete * PIECES_PER_SHARD)
    rows = pieces * plan.per_piece
    views = [VIEWS.index(view) for piece in range(pieces) for view, _, _ in plan.views(piece)]
    return PictureSet(
        plan=plan,
        pixels=np.load(folder / "pictures.npy", mmap_mode="r")[:rows],
        boxes=np.array(np.load(folder / "boxes.npy", mmap_mode="r")[:rows]),
        views=np.array(views, dtype=np.int16),
        usable=np.array(np.load(folder / "usable.npy", mmap_mode="r")[:rows]),
        pieces=select_pieces(plan.part, plan.pieces, plan.seed)[:pieces],
    )


def draw_house(piece: Piece, view: str, seed: int, turn: float, side_px: int) -> NDArray[np.uint8]:
    """Photograph a piece of the sample house, as a shop would publish it."""
    return _photographed(piece, view, seed, turn, side_px, supersampling=2)


def draw_coarsely(piece: Piece, view: str, seed: int, turn: float, side_px: int) -> NDArray[np.uint8]:
    """Photograph a piece with one ray a pixel, in a third of the time: the picture is reduced afterwards."""
    return _photographed(piece, view, seed, turn, side_px, supersampling=1)


def _photographed(
    piece: Piece, view: str, seed: int, turn: float, side_px: int, *, supersampling: int
) -> NDArray[np.uint8]:
    from sample_feeds.rendering.photograph import (
        Shot,
        photograph,
    )  # compiles, which stand-ins need not wait for

    shot = Shot(view=view, seed=seed, turn=turn if view == "turntable" else 0.0)
    return np.asarray(photograph(piece, shot, size_px=side_px, supersampling=supersampling), dtype=np.uint8)


def draw_stand_in(piece: Piece, view: str, seed: int, turn: float, side_px: int) -> NDArray[np.uint8]:
    """Draw a coloured shape that shows category, metal and stone: a minute's work for a test, no renderer."""
    from encoder_training.attributes import NONE, VALUES, metal_group, visible_stone

    rng = np.random.default_rng([seed, len(view)])
    place = (np.mgrid[0:side_px, 0:side_px] + 0.5) / side_px * 2 - 1
    angle = np.deg2rad(rng.uniform(-20, 20) + 0.02 * turn)
    x = place[1] * np.cos(angle) - place[0] * np.sin(angle) + rng.uniform(-0.1, 0.1)
    y = place[1] * np.sin(angle) + place[0] * np.cos(angle) + rng.uniform(-0.1, 0.1)
    radius = np.hypot(x, y) / rng.uniform(0.9, 1.15)
    shapes = {
        "ring": np.abs(radius - 0.4) < 0.09,
        "necklace": (np.abs(np.hypot(x, y - 0.2) - 0.7) < 0.05) & (y > -0.1),
        "earrings": np.hypot(np.abs(x) - 0.45, y) < 0.2,
        "bracelet": np.abs(np.hypot(x, 1.8 * y) - 0.7) < 0.08,
        "pendant": (np.abs(x) < 0.2) & (np.abs(y) < 0.45),
        "brooch": radius < 0.35 + 0.2 * np.cos(5 * np.arctan2(y, x)),
        "watch": (radius < 0.35) | (np.abs(x) < 0.18),
    }
    metals = {
        "yellow": (205, 165, 60),
        "rose": (200, 125, 105),
        "white": (170, 172, 178),
        "black": (45, 45, 50),
    }
    paper = (
        rng.uniform(215, 250)
        if view in ("packshot", "angle", "closeup", "turntable")
        else rng.uniform(90, 200)
    )
    pixels = np.full((side_px, side_px, 3), paper)
    pixels[shapes[piece.category]] = metals[metal_group(piece)]
    stone = visible_stone(piece)
    if stone != NONE:
        digest = hashlib.sha256(f"colour of {stone}".encode()).digest()
        size = 0.1 + 0.02 * (VALUES["cut"].index(piece.stone.cut) if piece.stone else 0)
        pixels[np.hypot(x, y) < size] = tuple(digest[:3])
    return np.clip(pixels + rng.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


_DRAWINGS: dict[str, Drawing] = {"house": draw_coarsely, "stand_in": draw_stand_in}
_pieces_of: dict[Plan, Sequence[Piece]] = {}


def _render_shard(plan: Plan, folder: Path, shard: int, deadline: float) -> int | None:
    """Draw one shard in a worker; return how many pictures failed, or None when the time is over."""
    if time.monotonic() > deadline:
        return None
    if plan not in _pieces_of:
        _pieces_of[plan] = select_pieces(plan.part, plan.pieces, plan.seed)
    pixels = np.load(folder / "pictures.npy", mmap_mode="r+")
    boxes = np.load(folder / "boxes.npy", mmap_mode="r+")
    usable = np.load(folder / "usable.npy", mmap_mode="r+")
    failures = []
    first = shard * PIECES_PER_SHARD
    for index in range(first, min(first + PIECES_PER_SHARD, plan.pieces)):
        piece = _pieces_of[plan][index]
        for place, (view, seed, turn) in enumerate(plan.views(index)):
            row = index * plan.per_piece + place
            try:
                picture = _DRAWINGS[plan.drawing](piece, view, seed, turn, plan.drawn_px)
            except Exception as error:  # one piece that cannot be drawn must not end an hour's work
                failures.append({"row": row, "view": view, "key": piece.key, "error": repr(error)[:300]})
                usable[row] = False
                continue
            pixels[row], boxes[row] = wide_crop(picture, plan.side_px)
            usable[row] = True
    for array in (pixels, boxes, usable):
        array.flush()
    if failures:
        with (folder / "failures.jsonl").open("a") as file:
            file.writelines(json.dumps(failure) + "\n" for failure in failures)
    write_whole(shard_mark(folder, shard), json.dumps({"failed": len(failures)}))
    return len(failures)


def wide_crop(
    drawn: NDArray[np.uint8], side_px: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """Return a picture's surroundings of the piece, and within them the square that the encoder will see.

    What the encoder's preprocessing crops to, with room around it, so that training can move the crop.

    Args:
        drawn: The whole picture, shape ``(height, width, 3)``.
        side_px: Side of the result.

    Returns:
        Pixels ``(side_px, side_px, 3)``, and left, top, right, bottom of the square as shares of them.
    """
    height, width = drawn.shape[:2]
    left, top, right, bottom = object_square(drawn, _CROP)
    side = right - left
    room = min(round(0.5 * (_ROOM - 1.0) * side), max(width, height))
    if side >= max(width, height):
        room = 0
    sizes = (
        max(0, room - top),
        max(0, bottom + room - height),
        max(0, room - left),
        max(0, right + room - width),
    )
    colour = [int(value) for value in border_colour(drawn)]
    padded = cv2.copyMakeBorder(drawn, *sizes, cv2.BORDER_CONSTANT, value=colour) if any(sizes) else drawn
    x, y, whole = left - room + sizes[2], top - room + sizes[0], side + 2 * room
    window = padded[y : y + whole, x : x + whole]
    how = cv2.INTER_AREA if whole > side_px else cv2.INTER_CUBIC
    share = room / whole
    kept = cv2.resize(window, (side_px, side_px), interpolation=how).astype(np.uint8, copy=False)
    return kept, (share, share, 1.0 - share, 1.0 - share)


def _require_plan(plan: Plan, folder: Path) -> None:
    path = folder / "plan.json"
    if not path.exists():
        write_whole(path, json.dumps(asdict(plan), indent=2) + "\n")
    elif Plan(**json.loads(path.read_text())) != plan:
        message = f"{folder} holds the set {path.read_text().strip()}: choose another folder, or remove it"
        raise RenderError(message)


def shard_mark(folder: Path, shard: int) -> Path:
    """Return the file that says that a shard is complete."""
    return folder / f"shard-{shard:05d}.json"


def write_whole(path: Path, text: str) -> None:
    """Write a small file, whole or not at all, whoever else writes it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def _one_thread() -> None:
    cv2.setNumThreads(1)
