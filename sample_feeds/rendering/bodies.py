"""What carries a piece in a photograph: fingers, wrists, necks, ears, chests, cloths, and hands that hold it.

Frames are those of ``models``: x right, y up, z towards the viewer, millimetres, the piece about the origin.
Bodies are built once per variant and kept; size, turn and side are then drawn for every picture.
"""

import math
import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sample_feeds.rendering.hands import FINGERS, WRIST_RADIUS_MM, Hand, pose_hand
from sample_feeds.rendering.sculpting import Mesh, grid_mesh
from sample_feeds.rendering.shapes import Array, Part, rotation, unit
from sample_feeds.rendering.torsos import NECKLACE_RADIUS_MM, bust, cord, ear

# How many different bodies of a kind there are; a kept one takes about 0.6 MB.
_VARIANTS = {
    "ring": 32,
    "wrist": 24,
    "palm": 16,
    "fingers": 16,
    "back": 8,
    "pinch": 20,
    "bust": 32,
    "ear": 16,
}


def worn(model_worn_on: str, body_radius: float, rng: random.Random) -> tuple[Part, ...]:
    """Return the part of a body that wears a model.

    Args:
        model_worn_on: As ``Model.worn_on`` says it.
        body_radius: As ``Model.body_radius``: of the finger, the wrist or the necklace.
        rng: What pose and measures are drawn from.

    Raises:
        ValueError: If nothing is worn there.
    """
    match model_worn_on:
        case "finger":
            return _ring_finger(body_radius, rng)
        case "wrist":
            return _wrist(body_radius, rng)
        case "neck":
            return _neck(body_radius, rng)
        case "ear":
            return _ear(rng)
        case "chest":
            return _chest(rng)
        case "cloth":
            return _cloth(rng)
        case _:
            message = f"nothing is worn on a {model_worn_on!r}: finger, wrist, neck, ear, chest or cloth"
            raise ValueError(message)


def hand(reach_mm: float, rng: random.Random, *, behind_mm: float | None = None) -> tuple[Part, ...]:
    """Return a hand that holds a piece of ``reach_mm`` (half its extent) about the origin, facing +z.

    Args:
        reach_mm: Half the piece's extent.
        rng: What the pose is drawn from.
        behind_mm: How far behind the origin the skin lies that the piece rests on; None: a sixth of it.
    """
    behind = reach_mm / 6 + 0.5 if behind_mm is None else behind_mm
    poses = ["palm", "palm", "fingers", "fingers", "back"]
    if reach_mm < 45:
        poses += ["pinch", "pinch", "pinch"]
    pose = rng.choice(poses)
    if pose == "pinch":
        return _pinching(reach_mm, rng)
    return _lying(pose, reach_mm, behind, rng)


# Hands.


def _ring_finger(body_radius: float, rng: random.Random) -> tuple[Part, ...]:
    made = _kept_hand("ring", rng.randrange(_VARIANTS["ring"]))
    digit = made.digits["ring"]
    # The ring sits just before the web, where the finger is as thick as the ring is wide.
    station = int(np.argmin(np.abs(np.linalg.norm(digit.points - digit.points[0], axis=1) - 25)))
    turn = _frame(digit.backs[station], digit.points[station] - digit.points[station + 1])
    scale = body_radius / float(digit.radii[station]) * rng.uniform(0.98, 1.01)
    offset = -scale * turn @ digit.points[station]
    return _placed(made.meshes, turn, offset, scale=scale, mirrored=rng.random() < 0.5)


def _wrist(body_radius: float, rng: random.Random) -> tuple[Part, ...]:
    made = _kept_hand("wrist", rng.randrange(_VARIANTS["wrist"]))
    scale = body_radius / WRIST_RADIUS_MM
    return _placed(made.meshes, np.eye(3), np.zeros(3), scale=scale, mirrored=rng.random() < 0.5)


def _lying(pose: str, reach: float, behind: float, rng: random.Random) -> tuple[Part, ...]:
    """Lay a piece on an open hand: its palm, its fingers or its back faces the viewer."""
    made = _kept_hand(pose, rng.randrange(_VARIANTS[pose]))
    scale = min(1.25, max(rng.uniform(0.9, 1.08), reach / 70))
    # The palm looks at the viewer, the fingers up; then the hand comes in from any side.
    turn = rotation(pitch=90) if pose == "back" else rotation(pitch=-90)
    from_side = (
        rng.choice((0, 0, 50, -60, 90, -90, 130)) + rng.uniform(-25, 25) + (0 if pose == "back" else 180)
    )
    turn = rotation(roll=from_side) @ rotation(pitch=rng.uniform(-18, 18), yaw=rng.uniform(-18, 18)) @ turn
    offset = np.array([0.0, 0.0, -behind]) - scale * turn @ made.spots[pose]
    return _placed(made.meshes, turn, offset, scale=scale, mirrored=rng.random() < 0.5)


