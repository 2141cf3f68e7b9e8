"""Necks with shoulders, and the sides of heads with their ears: dressed, with hair, of nobody.

A bust is made for a necklace of ``NECKLACE_RADIUS_MM`` about the origin; an ear is pierced at the origin and
looks along z, its face towards +x.  Seeds spread the measures.
"""

import math
import random

import numpy as np

from sample_feeds.rendering.sculpting import Mesh, Sculpture, curve, grid_mesh
from sample_feeds.rendering.shapes import Array, rotation, unit

NECKLACE_RADIUS_MM = 70.0
_R = NECKLACE_RADIUS_MM


def bust(rng: random.Random) -> tuple[Mesh, ...]:
    """Return neck, shoulders and upper chest, the chest flat and just behind z=-1 where a necklace lies."""
    body = _torso(rng)
    skin = body.mesh("skin", np.array([-2.9, -3.7, -2.4]) * _R, np.array([2.9, 3.4, 0.9]) * _R, 0.088 * _R)
    meshes = [skin]
    if rng.random() < 0.8:
        meshes += _garment(body, skin, rng)
    if rng.random() < 0.8:
        meshes.append(_long_hair(rng))
    # People lean until their necklace lies flat: the chest under it becomes upright.
    x, y, z = skin.points.T.astype(float)
    under = (np.abs(x) < 0.95 * _R) & (y < 0.1 * _R) & (y > -1.2 * _R) & (z > -0.9 * _R)
    slope = float(np.polyfit(y[under], z[under], 1)[0])
    turn = rotation(pitch=-math.degrees(math.atan(slope)))
    back = -1.0 - float(np.percentile((skin.points[under] @ turn.T)[:, 2], 97))
    return tuple(mesh.moved(turn, np.array([0.0, 0.0, back])) for mesh in meshes)


def _torso(rng: random.Random) -> Sculpture:
    body = Sculpture(trunk_blend=0.45 * _R)
    slim = rng.uniform(0.9, 1.06)

    def capsule(
        group: int, start: tuple[float, ...], end: tuple[float, ...], radius: float, last: float
    ) -> None:
        body.capsule(group, np.array(start) * _R, np.array(end) * _R, radius * _R, last * _R)

    wide = rng.uniform(0.94, 1.06)
    for x in (-wide, wide):
        capsule(0, (x * 0.1, -1.1, -1.6), (x * 0.85, -1.15, -1.62), 1.56, 1.46)
        capsule(0, (x * 0.45, -1.7, -1.66), (x * 0.4, -4.5, -1.75), 1.5, 1.4)
        capsule(0, (x * 0.3, 0.0, -0.86), (x * 2.05, -0.14, -1.0), 0.6, 0.6)
        capsule(0, (x * 2.15, -0.25, -1.05), (x * 2.4, -4.5, -1.1), 0.58, 0.44)
        capsule(0, (x * 0.3, 1.3, -0.84), (x * 1.5, 0.26, -1.02), 0.28, 0.36)
    if rng.random() < 0.6:
        for x in (-wide, wide):
            capsule(0, (x * 0.95, -2.1, -0.6), (x * 1.0, -2.2, -0.55), 0.72, 0.7)
    neck = body.group(blend=0.2 * _R, trunk_blend=0.42 * _R)
    capsule(neck, (0, 0.0, -0.8), (0, 2.6, -0.36), 0.7 * slim, 0.64 * slim)
    head = body.group(blend=0.4 * _R, trunk_blend=0.25 * _R)
    turned = math.radians(rng.uniform(-24, 24))
    jaw = np.array([math.sin(turned), 0.0, math.cos(turned)])
    middle = np.array([0.0, 3.2, -0.45])
    capsule(head, tuple(middle), (0.0, 4.6, -0.55), 0.96, 1.05)
    capsule(
        head,
        tuple(middle + np.array([0, -0.1, 0])),
        tuple(middle + 0.74 * jaw + np.array([0, -0.45, 0])),
        0.7,
        0.34,
    )

    bony = rng.uniform(0.2, 1.0)
    creases = []
    for x in (-wide, wide):
        bone = np.array([(0.14, 0.06), (0.5, 0.16), (0.95, 0.2), (1.35, 0.32), (1.75, 0.4)])
        bone = np.column_stack([x * bone[:, 0], bone[:, 1], np.full(5, 1.5)]) * _R
        creases.append((curve(bone, 12), 0.13, -0.05 * bony))
        creases.append((curve(bone + np.array([0, 0.24 * _R, 0]), 12), 0.2, 0.06 * bony))
        muscle = np.array(
            [[x * 0.12, 0.16, 1.5], [x * 0.26, 0.8, 1.5], [x * 0.42, 1.5, 1.5], [x * 0.54, 2.2, 1.5]]
        )
        creases.append((muscle * _R, 0.14, -0.05 * bony))
    creases.append((np.array([[0, 0.2, 1.5], [0, 0.26, 1.5]]) * _R, 0.15, 0.09))
    creases.append((np.array([[-0.4, 1.45, 1.5], [0, 1.38, 1.5], [0.4, 1.45, 1.5]]) * _R, 0.05, 0.02))
    laid = [(seen_from_front(body, points), width, depth) for points, width, depth in creases]
    for points, width, depth in laid:
        body.crease(points, width=width * _R, depth=depth * _R)
    return body


