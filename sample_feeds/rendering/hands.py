"""Hands, in their own frame: palm down, fingers along -z, the back towards +y, the thumb towards -x.

A right hand of usual measures in millimetres, spread by a seed: nobody's in particular.  Where it goes in a
picture is ``bodies``' affair.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from sample_feeds.rendering.sculpting import Mesh, Sculpture, curve, grid_mesh
from sample_feeds.rendering.shapes import Array, rotation, unit

Thumb = Literal["aside", "beside", "under", "pinch"]
_Points = Sequence[Sequence[float]] | Sequence[float] | Array
_Place = Callable[[_Points], Array]  # from the hand's own frame to where it is built
Flex = tuple[float, float, float]  # degrees at knuckle, middle joint, end joint
FINGERS = ("index", "middle", "ring", "little")
WRIST_RADIUS_MM = 25.0
# finger -> its knuckle, its three bones, its radius at the knuckle
_KNUCKLES: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    "index": ((-25.0, -1.5, 2.0), (43.0, 25.0, 21.0), 8.3),
    "middle": ((-6.0, 0.0, 0.0), (47.0, 29.0, 22.0), 8.5),
    "ring": ((12.5, -1.5, 4.0), (44.0, 27.0, 22.0), 8.1),
    "little": ((29.0, -5.0, 12.0), (35.0, 19.0, 19.0), 7.0),
}
_CARPALS = {
    "index": (-13.0, -7.0, 74.0),
    "middle": (-3.0, -6.0, 76.0),
    "ring": (8.0, -7.0, 76.0),
    "little": (17.0, -9.0, 74.0),
}
_WRIST = (2.0, -6.0, 82.0)
_THUMB_ROOT = (-17.0, -11.0, 66.0)
_THUMB_BONES = (42.0, 33.0, 27.0)
_THUMB_TIPS = {"aside": (-80.0, -16.0, -2.0), "beside": (-52.0, -20.0, -14.0), "under": (-24.0, -34.0, -2.0)}
# Along a finger, as a share of its length: how its radius changes, joints and pads included.
_ALONG = (0.0, 0.15, 0.34, 0.46, 0.52, 0.62, 0.74, 0.79, 0.88, 1.0)
_GIRTH = (1.12, 1.06, 0.97, 1.0, 1.01, 0.9, 0.88, 0.87, 0.84, 0.66)
_STATIONS = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """Where a finger runs: points, radii, directions of its back; a row per station from the knuckle on."""

    points: Array
    radii: Array
    backs: Array
    joints: tuple[int, int]  # stations of its two joints


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """A posed hand: its skin and nails, its fingers, and the skin above given spots."""

    meshes: tuple[Mesh, ...]
    digits: Mapping[str, Digit]
    spots: Mapping[str, Array]


def pose_hand(
    rng: random.Random,
    *,
    flex: Mapping[str, Flex],
    splay: float,
    thumb: Thumb,
    arm_mm: float,
    wrist_bend: float | None = None,
    step_mm: float = 2.0,
) -> Hand:
    """Build a hand.

    Args:
        rng: What its measures are drawn from.
        flex: How far each finger is bent.
        splay: From 0, fingers side by side, to 1, spread.
        thumb: Where the thumb is; "pinch" lays it on the index finger's tip.
        arm_mm: How much of the forearm follows.
        wrist_bend: Degrees by which the hand is bent back at a wrist that is made exactly ``WRIST_RADIUS_MM``
            high and 1.2 times as wide, its middle in the origin; None for a hand in its own frame.
        step_mm: About the side of a quad.
    """
    slender = rng.uniform(0.9, 1.05) if wrist_bend is not None else 1.0
    long = rng.uniform(0.95, 1.07)
    turn, shift = np.eye(3), np.zeros(3)
    if wrist_bend is not None:
        turn = rotation(pitch=wrist_bend)
        shift = np.array([0.0, 0.0, -34.0]) - turn @ np.array(_WRIST)

    def at(points: _Points) -> Array:
        moved: Array = np.asarray(points, dtype=float) @ turn.T + shift
        return moved

    body = Sculpture(trunk_blend=9.0)
    digits = {}
    for place, name in enumerate(FINGERS):
        knuckle, bones, radius = _KNUCKLES[name]
        spread = (place - 1.35) * (2.0 + 5.5 * splay)
        finger = _finger(np.array(bones) * long, flex[name], spread, radius * slender)
        digits[name] = Digit(
            points=at(finger.points + np.array(knuckle)),
            radii=finger.radii,
            backs=finger.backs @ turn.T,
            joints=finger.joints,
        )
    digits["thumb"] = _thumb(at(_THUMB_ROOT), at, turn, thumb, digits["index"], slender)
    _palm(body, at, digits, turn)
    for name, digit in digits.items():
        group = body.group(blend=0.0, trunk_blend=13.0 if name == "thumb" else 5.0)
        body.chain(group, digit.points, digit.radii)
        _pads(body, group, digit)
    _forearm(body, at, exact=wrist_bend is not None)
    for name, digit in digits.items():
        _joint_lines(body, digit, rng, is_thumb=name == "thumb")
    _hand_lines(body, at, digits, rng)

    points = np.concatenate([digit.points for digit in digits.values()])
    low, high = points.min(axis=0) - 20, points.max(axis=0) + 20
    high[2] = max(high[2], 0.0) + arm_mm
    low = np.minimum(low, at(np.array([[-48.0, -46.0, 0.0]]))[0] * [1, 1, 0] + low * [0, 0, 1])
    high = np.maximum(high, at(np.array([[52.0, 46.0, 0.0]]))[0] * [1, 1, 0] + high * [0, 0, 1])
    grown = rng.choice((0.4, 0.4, 1.2, 3.0, 6.0))
    nails = [_nail(body, digit, grown, 1.1 if name == "thumb" else 1.0) for name, digit in digits.items()]
    sought = at([(0.0, -30.0, 34.0), (-2.0, 30.0, 34.0), (2.0, -30.0, -40.0)])
    spots = dict(zip(("palm", "back", "fingers"), body.onto(sought), strict=True))
    return Hand(meshes=(body.mesh("skin", low, high, step_mm), *nails), digits=digits, spots=spots)


def _finger(bones: Array, flex: Flex, splay: float, radius: float) -> Digit:
    """Return a finger from its knuckle in the origin; it bends over a length, as flesh does."""
    length = float(bones.sum())
    fine = np.linspace(0, length - 0.66 * radius, 80)
    bend = np.full(80, flex[0])
    for joint, angle in ((bones[0], flex[1]), (bones[0] + bones[1], flex[2])):
        bend = bend + angle * np.clip((fine - joint) / (1.5 * radius) + 0.5, 0, 1)
    pitch, yaw = np.radians(bend), math.radians(splay)
    along = np.column_stack([math.sin(yaw) * np.cos(pitch), -np.sin(pitch), -math.cos(yaw) * np.cos(pitch)])
    line = np.vstack([np.zeros(3), np.cumsum(along[:-1] * np.diff(fine)[:, None], axis=0)])
    backs = np.column_stack([np.sin(pitch) * math.sin(yaw), np.cos(pitch), -np.sin(pitch) * math.cos(yaw)])
    stations = np.round(np.linspace(0, 79, _STATIONS)).astype(int)
    joints = [int(np.argmin(np.abs(fine[stations] - bones[: count + 1].sum()))) for count in range(2)]
    return Digit(
        points=line[stations],
        radii=radius * np.interp(fine[stations] / fine[-1], _ALONG, _GIRTH),
        backs=unit(backs)[stations],
        joints=(joints[0], joints[1]),
    )


def _thumb(root: Array, at: _Place, turn: Array, pose: Thumb, index: Digit, slender: float) -> Digit:
    metacarpal, first, second = _THUMB_BONES
    if pose == "pinch":
        pad = index.points[-1] - index.backs[-1] * (index.radii[-1] + 6.4)
        tip = pad + unit(index.points[-2] - index.points[-1])
        side = turn @ np.array([-1.0, -0.7, 0.2])
    else:
        tip = at(_THUMB_TIPS[pose])
        side = turn @ np.array([-1.0, -0.35, -0.3])
    # Two bones of a chain reach for the tip: the thumb's own two count as one that bends a little.
    far = 0.97 * (first + second)
    distance = min(float(np.linalg.norm(tip - root)), 0.985 * (metacarpal + far))
    reach = unit(tip - root)
    inward = (metacarpal**2 + distance**2 - far**2) / (2 * distance)
    out = math.sqrt(max(metacarpal**2 - inward**2, 1.0))
    pole = unit(side - reach * float(side @ reach))
    knuckle, tip = root + reach * inward + pole * out, root + reach * distance
    middle = knuckle + (tip - knuckle) * (first / (first + second)) + pole * 0.09 * far
    corners = np.stack([root, knuckle, middle, tip])
    wanted = np.linspace(0, 3, _STATIONS)
    points = np.column_stack([np.interp(wanted, range(4), corners[:, axis]) for axis in range(3)])
    for _ in range(2):
        points[1:-1] = 0.25 * points[:-2] + 0.5 * points[1:-1] + 0.25 * points[2:]
    places, radii = (0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0), (11.5, 11.0, 10.3, 9.3, 9.4, 8.9, 6.4)
    along = unit(np.gradient(points, axis=0))
    # A thumb's nail looks away from the palm's middle, a quarter turn from the fingers' backs.
    back = unit(points[-1] - index.points[-1]) if pose == "pinch" else turn @ np.array([-0.62, 0.78, 0.0])
    return Digit(
        points=points,
        radii=slender * np.interp(wanted, places, radii),
        backs=unit(back - along * (along @ back)[:, None]),
        joints=(6, 11),
    )


def _palm(body: Sculpture, at: _Place, digits: Mapping[str, Digit], turn: Array) -> None:
    back = turn @ np.array([0.0, 1.0, 0.0])
    for name, carpal in _CARPALS.items():
        digit = digits[name]
        knuckle = digit.points[0] - 2.2 * back
        body.capsule(0, at(carpal), knuckle, 9.5, 9.6)
        # The web ends where a ring begins.
        body.capsule(0, knuckle - 1.5 * back, digit.points[3] - 3.0 * digit.backs[3], 9.0, 6.2)
    body.capsule(0, at((-14, -13, 66)), at((-26, -12, 30)), 12.5, 9.0)
    body.capsule(0, at((19, -14, 66)), at((27, -12, 26)), 11.5, 9.5)
    body.capsule(0, at((-18, -10, 20)), at((20, -12, 22)), 8.0)


def _pads(body: Sculpture, group: int, digit: Digit) -> None:
    """Round the underside between the joints, and the tip."""
    first, second = digit.joints
    spans = ((1, first - 1, 0.14), (first + 1, second - 1, 0.13), (second + 1, len(digit.points) - 2, 0.16))
    for start, end, lift in spans:
        ends = [digit.points[one] - digit.backs[one] * digit.radii[one] * lift for one in (start, end)]
        body.capsule(
            group, ends[0], ends[1], 0.93 * float(digit.radii[start]), 0.93 * float(digit.radii[end])
        )


def _forearm(body: Sculpture, at: _Place, *, exact: bool) -> None:
    group = body.group(blend=0.0, trunk_blend=17.0)
    if exact:
        # A little thinner than the piece is wide: it lies on the skin, not in it.
        wide, start = 1.2 * WRIST_RADIUS_MM * 0.985, np.array([0.0, 0.0, -22.0])
        ways = ((0.0, 1.01), (22.0, 1.0), (50.0, 1.03), (110.0, 1.2), (280.0, 1.5))
    else:
        wide, start = 26.5, at((2.0, -7.5, 84.0))
        ways = ((0.0, 1.02), (22.0, 0.98), (50.0, 1.02), (110.0, 1.2), (280.0, 1.5))
    for (first, one), (second, other) in pairwise(ways):
        ends = start + np.array([[0, 0, first], [0, 0, second]])
        body.capsule(group, *ends, wide * one, wide * other, flat=(0, 1, 0), flatness=1 / 1.2)
    # The head of the ulna stands out on the little finger's side.
    bone = body.onto(start + np.array([[0.85 * wide, 0.55 * wide, 33.0], [0.85 * wide, 0.55 * wide, 36.0]]))
    body.crease(bone, width=8.0, depth=-2.6)


def _joint_lines(body: Sculpture, digit: Digit, rng: random.Random, *, is_thumb: bool) -> None:
    """Wrinkle the back of the joints and fold their underside."""
    along = unit(np.gradient(digit.points, axis=0))

    def arc(station: int, offset: Array | float, angle: Array) -> Array:
        back, forward = digit.backs[station], along[station]
        across = np.cross(forward, back)
        away = np.cos(angle)[:, None] * back + np.sin(angle)[:, None] * across
        shift = np.broadcast_to(np.asarray(offset), angle.shape)[:, None] * forward
        return body.onto(digit.points[station] + shift + float(digit.radii[station]) * away)

    for which, station in enumerate(digit.joints):
        if is_thumb and which == 0:
            continue
        bent = float(np.clip(along[station - 1] @ along[station + 1], 0.2, 1))
        for offset in (-3.4, -1.2, 1.0, 3.3) if which == 0 else (-1.4, 0.9):
            angle = np.linspace(-1, 1, 5) * rng.uniform(0.7, 1.0)
            # Wrinkles of a straight finger smooth out as it bends.
            depth = rng.uniform(0.18, 0.4) * bent
            body.crease(
                arc(station, offset + 0.5 * np.cos(3 * angle) * np.sign(offset), angle),
                width=1.0,
                depth=depth,
            )
        for offset in (-0.9, 1.6) if which == 0 else (0.0,):
            angle = math.pi + np.linspace(-1.25, 1.25, 6)
            body.crease(arc(station, offset, angle), width=1.0, depth=rng.uniform(0.4, 0.7))
    if not is_thumb:
        body.crease(arc(4, 0.0, math.pi + np.linspace(-1.1, 1.1, 6)), width=1.1, depth=0.6)


def _hand_lines(body: Sculpture, at: _Place, digits: Mapping[str, Digit], rng: random.Random) -> None:
    """Draw the palm's lines, the wrist's folds, and the tendons and veins of the back."""
    lines = (
        ((34, 22), (22, 14), (6, 10), (-10, 6), (-20, -6)),  # heart
        ((-34, 18), (-18, 20), (0, 26), (16, 36), (24, 44)),  # head
        ((-34, 17), (-18, 26), (-6, 42), (-4, 60), (-8, 72)),  # life
    )
    for line in lines:
        points = at([(x + rng.uniform(-2, 2), -32.0, z + rng.uniform(-2, 2)) for x, z in line])
        body.crease(body.onto(curve(points, 9)), width=1.4, depth=rng.uniform(0.4, 0.8))
    for _ in range(3):
        x, z, angle = rng.uniform(-18, 20), rng.uniform(18, 60), rng.uniform(-1, 1)
        points = at([(x + step * math.cos(angle), -32.0, z + step * math.sin(angle)) for step in (-9, 0, 9)])
        body.crease(body.onto(points), width=1.1, depth=rng.uniform(0.15, 0.4))
    for z in (85.0, 90.0):
        points = at([(x, -30.0, z + 1.5 * math.cos(x / 12)) for x in (-18, -9, 0, 9, 18)])
        body.crease(body.onto(points), width=1.0, depth=rng.uniform(0.3, 0.6))
    bony = rng.uniform(0.1, 1.0)
    for name in FINGERS:
        knuckle, lift = digits[name].points[0], 14 * digits[name].backs[0]
        way = at((2, 24, 80)) - knuckle
        points = np.stack([knuckle + way * share + lift for share in (0.02, 0.3, 0.6)])
        body.crease(body.onto(points), width=3.2, depth=-0.65 * bony)
        top = np.stack([knuckle + lift, knuckle + lift + 0.5])
        body.crease(body.onto(top), width=6.0, depth=-1.2 * bony)
    for _ in range(rng.randrange(0, 4)):
        x = rng.uniform(-16, 20)
        points = at([(x + rng.uniform(-6, 6), 26, z) for z in (66, 52, 36, 20, 8)])
        body.crease(body.onto(curve(points, 9)), width=2.0, depth=-0.35 * bony)


def _nail(body: Sculpture, digit: Digit, grown: float, wide: float) -> Mesh:
    """Lay a nail on a fingertip; it stands over the tip by ``grown`` mm."""
    tip, back = digit.points[-1], digit.backs[-1]
    along = unit(digit.points[-1] - digit.points[-2])
    across = np.cross(along, back)
    radius = float(digit.radii[-1])
    rows, columns = 11, 9
    share = np.linspace(0, 1, rows)[:, None]
    side = np.linspace(-1, 1, columns)[None, :]
    # The root is rounded, the sides run along, the free edge is round with the finger.
    half = wide * 0.98 * radius * np.sqrt(np.clip(1 - np.clip(1 - share / 0.3, 0, 1) ** 2 * 0.55, 0.05, 1))
    reach = -1.25 * radius + share * 1.9 * radius - 0.32 * radius * side**2 * np.clip(share * 2 - 1, -1, 1)
    above = tip + along * reach[..., None] + across * (half * side)[..., None] + back * (1.15 * radius)
    laid = body.onto(above.reshape(-1, 3), lift=0.32).reshape(rows, columns, 3)
    # The tip falls away under a nail, which runs on nearly straight.
    bed = laid[:, columns // 2]
    ahead = np.maximum((bed - bed[rows // 3]) @ along, 0)
    fall = np.maximum(((bed[rows // 3] - bed) @ back) - 0.15 * ahead, 0)
    fall[: rows // 3] = 0
    free = np.clip(share - 0.72, 0, 1) / 0.28
    laid = laid + 0.8 * fall[:, None, None] * back + along * (grown * free**1.2)[..., None]
    normals = unit(np.cross(np.gradient(laid, axis=0), np.gradient(laid, axis=1)))
    return grid_mesh("nail", laid, normals * np.sign((normals @ back).mean()))
