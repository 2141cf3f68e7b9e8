"""A set of pictures made small enough to carry to another machine: WebP, a fortieth of the bytes.

Rendering wants processors and training a GPU, seldom of one machine.  The loss at quality 85 is that of a
JPEG at 90, which is how pictures arrive in production.
"""

import json
import multiprocessing
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from encoder_training.picture_set import (
    Plan,
    RenderError,
    prepare_folder,
    read_plan,
    rows_of_shard,
    shard_mark,
    write_whole,
)


def pack(folder: Path, packed: Path, *, quality: int = 85, workers: int = 2) -> int:
    """Pack the complete shards of a set, one file each, and return how many files there are.

    Args:
        folder: The set.
        packed: Where the files go; those that are there already stay as they are.
        quality: Of WebP, 1 to 100.
        workers: Processes.

    Raises:
        RenderError: If the folder holds no set, or ``packed`` another one.
    """
    plan = read_plan(folder)
    packed.mkdir(parents=True, exist_ok=True)
    if (packed / "plan.json").exists() and read_plan(packed) != plan:
        message = f"{packed} holds another set: choose another folder, or remove it"
        raise RenderError(message)
    write_whole(packed / "plan.json", json.dumps(asdict(plan), indent=2) + "\n")
    missing = [
        shard
        for shard in range(plan.shards)
        if shard_mark(folder, shard).exists() and not _file(packed, shard).exists()
    ]
    with _pool(workers) as pool:
        count = len(missing)
        list(
            pool.map(
                _pack_shard, [plan] * count, [folder] * count, [packed] * count, missing, [quality] * count
            )
        )
    return sum(_file(packed, shard).exists() for shard in range(plan.shards))


def unpack(packed: Path, folder: Path, *, workers: int = 2) -> int:
    """Make a set of its packed shards, and return how many are complete; more can follow later.

    Raises:
        RenderError: If ``packed`` holds no set, the folder holds another one, or a file is damaged.
    """
    plan = read_plan(packed)
    prepare_folder(plan, folder)
    missing = [
        shard
        for shard in range(plan.shards)
        if _file(packed, shard).exists() and not shard_mark(folder, shard).exists()
    ]
    with _pool(workers) as pool:
        count = len(missing)
        list(pool.map(_unpack_shard, [plan] * count, [packed] * count, [folder] * count, missing))
    return sum(shard_mark(folder, shard).exists() for shard in range(plan.shards))


def _pack_shard(plan: Plan, folder: Path, packed: Path, shard: int, quality: int) -> None:
    rows = rows_of_shard(plan, shard)
    pictures = np.load(folder / "pictures.npy", mmap_mode="r")[rows]
    how = [cv2.IMWRITE_WEBP_QUALITY, quality]
    files = [cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)[1] for picture in pictures]
    draft = packed / f".{_file(packed, shard).name}"
    with draft.open("wb") as file:
        np.savez(
            file,
            files=np.concatenate(files).reshape(-1),
            ends=np.cumsum([each.size for each in files]),
            boxes=np.load(folder / "boxes.npy", mmap_mode="r")[rows],
            usable=np.load(folder / "usable.npy", mmap_mode="r")[rows],
        )
    draft.replace(_file(packed, shard))


def _unpack_shard(plan: Plan, packed: Path, folder: Path, shard: int) -> None:
    rows = rows_of_shard(plan, shard)
    try:
        with np.load(_file(packed, shard), allow_pickle=False) as saved:
            boxes, usable = saved["boxes"], saved["usable"]
            files = np.split(saved["files"], saved["ends"][:-1])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        message = f"{_file(packed, shard)} is damaged: {error}; pack it again"
        raise RenderError(message) from error
    count = rows.stop - rows.start
    if not len(files) == len(boxes) == len(usable) == count or not all(map(len, files)):
        message = f"{_file(packed, shard)} is damaged: it does not hold {count} pictures; pack it again"
        raise RenderError(message)
    pixels, all_boxes, all_usable = (
        np.load(folder / f"{name}.npy", mmap_mode="r+") for name in ("pictures", "boxes", "usable")
    )
    for row, file in zip(range(rows.start, rows.stop), files, strict=True):
        decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
        if decoded is None or decoded.shape != pixels.shape[1:]:
            message = f"{_file(packed, shard)} is damaged: picture {row} cannot be read; pack it again"
            raise RenderError(message)
        pixels[row] = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    all_boxes[rows], all_usable[rows] = boxes, usable
    for array in (pixels, all_boxes, all_usable):
        array.flush()
    write_whole(shard_mark(folder, shard), json.dumps({"failed": int((~usable).sum())}))


def _file(packed: Path, shard: int) -> Path:
    return packed / f"shard-{shard:05d}.npz"


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
