"""A picture of a piece: the way from attributes to pixels.

The piece's form is fixed; where the camera stands, what the light is, what lies behind and what goes wrong
follow from the shot's seed.
"""

import random
from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

from PIL import Image

from sample_feeds.pieces import Piece
from sample_feeds.rendering.camera_faults import Fault, phone
from sample_feeds.rendering.certificate_sheet import certificate_sheet
from sample_feeds.rendering.models import Model, model_of
from sample_feeds.rendering.renderer import SUPERSAMPLING, Scene, render
from sample_feeds.rendering.scenes import scene_of

View = Literal["packshot", "angle", "closeup", "worn", "hand", "card", "phone", "turntable", "certificate"]
VIEWS: tuple[View, ...] = get_args(View)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One press of the button.

    Attributes:
        view: What the picture shows the piece as.
        seed: What everything but the piece follows from.
        turn: How far a turntable has turned, in degrees.
        amateur: How badly a phone does, from 0 (no fault) to 1; by default the seed decides in ``phone``,
            ``hand`` and ``worn``, and the other views have none.
        tinted: Whether a studio picture may lie on coloured paper; shops that sell elsewhere keep to neutral.
    """

    view: View
    seed: int
    turn: float = 0.0
    amateur: float | None = None
    tinted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A picture, and what the camera did to it."""

    image: Image.Image
    faults: tuple[Fault, ...]


def photograph(
    piece: Piece, shot: Shot, *, size_px: int = 640, supersampling: int = SUPERSAMPLING
) -> Image.Image:
    """Return a square RGB picture; the same piece, shot and sizes give the same pixels."""
    return photograph_with_faults(piece, shot, size_px=size_px, supersampling=supersampling).image


def photograph_with_faults(
    piece: Piece, shot: Shot, *, size_px: int = 640, supersampling: int = SUPERSAMPLING
) -> Photograph:
    """Return the picture together with the faults that the camera added, which the truth wants to know."""
    if shot.view == "certificate":
        small = photograph(piece, Shot(view="packshot", seed=shot.seed), size_px=max(size_px // 3, 96))
        return Photograph(image=certificate_sheet(piece, small, size_px=size_px), faults=())
    rng = _drawn_from(piece, shot)
    scene = _scene(piece, shot, rng, size_px)
    image = render(scene, (size_px, size_px), supersampling=supersampling)
    strength = shot.amateur
    if strength is None:
        strength = {"phone": rng.uniform(0.25, 0.9), "hand": rng.uniform(0.0, 0.7)}.get(shot.view, 0.0)
        if shot.view == "worn":
            strength = max(0.0, rng.uniform(-0.5, 0.6))
    if strength <= 0:
        return Photograph(image=image, faults=())
    image, faults = phone(image, rng, strength)
    return Photograph(image=image, faults=tuple(faults))


def scene_before(piece: Piece, shot: Shot, *, size_px: int = 640) -> Scene:
    """Return what stands before the camera when a picture is taken; its faults come afterwards.

    Raises:
        ValueError: If the view is a certificate: it is drawn, not photographed.
    """
    return _scene(piece, shot, _drawn_from(piece, shot), size_px)


def _drawn_from(piece: Piece, shot: Shot) -> random.Random:
    return random.Random(f"{piece.key}-{shot.view}-{shot.seed}")  # noqa: S311 - reproducible, not a secret


def _scene(piece: Piece, shot: Shot, rng: random.Random, size_px: int) -> Scene:
    model = _model(piece, shot.view == "worn")
    return scene_of(piece, model, shot.view, rng, turn_degrees=shot.turn, size_px=size_px, tinted=shot.tinted)


_recent: deque[tuple[Piece, bool, Model]] = deque(maxlen=4)


def _model(piece: Piece, worn: bool) -> Model:
    """Build a model, or take it from the last few: one piece is photographed several times in a row."""
    for known, known_worn, model in tuple(_recent):
        if known is piece and known_worn == worn:
            return model
    model = model_of(piece, worn=worn)
    _recent.append((piece, worn, model))
    return model