def _garment(body: Sculpture, skin: Mesh, rng: random.Random) -> list[Mesh]:
    """Dress the skin below a neckline: round, V-shaped, straight or wide."""
    kind = rng.choice(("round", "v", "v", "straight", "boat"))
    depth = rng.uniform(1.3, 1.8) * _R

    def line(x: Array) -> Array:
        wide = np.abs(x) / _R
        match kind:
            case "round":
                height = -depth + 1.25 * _R * np.clip(wide / 1.5, 0, 1.2) ** 2.4
            case "v":
                height = -1.2 * depth + 1.15 * _R * wide
            case "boat":
                height = -0.9 * depth + 0.35 * _R * wide**1.5
            case _:
                height = -depth + 0.12 * _R * np.cos(wide * 2)
        return np.minimum(height, 0.55 * _R)

    points = skin.points.astype(float)
    top = line(points[:, 0])
    quads = skin.quads[(points[:, 1] < top)[skin.quads].any(axis=1)]
    points[:, 1] = np.minimum(points[:, 1], top)
    phase, loose = rng.uniform(0, 6), rng.uniform(0.006, 0.022)
    fold = np.sin(points[:, 0] * 5.5 / _R + 2 * np.sin(points[:, 1] * 2.2 / _R + phase))
    points = points + skin.normals * (_R * (0.03 + loose * fold))[:, None]
    cloth = Mesh(material="fabric", points=points.astype(np.float32), normals=skin.normals, quads=quads)
    x = np.linspace(-2.6, 2.6, 80) * _R
    hem = seen_from_front(body, np.column_stack([x, line(x), np.full(80, 0.8 * _R)]))
    return [cloth, cord("fabric", hem + np.array([0, 0, 0.03 * _R]), 0.035 * _R)]


def _long_hair(rng: random.Random) -> Mesh:
    """Let hair fall behind the shoulders, and sometimes a strand before one."""
    hair = Sculpture(trunk_blend=0.1 * _R)
    end = rng.choice((0.9, -0.3, -1.4))
    paths = []
    for x in (-1, 1):
        for strand in range(4):
            wide = 0.55 + 0.24 * strand
            drift = rng.uniform(0.1, 0.4)
            path = [(x * wide * 0.9, 4.2, -0.7), (x * wide, 2.6, -0.75 - 0.1 * strand)]
            path += [
                (x * (wide + 0.15), 1.4, -1.05),
                (x * (wide + drift), end + rng.uniform(-0.2, 0.2), -1.45),
            ]
            paths.append((path, 0.5, 0.2))
    if rng.random() < 0.35:
        x = rng.choice((-1, 1))
        for strand in range(3):
            shift = x * 0.14 * strand
            path = [
                (x * 0.9 + shift, 3.8, -0.4),
                (x * 0.95 + shift, 2.2, -0.35),
                (x * 1.2 + shift, 0.9, -0.35),
            ]
            path += [(x * 1.32 + shift, -0.6, -0.12), (x * 1.26 + shift * rng.uniform(0.5, 1.4), -1.7, -0.1)]
            paths.append((path, 0.3, 0.1))
    hair.capsule(0, (0.0, 5.0 * _R, -0.9 * _R), (0.0, 3.0 * _R, -1.1 * _R), 0.9 * _R, 0.6 * _R)
    for path, thick, thin in paths:
        group = hair.group(blend=0.0, trunk_blend=0.15 * _R)
        hair.chain(group, curve(np.array(path) * _R, 12), np.linspace(thick, thin, 12) * _R)
    return hair.mesh("hair", np.array([-2.4, -2.7, -2.2]) * _R, np.array([2.4, 3.4, 0.8]) * _R, 0.12 * _R)