def _pinching(reach: float, rng: random.Random) -> tuple[Part, ...]:
    """Hold a piece by its rim between thumb and index finger, from below or from a side."""
    made = _kept_hand("pinch", rng.randrange(_VARIANTS["pinch"]))
    scale = rng.uniform(0.9, 1.08)
    index, thumb = made.digits["index"], made.digits["thumb"]
    grip = (index.points[-1] + thumb.points[-1]) / 2
    away = unit(grip - np.array([0.0, -4.0, 45.0]))
    # Seen from the thumb's side or from the back of the finger; the grip points at the piece's middle.
    seen = np.array(rng.choice(((-1.0, 0.15, 0.0), (-0.8, -0.5, 0.0), (-0.6, 0.8, 0.0))))
    seen = unit(seen - away * float(seen @ away))
    basis = np.stack([np.cross(away, seen), away, seen])
    roll = rotation(roll=rng.choice((0, 0, 0, 90, -90, 45, -45, 180)) + rng.uniform(-15, 15))
    turn = roll @ rotation(yaw=rng.uniform(-16, 16)) @ basis
    held = roll @ np.array([0.0, -0.94 * reach - 1.0, 0.0])
    return _placed(made.meshes, turn, held - scale * turn @ grip, scale=scale, mirrored=rng.random() < 0.5)


@lru_cache(maxsize=160)
def _kept_hand(kind: str, variant: int) -> Hand:
    rng = random.Random(f"{kind}-{variant}")  # noqa: S311 - a pose, not a secret
    bend = rng.uniform(3, 30)
    flex = {
        name: (bend + rng.uniform(-7, 7), bend + rng.uniform(-4, 14), 0.5 * bend + rng.uniform(0, 8))
        for name in FINGERS
    }
    match kind:
        case "ring":
            thumb = rng.choice(("beside", "under"))
            return pose_hand(rng, flex=flex, splay=rng.choice((0.0, 0.4, 1.0)), thumb=thumb, arm_mm=8)
        case "wrist":
            return pose_hand(
                rng,
                flex=flex,
                splay=rng.choice((0.0, 0.5)),
                thumb=rng.choice(("beside", "beside", "under")),
                arm_mm=120,
                wrist_bend=rng.uniform(-14, 16),
                step_mm=2.6,
            )
        case "pinch":
            curl = rng.choice((12.0, 30.0, 62.0)) + rng.uniform(-6, 6)
            flex = {
                name: (curl + 6 * row, curl * 1.1 + 5 * row, curl * 0.6) for row, name in enumerate(FINGERS)
            }
            flex["index"] = (rng.uniform(34, 48), rng.uniform(40, 56), rng.uniform(18, 32))
            return pose_hand(rng, flex=flex, splay=rng.uniform(0, 0.5), thumb="pinch", arm_mm=60, step_mm=2.3)
        case _:
            flat = 0.4 if kind == "back" else 1.0
            flex = {
                name: (
                    flat * bend * rng.uniform(0.3, 0.9),
                    flat * bend * rng.uniform(0.5, 1.2),
                    flat * bend * 0.5,
                )
                for name in FINGERS
            }
            thumb = rng.choice(("aside", "aside", "beside"))
            return pose_hand(
                rng, flex=flex, splay=rng.choice((0.0, 0.3, 0.9)), thumb=thumb, arm_mm=70, step_mm=2.3
            )


# Necks, chests, ears.


def _neck(radius: float, rng: random.Random) -> tuple[Part, ...]:
    meshes = _kept_bust(rng.randrange(_VARIANTS["bust"]))
    scale = radius / NECKLACE_RADIUS_MM
    # The scaled chest lies as far behind the necklace as the unscaled one: a millimetre.
    return _placed(
        meshes, np.eye(3), np.array([0.0, 0.0, scale - 1.0]), scale=scale, mirrored=rng.random() < 0.5
    )


def _chest(rng: random.Random) -> tuple[Part, ...]:
    """Return a chest for a pendant: skin below a neck, or a front of cloth."""
    if rng.random() < 0.35:
        return _placed((_sheet(rng, wide=320.0, wave=3.0, behind=2.0),), np.eye(3), np.zeros(3))
    meshes = _kept_bust(rng.randrange(_VARIANTS["bust"]))
    drop = rng.uniform(0.35, 0.95) * NECKLACE_RADIUS_MM
    front = max(_front(mesh, -drop) for mesh in meshes if mesh.material != "hair")
    return _placed(meshes, np.eye(3), np.array([0.0, drop, -2.0 - front]), mirrored=rng.random() < 0.5)


def _front(mesh: Mesh, height: float) -> float:
    """Return the foremost z of a mesh about a place of its middle line; far behind where it has nothing."""
    used = mesh.points[np.unique(mesh.quads)]
    near = (np.abs(used[:, 0]) < 20) & (np.abs(used[:, 1] - height) < 24)
    return float(used[near, 2].max()) if near.any() else -1000.0


