"""From parts, light and a camera to pixels.

The camera stands on the z axis of view space and looks at its origin; ``Scene.turn`` and ``Scene.centre`` put
the piece there.  Pictures are rendered at twice their size and reduced.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sample_feeds.rendering.light import Light
from sample_feeds.rendering.materials import FIELDS, material_row
from sample_feeds.rendering.rasteriser import along_axes, fill_depth, to_screen, to_view
from sample_feeds.rendering.shading import develop, shade
from sample_feeds.rendering.shapes import Part

SUPERSAMPLING = 2  # rays a pixel, each way
_SHADOW_PX = 256
_METERED_LEVEL = 0.30  # mean of a picture in linear light that a phone aims at


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A piece before a camera.

    Attributes:
        parts: The piece and its props, in the piece's frame (mm).
        metal: Colour of the piece's metal.
        finish: Its finish.
        turn: Rotation from the piece's frame to view space, shape ``(3, 3)``.
        centre: The point of the piece's frame that the camera looks at.
        distance_mm: From the camera to that point.
        frame_mm: What the picture's shorter side covers at that distance.
        light: What shines.
        ground: A plane that catches shadows, in the piece's frame: normal and offset; None for none.
        backdrop: What lies behind, sRGB in [0, 1], of any size: it is stretched to the picture.
        tones: Linear colours of props, by material.
        exposure: What the light is multiplied with.
        metered: Whether the camera also exposes for what it sees, as phones do.
    """

    parts: Sequence[Part]
    metal: str
    finish: str
    turn: NDArray[np.float64]
    centre: NDArray[np.float64]
    distance_mm: float
    frame_mm: float
    light: Light
    ground: tuple[Sequence[float], float] | None
    backdrop: NDArray[np.float32]
    tones: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    exposure: float = 1.0
    metered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A scene's parts as the camera has them: quads in view space, and the buffers that they fill."""

    parts: tuple[Part, ...]
    corners: NDArray[np.float32]
    normals: NDArray[np.float32]
    part_of: NDArray[np.int32]  # of every quad
    focal: float
    depth: NDArray[np.float32]
    ids: NDArray[np.int32]


def render(scene: Scene, size: tuple[int, int], *, supersampling: int = SUPERSAMPLING) -> Image.Image:
    """Return the picture of a scene, ``size`` as (height, width) in pixels; equal scenes give equal bytes."""
    height, width = size[0] * supersampling, size[1] * supersampling
    view = _view_of(scene, (height, width))
    parts, corners, normals, turn = view.parts, view.corners, view.normals, scene.turn
    rows: dict[str, NDArray[np.float32]] = {}
    materials = np.empty((len(parts), FIELDS), dtype=np.float32)
    for index, part in enumerate(parts):
        if part.material not in rows:
            rows[part.material] = material_row(
                part.material, metal=scene.metal, finish=scene.finish, tones=scene.tones
            )
        materials[index] = rows[part.material]
    starts = np.concatenate([[0], np.cumsum([len(part.corners) for part in parts])])
    solids, planes = _facets(parts, starts, corners, normals)

    axes, shadow_map, origin, scale = _shadow_map(scene.light.key, corners)
    ground = np.zeros(4, dtype=np.float32)
    if scene.ground is not None:
        normal = turn @ np.asarray(scene.ground[0], dtype=float)
        at = scene.ground[1] - float(np.dot(scene.ground[0], scene.centre))
        ground[:] = (*normal, at)
    linear = np.empty((height, width, 3), dtype=np.float32)
    alpha = np.empty((height, width), dtype=np.float32)
    shade(
        view.ids, view.depth, corners, normals, view.part_of, materials, solids, planes,
        np.ascontiguousarray(turn.T, dtype=np.float32), np.float32(view.focal), np.float32(scene.distance_mm),
        scene.light.sky, scene.light.cards, scene.light.key, scene.light.key_colour,
        np.float32(scene.light.ambient), np.float32(scene.light.shadow), np.float32(scene.light.softness_mm),
        axes, shadow_map, _near(shadow_map), origin, np.float32(scale), ground, _linear(scene.backdrop),
        linear, alpha,
    )  # fmt: skip
    picture = np.empty((size[0], size[1], 3), dtype=np.uint8)
    exposure = scene.exposure
    if scene.metered:
        seen = float(np.minimum(linear[::4, ::4], 1.0).mean())
        exposure *= min(max(_METERED_LEVEL / max(seen, 1e-3), 0.7), 3.0) ** 0.75
    develop(linear, alpha, np.float32(exposure), supersampling, picture)
    return Image.fromarray(picture)


