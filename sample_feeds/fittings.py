"""How stones, chains and ornaments are put on a piece: settings, halos, beads, links, bails.

What a whole piece looks like is ``models``' subject.
"""

import math

import numpy as np

from sample_feeds.pieces import Cut
from sample_feeds.shapes import (
    SMOOTH_STONES,
    Array,
    Part,
    ball,
    circle,
    cut_outline,
    dome,
    gem,
    noise,
    placed,
    rotation,
    tube,
)

FACING_UP = rotation(pitch=-90)  # turns what looks along z to look along y: a stone on top of a ring


def set_stone(
    stone: str, cut: Cut, size: float, *, detail: int = 24, prongs: int = 4, seed: str = ""
) -> list[Part]:
    """Return a stone in its collet with prongs, looking along z, its girdle in the plane z = 0."""
    if cut == "bead" or stone == "pearl":
        cup = ball(size * 0.2, detail=5).moved((0, 0, -size * 0.42))
        return [cup, gem(stone, cut, size, detail=detail)]
    girdle = cut_outline(cut, detail) * size
    path = np.column_stack([girdle * 0.99, np.full(len(girdle), -size * 0.05)])
    parts = [
        tube(path, width=size * 0.16, thickness=max(size * 0.07, 0.25), closed=True, around=6),
        gem(stone, cut, size, detail=detail, seed=seed),
    ]
    # Seen from behind a stone is its setting.
    parts.append(dome(girdle * 0.95, height=size * 0.3, material="metal", rings=4).turned(rotation(yaw=180)))
    if prongs and cut != "cabochon":
        for index in range(prongs):
            x, y = girdle[int((index + 0.5) * len(girdle) / prongs) % len(girdle)] * 0.97
            parts.append(ball(max(size * 0.065, 0.2), detail=4).moved((x, y, size * 0.07)))
    return parts


def small_stone(stone: str, size: float, seed: str) -> list[Part]:
    """Return a small set stone in the cut that its kind usually has."""
    cut: Cut = "bead" if stone == "pearl" else "cabochon" if stone in SMOOTH_STONES else "round"
    return set_stone(stone, cut, size, detail=8, prongs=0, seed=seed)


def halo_setting(stone: str, cut: Cut, size: float, accent: str, seed: str) -> list[Part]:
    """Return a set stone with small stones close around it."""
    accent_size = max(size * 0.24, 1.1)
    girdle = cut_outline(cut, 48) * (size + accent_size * 1.35)
    length = np.cumsum(np.linalg.norm(np.diff(np.vstack([girdle, girdle[:1]]), axis=0), axis=1))
    count = max(int(length[-1] / (accent_size * 1.08)), 8)
    parts = set_stone(stone, cut, size, seed=seed)
    for index in range(count):
        x, y = girdle[int(np.searchsorted(length, length[-1] * index / count)) % len(girdle)]
        parts += placed(small_stone(accent, accent_size, f"{seed}{index}"), np.eye(3), (x, y, -size * 0.06))
    return parts


def bead(stone: str, cut: Cut, size: float, seed: str) -> Part:
    """Return a bead: smooth where the stone is, else a ball cut into facets."""
    if stone in SMOOTH_STONES:
        return ball(size / 2, material=stone, detail=7)
    body = ball(size / 2, material=stone, detail=6).turned(rotation(pitch=20, yaw=15))
    shades = 0.15 + 0.75 * noise(len(body.glint), f"{stone}{cut}{seed}")
    return Part(material=stone, corners=body.corners, normals=body.normals, glint=shades)


def beads(line: Array, stone: str, cut: Cut, size: float, *, graded: bool) -> list[Part]:
    """Return beads threaded on a line ``(m, 3)``; graded ones are largest in its middle."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    parts: list[Part] = []
    place = size * 0.5
    while place < lengths[-1] - size * 0.3:
        share = place / lengths[-1]
        scale = 0.62 + 0.38 * math.sin(math.pi * share) ** 2 if graded else 0.86
        diameter = size * 0.62 * scale
        x, y, z = (float(np.interp(place, lengths, line[:, axis])) for axis in range(3))
        parts.append(bead(stone, cut, diameter, str(len(parts) % 7)).moved((x, y, z)))
        place += diameter * 1.04
    return parts


def links(path: Array, width: float, *, long: float = 1.5) -> list[Part]:
    """Return chain links along an open path, alternately flat and on edge."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    pitch = width * long * 0.72
    count = max(int(lengths[-1] / pitch), 2)
    stations = np.linspace(0, lengths[-1], count + 1)
    points = np.column_stack([np.interp(stations, lengths, path[:, axis]) for axis in range(3)])
    oval = circle(width / 2, 10, radius_y=width * long / 2)
    link = tube(oval, width=width * 0.26, closed=True, around=5)
    parts = []
    for index in range(count):
        step = points[index + 1] - points[index]
        angle = math.degrees(math.atan2(-step[0], step[1]))
        lean = rotation(roll=angle) @ rotation(yaw=20 if index % 2 else 78)
        parts.append(link.turned(lean).moved((points[index] + points[index + 1]) / 2))
    return parts


def bail(x: float, y: float, size: float) -> list[Part]:
    """Return the loop by which a pendant hangs."""
    loop = circle(size, 16, radius_y=size * 1.4) * np.array([0.55, 1, 1])
    return [tube(loop, width=size * 0.55, closed=True, around=8).turned(rotation(yaw=35)).moved((x, y, 0.8))]


def milgrain(path: Array, size: float) -> list[Part]:
    """Return a row of tiny balls of radius ``size``, one at every point of a path."""
    return [ball(size, detail=3).moved(point) for point in path]