def _ear(rng: random.Random) -> tuple[Part, ...]:
    meshes = _kept_ear(rng.randrange(_VARIANTS["ear"]))
    return _placed(meshes, np.eye(3), np.zeros(3), mirrored=rng.random() < 0.5)


@lru_cache(maxsize=64)
def _kept_bust(variant: int) -> tuple[Mesh, ...]:
    return bust(random.Random(f"bust-{variant}"))  # noqa: S311 - a body, not a secret


@lru_cache(maxsize=32)
def _kept_ear(variant: int) -> tuple[Mesh, ...]:
    return ear(random.Random(f"ear-{variant}"))  # noqa: S311 - a body, not a secret


# Cloths.


def _cloth(rng: random.Random) -> tuple[Part, ...]:
    """Return the front of a garment: a coat with its lapel, a front, or a scarf in folds."""
    kind = rng.choice(("lapel", "lapel", "front", "scarf"))
    if kind == "lapel":
        meshes = _lapel(rng)
    else:
        meshes = (_sheet(rng, wide=320.0, wave=3.0 if kind == "front" else 7.0, behind=2.0),)
    return _placed(meshes, np.eye(3), np.zeros(3), mirrored=rng.random() < 0.5)


def _lapel(rng: random.Random) -> tuple[Mesh, ...]:
    under = _sheet(rng, wide=330.0, wave=2.5, behind=6.5)
    v = np.linspace(1, 0, 70)[:, None]
    u = np.linspace(0, 1, 40)[None, :]
    # From the collar's notch down to the first button; the free edge slants outwards, the roll line is soft.
    outer = 44 + 26 * np.clip((v - 0.1) / 0.75, 0, 1) - 24 * np.clip((v - 0.86) / 0.02, 0, 1)
    x = -52 + 50 * (1 - v) + (outer + 20) * u
    y = -115 + 235 * v + 0 * u
    lift = -2.0 - 3.6 * np.clip((u - 0.93) / 0.07, 0, 1) ** 2 - 7 * np.clip((0.16 - u) / 0.16, 0, 1) ** 2
    wave = 0.5 * np.sin(y / 27 + x / 40 + rng.uniform(0, 6))
    points = np.stack([x - 8, y, lift + wave - 0.5], axis=2)
    shift = np.array([rng.uniform(-8, 6), rng.uniform(-30, 30), 0.0])
    rim = cord("fabric", points[:, -1] - [0, 0, 0.2], 1.1)
    collar = grid_mesh("fabric", points, _facing(points))
    return (under, collar.moved(np.eye(3), shift), rim.moved(np.eye(3), shift))


def _sheet(rng: random.Random, *, wide: float, wave: float, behind: float) -> Mesh:
    """Return cloth over a body: folds that fan out, the highest near the middle ``behind`` z=0."""
    line = np.linspace(-wide / 2, wide / 2, 116)
    x, y = np.meshgrid(line, line)
    angle = rng.uniform(-0.7, 0.7) + rng.choice((0, 0, math.pi / 2))
    along, across = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
    z = -(x**2) / (2.2 * wide) - y**2 / (4 * wide)
    for _ in range(5):
        pitch, phase, centre = rng.uniform(26, 90), rng.uniform(0, math.tau), rng.uniform(-120, 120)
        spread = 1 + rng.uniform(-0.5, 0.5) * across / wide
        bent = along * spread + rng.uniform(3, 12) * np.sin(across / rng.uniform(30, 90) + rng.uniform(0, 6))
        # A fold fades out along its length: no two are alike.
        fade = np.exp(-(((across - centre) / rng.uniform(50, 160)) ** 2))
        fold = np.sin(bent * math.tau / pitch + phase)
        z = z + wave * rng.uniform(0.2, 0.6) * fade * np.sign(fold) * np.abs(fold) ** rng.uniform(0.8, 1.6)
    near = x**2 + y**2 < 24**2
    points = np.stack([x, y, z - z[near].max() - behind], axis=2)
    return grid_mesh("fabric", points, _facing(points))


def _facing(points: Array) -> Array:
    """Return the unit normals of a grid ``(rows, columns, 3)`` that faces the viewer."""
    normals = unit(np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0)))
    facing: Array = normals * np.sign(normals[..., 2].mean())
    return facing


# Placing.


def _frame(back: Array, along: Array) -> Array:
    """Return the rotation that takes ``back`` to +y and ``along`` to +z as well as it can."""
    z = unit(along)
    y = unit(back - z * float(back @ z))
    return np.stack([np.cross(y, z), y, z])


def _placed(
    meshes: Sequence[Mesh], turn: Array, offset: Array, *, scale: float = 1.0, mirrored: bool = False
) -> tuple[Part, ...]:
    """Place meshes; a left hand is a right one in a mirror."""
    return tuple(mesh.placed(turn, offset, scale=scale, mirrored=mirrored) for mesh in meshes)