def ear(rng: random.Random) -> tuple[Mesh, ...]:
    """Return an ear with the side of a head behind it."""
    made = _auricle(rng)
    lean = rotation(roll=rng.uniform(-2, 16), yaw=rng.uniform(-16, 2))
    made = made.moved(lean, np.zeros(3))
    near = np.hypot(made.points[:, 0], made.points[:, 1]) < 1.8
    front = float(made.points[near, 2].max())
    return (made.moved(np.eye(3), np.array([0.0, 0.0, -0.4 - front])), *_head(rng))


def _auricle(rng: random.Random) -> Mesh:
    size = rng.uniform(0.92, 1.08)
    body = Sculpture(trunk_blend=2.4 * size)

    def at(*points: tuple[float, float, float]) -> Array:
        return np.array(points, dtype=float) * size

    flat = (0.0, 0.0, 1.0)
    plate = at((1.0, -0.5, -2.7), (1.0, 1.0, -2.7), (-1.5, 9, -3.2), (-3.5, 20, -3.0), (-4.0, 36, -2.0))
    lobe = rng.uniform(6.8, 9.2)
    radii, flatness = (lobe, lobe, 8.5, 14.0, 14.5), (0.3, 0.31, 0.22, 0.2)
    for index in range(4):
        body.capsule(
            0, plate[index], plate[index + 1], radii[index] * size, radii[index + 1] * size,
            flat=flat, flatness=flatness[index],
        )  # fmt: skip
    rim = at(
        (3, 23, -0.5), (8.5, 29, 0.6), (11.5, 40, 1.0), (7, 50, 1.6), (-4, 54, 2.2), (-15, 48, 2.8),
        (-19, 36, 3.0), (-17, 22, 2.2), (-11, 10, 0.4), (-6, 2, -1.6),
    )  # fmt: skip
    group = body.group(blend=0.0, trunk_blend=1.8 * size)
    thick = np.interp(np.linspace(0, 1, 26), (0, 0.15, 0.5, 0.8, 1), (2.0, 2.9, 3.0, 2.6, 2.2))
    body.chain(group, curve(rim, 26), thick * size)
    group = body.group(blend=0.0, trunk_blend=3.4 * size)
    fold = at((-1, 9.5, 0.0), (-7.5, 15, 1.0), (-9.5, 25, 1.6), (-6.5, 35, 1.4), (-2.5, 42, 0.6))
    body.chain(group, curve(fold, 14), np.linspace(2.7, 2.3, 14) * size)
    group = body.group(blend=0.0, trunk_blend=3.4 * size)
    body.chain(
        group, curve(at((-7.5, 31, 1.4), (-2, 36.5, 1.0), (5, 38, 0.2)), 7), np.linspace(2.4, 1.6, 7) * size
    )
    group = body.group(blend=1.5 * size, trunk_blend=3.4 * size)
    body.capsule(group, *at((10.0, 19.5, -0.6), (9.0, 14.5, 0.4)), 3.0 * size, 3.2 * size)
    body.capsule(group, *at((1.0, 9.6, 0.2), (-0.5, 9.4, 0.1)), 2.5 * size)
    group = body.group(blend=3 * size, trunk_blend=4 * size)
    body.capsule(group, *at((9, 24, -6), (10, 8, -8)), 6.0 * size, 5.0 * size)
    body.capsule(group, *at((9, 8, -7), (5, 0, -7)), 4.6 * size, 3.2 * size)
    # The bowl before the canal, the dent in the upper fold, the groove inside the rim.
    body.crease(at((1.5, 14, -1.0), (-1, 20, -1.0), (1.5, 26, -1.0)), width=4.6 * size, depth=2.6 * size)
    body.crease(at((4.5, 17, -2.5), (6.0, 18, -3.0)), width=2.4 * size, depth=2.4 * size)
    body.crease(at((-3.5, 37, -0.6), (1.5, 39.5, -0.6)), width=2.8 * size, depth=1.1 * size)
    groove = at((5, 45.5, -0.4), (-5, 48.5, 0.2), (-13, 42, 0.6), (-14.4, 30, 0.6), (-13, 18, -0.2))
    body.crease(curve(groove, 10), width=2.2 * size, depth=1.3 * size)
    low, high = at((-28, -14, -16), (20, 62, 10))
    return body.mesh("skin", low, high, 1.05 * size)