def seen_quads(scene: Scene, size: tuple[int, int]) -> tuple[tuple[Part, ...], NDArray[np.int64]]:
    """Return the parts that a camera may see, and which of their quads each pixel shows.

    Args:
        scene: What is before the camera.
        size: (height, width) in pixels.

    Returns:
        Parts without glass, and for every pixel the place of its quad among all quads of these parts, one
        part after another; -1 where only the background is seen.
    """
    view = _view_of(scene, size)
    return view.parts, np.where(view.ids < 0, -1, view.ids // 2).astype(np.int64)


def _view_of(scene: Scene, size: tuple[int, int]) -> _View:
    height, width = size
    parts = tuple(part for part in scene.parts if part.material != "glass")
    counts = [len(part.corners) for part in parts]
    corners = np.empty((sum(counts), 4, 3), dtype=np.float32)
    normals = np.empty_like(corners)
    to_view(
        np.concatenate([part.corners for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.ascontiguousarray(scene.turn),
        np.ascontiguousarray(scene.centre, dtype=np.float64),
        corners,
        normals,
    )
    focal = min(height, width) * scene.distance_mm / scene.frame_mm
    screen = np.empty_like(corners)
    to_screen(corners, scene.distance_mm, focal, width, height, 0.05 * scene.distance_mm, screen)
    depth = np.zeros((height, width), dtype=np.float32)
    ids = np.full((height, width), -1, dtype=np.int32)
    fill_depth(screen, np.zeros(len(screen), dtype=np.bool_), depth, ids)
    return _View(
        parts=parts,
        corners=corners,
        normals=normals,
        part_of=np.repeat(np.arange(len(parts), dtype=np.int32), counts),
        focal=focal,
        depth=depth,
        ids=ids,
    )


def _facets(
    parts: Sequence[Part],
    starts: NDArray[np.int64],
    corners: NDArray[np.float32],
    normals: NDArray[np.float32],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the planes of traced stones, and which belong to which part."""
    solids = np.zeros((len(parts), 2), dtype=np.int32)
    found, total = [], 0
    for index, part in enumerate(parts):
        if not part.solid:
            continue
        first, last = starts[index], starts[index + 1]
        normal = normals[first:last, 0]
        offset = (normal * corners[first:last, 0]).sum(axis=1, keepdims=True)
        found.append(np.concatenate([normal, offset], axis=1))
        solids[index] = (total, total + last - first)
        total += last - first
    planes = np.concatenate(found) if found else np.zeros((1, 4), dtype=np.float32)
    return solids, np.ascontiguousarray(planes, dtype=np.float32)


def _shadow_map(
    key: NDArray[np.float32], corners: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], float]:
    """Return the depth buffer that the key light sees, and how to find a point in it."""
    forward = key.astype(np.float64)
    across = np.cross([0.31, 0.95, 0.05], forward)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    axes = np.stack([across, np.cross(forward, across), forward])
    quads = np.empty_like(corners)
    low_u, high_u, low_v, high_v, low_w = along_axes(corners, axes.astype(np.float32), quads)
    scale = (_SHADOW_PX - 16) / max(high_u - low_u, high_v - low_v, 1e-3)
    origin = np.array([low_u - 8 / scale, low_v - 8 / scale, 10.0 - low_w], dtype=np.float32)
    quads -= np.array([origin[0], origin[1], -origin[2]], dtype=np.float32)
    quads[..., :2] *= np.float32(scale)
    shadow_map = np.zeros((_SHADOW_PX, _SHADOW_PX), dtype=np.float32)
    ids = np.full((_SHADOW_PX, _SHADOW_PX), -1, dtype=np.int32)
    fill_depth(quads, np.zeros(len(quads), dtype=np.bool_), shadow_map, ids)
    return axes.astype(np.float32), shadow_map, origin, scale


def _near(shadow_map: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which blocks of 16 x 16 have something in them or within two blocks of them."""
    blocks = _SHADOW_PX // 16
    filled = shadow_map.reshape(blocks, 16, blocks, 16).max(axis=(1, 3)) > 0
    padded = np.pad(filled, 2)
    return np.any([padded[r : r + blocks, c : c + blocks] for r in range(5) for c in range(5)], axis=0)


def _linear(srgb: NDArray[np.float32]) -> NDArray[np.float32]:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.ascontiguousarray(linear, dtype=np.float32)


def fitting_frame(
    parts: Sequence[Part], turn: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], float, float]:
    """Return where to look and how wide, so that parts fill ``share`` of a square picture.

    Returns:
        The centre in the parts' frame, the frame's side in mm, and the parts' depth in mm.
    """
    corners = np.concatenate([part.corners for part in parts])
    seen = np.empty(corners.shape, dtype=np.float32)
    turned = np.ascontiguousarray(turn)
    to_view(corners, corners, turned, np.zeros(3), seen, np.empty_like(seen))
    points = seen.reshape(-1, 3).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    centre = turn.T @ ((low + high) / 2)
    side = float(max(high[0] - low[0], high[1] - low[1]))
    return centre, side / share, float(high[2] - low[2])


def look_from(*, pitch: float, yaw: float, roll: float = 0.0) -> NDArray[np.float64]:
    """Return the rotation of a piece seen from ``pitch`` above and turned by ``yaw``; all in degrees."""
    p, y, r = math.radians(pitch), math.radians(yaw), math.radians(roll)
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y
