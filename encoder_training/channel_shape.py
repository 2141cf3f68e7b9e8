"""Fit the projection of the channel ``shape`` on drawn houses: Fisher's linear discriminant with a ridge.

Two photographs of one design differ in what says nothing of the design; the discriminant keeps directions in
which designs differ more than that.  A piece on plain ground is taken twice, once turned in the plane, so
that what a turn leaves of noise counts as noise.  Source: Fisher, "The use of multiple measurements in
taxonomic problems", 1936; the ridge after Friedman, "Regularized discriminant analysis", 1989.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from encoder_training.channel_houses import HousePicture, turned_whole
from vision.channels.looking import look_at
from vision.channels.shape import described_shape
from vision.decoding import decode

DIMENSION = 32
RIDGE = 0.1


def fit_projection(
    described: NDArray[np.float64],
    designs: NDArray[np.int64],
    *,
    dimension: int = DIMENSION,
    ridge: float = RIDGE,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean description and the kept directions, shapes ``(described,)`` and ``(described, kept)``.

    Args:
        described: One description a row, shape ``(n, described)``.
        designs: Which design each row shows, shape ``(n,)``.
        dimension: How many directions to keep, the best first.
        ridge: How much of the mean variance within a design is added to every direction's.

    Raises:
        ValueError: If no design has two rows.
    """
    mean = described.mean(axis=0)
    size = described.shape[1]
    within, between = np.zeros((size, size)), np.zeros((size, size))
    freedom = 0
    for design in np.unique(designs):
        rows = described[designs == design] - mean
        centre = rows.mean(axis=0)
        within += (rows - centre).T @ (rows - centre)
        between += len(rows) * np.outer(centre, centre)
        freedom += len(rows) - 1
    if not freedom:
        message = f"no design of {len(described)} pictures is shown twice: draw more pieces"
        raise ValueError(message)
    within /= freedom
    between /= len(described)
    within += ridge * np.trace(within) / size * np.eye(size)
    # The generalised problem, made ordinary by the root of the spread within.
    root = np.linalg.inv(np.linalg.cholesky(within))
    values, vectors = np.linalg.eigh(root @ between @ root.T)
    kept = root.T @ vectors[:, np.argsort(-values)[:dimension]]
    kept *= np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    return mean.astype(np.float32), kept.astype(np.float32)


def describe_house(pictures: Sequence[HousePicture], seed: int) -> tuple[NDArray[np.float64], list[str]]:
    """Return descriptions of every mask, upright and turned, and the design that each shows."""
    rng = random.Random(f"loupe-turns-{seed}")  # noqa: S311 - reproducible, not secret
    rows, designs = [], []
    for picture in pictures:
        image = decode(picture.file.read_bytes()).image
        degrees = rng.uniform(0.0, 360.0)
        looked = look_at(image)
        masks = [looked.mask]
        if looked.on_plain_ground:
            masks.append(look_at(turned_whole(image, degrees)).mask)
        for mask in masks:
            if mask is not None:
                rows.append(described_shape(mask))
                designs.append(f"{picture.piece.category}/{picture.piece.design}")
    return np.array(rows), designs


def write_projection(path: Path, mean: NDArray[np.float32], directions: NDArray[np.float32]) -> None:
    """Write the file that ``vision.channels.shape`` reads."""
    tensors = {"mean": mean, "directions": np.ascontiguousarray(directions)}
    path.write_bytes(safetensors.numpy.save(tensors))