def _head(rng: random.Random) -> list[Mesh]:
    """Return the side of a head behind an ear, with hair and neck; far from the ear it is only hinted at."""
    head = Sculpture(trunk_blend=26)
    side = (0.0, 0.0, 1.0)
    head.capsule(0, (-18, 70, -84), (22, 74, -84), 84, 78, flat=side, flatness=0.86)
    head.capsule(0, (14, 4, -62), (46, 14, -64), 50, 46)
    head.capsule(0, (12, -14, -52), (76, -40, -76), 36, 20)
    head.capsule(0, (50, 40, -84), (60, -20, -84), 46, 36)
    neck = head.group(blend=6, trunk_blend=16)
    head.capsule(neck, (-26, 6, -84), (-40, -150, -88), 54, 58)
    head.capsule(neck, (-30, 10, -44), (24, -130, -50), 17, 13)
    face = head.group(blend=5, trunk_blend=8)
    head.capsule(face, (92, 42, -84), (106, 16, -84), 6, 9)
    head.capsule(face, (90, -6, -84), (89, -20, -84), 9, 8)
    head.capsule(face, (86, -42, -84), (80, -42, -84), 13, 16)
    torso = head.group(blend=10, trunk_blend=30)
    head.capsule(torso, (-60, -190, -70), (40, -200, -60), 50, 46)
    skin = head.mesh("skin", (-125, -210, -110), (140, 165, 0), 5.5)

    style = rng.choice(("up", "up", "down", "short", "behind"))
    hair = Sculpture(trunk_blend=8)
    hair.capsule(0, (-22, 78, -84), (20, 88, -84), 90, 82, flat=side, flatness=0.87)
    # Before the ear the hairline runs down as a sideburn, behind it to the nape.
    hair.capsule(0, (22, 62, -30), (18, 26, -22), 14, 5)
    end, radius = ((-52, -22, -66), 24) if style in ("up", "short") else ((-62, -160, -60), 44)
    hair.capsule(0, (-34, 40, -44), end, 34, radius)
    if style == "up":
        hair.capsule(0, (-118, 74, -84), (-124, 66, -84), 34, 30)
    if style == "down":
        for strand in range(4):
            start = np.array([-20.0 - 9 * strand, 70, -16 - 2 * strand])
            path = start + np.array([(0, 0, 0), (-4, -50, 2), (-2, -120, -4), (2, -220, -10)])
            group = hair.group(blend=0.0, trunk_blend=6)
            hair.chain(group, curve(path, 10), np.linspace(9, 12, 10))
    made = hair.mesh("hair", (-170, -210, -110), (140, 185, 6), 5.5)
    # What lies before the temple or under the ear's root is skin; the hairline is not a ruled one.
    x, y, z = made.points.astype(float).T
    line = 46 + 34 * np.clip((y - 40) / 90, -1, 1) + 3 * np.sin(y / 9)
    kept = ((x < line) & ((x < -16) | (y > 22)))[made.quads].any(axis=1)
    points = np.column_stack([np.minimum(x, line), y, z]).astype(np.float32)
    return [skin, Mesh(material="hair", points=points, normals=made.normals, quads=made.quads[kept])]


def seen_from_front(body: Sculpture, points: Array) -> Array:
    """Return where lines of sight along -z meet a body about, for points before it, shape ``(m, 3)``."""
    seen = np.array(points, dtype=float)
    for _ in range(8):
        # A point drawn onto the surface slides sideways: its depth is kept, its place on the picture is not.
        seen[:, 2] = body.onto(seen)[:, 2]
    return body.onto(seen)


def cord(material: str, line: Array, radius: float) -> Mesh:
    """Return a round cord along points ``(m, 3)``, whatever its turns."""
    along = unit(np.gradient(line, axis=0))
    across = unit(np.cross(along, [0.03, 0.05, 1.0]))
    up = np.cross(across, along)
    angle = np.linspace(0, math.tau, 9)
    away = np.cos(angle)[None, :, None] * across[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    return grid_mesh(material, line[:, None] + radius * away, away)
