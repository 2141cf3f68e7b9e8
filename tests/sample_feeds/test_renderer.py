"""Renders of bodies whose look is known."""

import random
from dataclasses import replace

import numpy as np
import pytest

from sample_feeds.rendering.light import room, studio
from sample_feeds.rendering.materials import material_row
from sample_feeds.rendering.renderer import Scene, fitting_frame, look_from, render
from sample_feeds.rendering.shapes import Part, ball, circle, tube

WHITE = np.ones((4, 4, 3), dtype=np.float32)


def _scene(*parts: Part, metal: str = "yellow", **changes) -> Scene:
    turn = look_from(pitch=0, yaw=0)
    centre, frame, _ = fitting_frame(parts, turn, 0.6)
    scene = Scene(
        parts=parts,
        metal=metal,
        finish="polished",
        turn=turn,
        centre=centre,
        distance_mm=5 * frame,
        frame_mm=frame,
        light=studio(random.Random(3), ground=(0.9, 0.9, 0.9), variety=0.0),
        ground=None,
        backdrop=WHITE,
    )
    return replace(scene, **changes)


def _pixels(scene: Scene, size: int = 64) -> np.ndarray:
    return np.asarray(render(scene, (size, size)), dtype=float)


def test_the_same_scene_gives_the_same_bytes():
    scene = _scene(tube(circle(9, 60), width=3, closed=True), ground=((0, 1, 0), -11))

    assert render(scene, (64, 64)).tobytes() == render(scene, (64, 64)).tobytes()


def test_white_paper_stays_white_and_a_shadow_darkens_it():
    upright = tube(circle(9, 60), width=3, closed=True)
    above = look_from(pitch=25, yaw=20)

    without = _pixels(_scene(upright, turn=above))
    with_table = _pixels(_scene(upright, turn=above, ground=((0, 1, 0), -10.6)))

    assert without[0, 0].min() == 255
    assert (with_table < without - 20).any(axis=2).sum() > 20
    assert with_table[0, 0].min() == 255


@pytest.mark.parametrize(("metal", "warmth"), [("yellow", 40), ("rose", 25), ("silver", -12)])
def test_metals_have_their_colours(metal, warmth):
    picture = _pixels(_scene(ball(5, detail=24), metal=metal))
    body = picture[20:44, 20:44].reshape(-1, 3).mean(axis=0)

    if warmth > 0:
        assert body[0] - body[2] > warmth
    else:
        assert abs(body[0] - body[2]) < -warmth


def test_the_nearer_body_hides_the_other():
    far, near = ball(5, material="onyx"), ball(3, material="turquoise").moved((0, 0, 9))

    middle = _pixels(_scene(far, near))[32, 32]

    assert middle[1] > middle[0] + 30


def _octahedron(material: str) -> Part:
    tips = np.array([[4, 0, 0], [0, 4, 0], [-4, 0, 0], [0, -4, 0]], dtype=float)
    corners = []
    for index in range(4):
        a, b = tips[index], tips[(index + 1) % 4]
        corners.append([a, b, (0, 0, 2.5), (0, 0, 2.5)])
        corners.append([b, a, (0, 0, -3.5), (0, 0, -3.5)])
    quads = np.array(corners)
    flat = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    return Part(material=material, corners=quads, normals=np.repeat(flat[:, None], 4, axis=1), solid=True)


@pytest.mark.parametrize(("stone", "channel"), [("ruby", 0), ("emerald", 1), ("sapphire", 2)])
def test_light_through_a_stone_takes_its_colour(stone, channel):
    picture = _pixels(_scene(_octahedron(stone)))
    body = picture[24:40, 24:40].reshape(-1, 3).mean(axis=0)

    assert body[channel] == body.max()
    assert body.max() > body.min() + 25


def test_a_coloured_stone_is_darker_where_light_travels_further():
    small, large = _octahedron("amethyst"), _octahedron("amethyst")
    large = replace(large, corners=large.corners * 6)

    def level(part: Part) -> float:
        return float(_pixels(_scene(part))[24:40, 24:40].mean())

    assert level(large) < level(small)


def test_a_room_is_lit_differently_every_time_and_the_same_for_a_seed():
    one = room(random.Random(1), ground=(0.5, 0.5, 0.5))
    again = room(random.Random(1), ground=(0.5, 0.5, 0.5))
    other = room(random.Random(2), ground=(0.5, 0.5, 0.5))

    assert np.array_equal(one.cards, again.cards)
    assert not np.array_equal(one.key, other.key)
    assert np.linalg.norm(other.key) == pytest.approx(1, abs=1e-5)


def test_an_unknown_material_is_refused_by_its_name():
    with pytest.raises(KeyError, match="unobtainium"):
        material_row("unobtainium", metal="yellow", finish="polished", tones={})
