"""Descriptors of colour and shape: what they do not see, what they do, and how they are fused."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.descriptors import colour_descriptor, descriptor_mask, fused_similarity, shape_descriptor

INVARIANT = slice(0, 7 + 16 + 13)


def silhouette(kind, turn=0.0, scale=1.0, shift=(0.0, 0.0)):
    """Draw a shape of about 100 px on a canvas of 400, turned, scaled and moved."""
    mask = np.zeros((400, 400), dtype=np.uint8)
    match kind:
        case "ring":
            cv2.ellipse(mask, (200, 210), (50, 50), 0, 0, 360, 1, 10)
            cv2.circle(mask, (200, 155), 16, 1, -1)
        case "bar":
            cv2.rectangle(mask, (145, 190), (255, 208), 1, -1)
            cv2.circle(mask, (150, 199), 22, 1, -1)
        case "drop":
            cv2.fillPoly(mask, [np.array([(200, 140), (235, 235), (200, 258), (165, 235)])], 1)
    matrix = cv2.getRotationMatrix2D((200, 200), turn, scale)
    matrix[:, 2] += shift
    return cv2.warpAffine(mask * 255, matrix, (400, 400)) > 127


def similarity(one, other, part=slice(None)):
    return float(one[part] @ other[part] / np.linalg.norm(one[part]) / np.linalg.norm(other[part]))


KINDS = ("ring", "bar", "drop")


@given(
    kind=st.sampled_from(KINDS),
    scale=st.floats(0.6, 1.6),
    shift=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
)
def test_a_shape_does_not_depend_on_place_and_size(kind, scale, shift):
    moved = shape_descriptor(silhouette(kind, scale=scale, shift=shift))

    assert similarity(shape_descriptor(silhouette(kind)), moved) > 0.98


@given(kind=st.sampled_from(KINDS), turn=st.floats(0.0, 360.0))
def test_all_of_a_shape_but_its_edges_outlasts_a_turn(kind, turn):
    turned = shape_descriptor(silhouette(kind, turn=turn))

    assert similarity(shape_descriptor(silhouette(kind)), turned, INVARIANT) > 0.985


def test_another_shape_is_less_alike_than_any_turn():
    upright = {kind: shape_descriptor(silhouette(kind)) for kind in KINDS}

    for kind in KINDS:
        turned = shape_descriptor(silhouette(kind, turn=30.0, scale=1.2))
        assert max(KINDS, key=lambda other: similarity(upright[other], turned)) == kind


@given(seed=st.integers(0, 100), side=st.integers(2, 80))
def test_descriptors_are_finite_unit_vectors_of_one_length(seed, side):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (side, side, 3)).astype(np.uint8)
    mask = random.random((side, side)) < 0.5
    mask[0, 0] = True

    colour, shape = colour_descriptor(rgb, mask), shape_descriptor(mask)

    assert (colour.shape, shape.shape) == ((30,), (164,))
    for vector in (colour, shape):
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
        assert np.isfinite(vector).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1)])
def test_the_thinnest_silhouette_has_a_descriptor(shape):
    assert np.linalg.norm(shape_descriptor(np.ones(shape, dtype=np.bool_))) == pytest.approx(1.0, abs=1e-5)


def test_nothing_to_describe_is_a_vector_of_zeros():
    nothing = np.zeros((20, 20), dtype=np.bool_)

    assert not shape_descriptor(nothing).any()
    assert not colour_descriptor(np.zeros((20, 20, 3), dtype=np.uint8), nothing).any()


@given(seed=st.integers(0, 100))
def test_colours_do_not_depend_on_where_their_pixels_are(seed):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (16, 16, 3)).astype(np.uint8)
    shuffled = random.permutation(rgb.reshape(-1, 3)).reshape(rgb.shape)
    enlarged = rgb.repeat(2, axis=0).repeat(2, axis=1)

    described = colour_descriptor(rgb, None)

    assert colour_descriptor(shuffled, None) == pytest.approx(described, abs=1e-5)
    assert colour_descriptor(enlarged, None) == pytest.approx(described, abs=1e-5)


def test_the_background_has_no_colour():
    rgb = np.zeros((20, 20, 3), dtype=np.uint8)
    rgb[:] = (250, 250, 250)
    rgb[5:9, 5:9] = (190, 30, 50)
    mask = np.zeros((20, 20), dtype=np.bool_)
    mask[5:9, 5:9] = True
    on_black = np.where(mask[..., None], rgb, 0).astype(np.uint8)

    assert np.array_equal(colour_descriptor(rgb, mask), colour_descriptor(on_black, mask))


def plain(*colour):
    return colour_descriptor(np.full((4, 4, 3), colour, dtype=np.uint8), None)


def test_golds_are_nearer_to_each_other_than_to_silver_and_stones():
    yellow, rose, silver, emerald = (
        plain(*colour) for colour in ((212, 175, 80), (220, 160, 110), (192, 192, 196), (20, 130, 80))
    )

    assert yellow @ rose > yellow @ silver
    assert yellow @ rose > yellow @ emerald


@given(colour=st.tuples(*[st.integers(20, 235)] * 3), change=st.tuples(*[st.integers(-3, 3)] * 3))
def test_a_small_change_of_light_changes_little(colour, change):
    changed = tuple(one + other for one, other in zip(colour, change, strict=True))

    assert plain(*colour) @ plain(*changed) > 0.75


def test_the_mask_of_a_packshot_holds_the_piece_and_a_busy_picture_has_none(ring):
    mask = descriptor_mask(np.asarray(ring(200)))
    noise = np.random.default_rng(0).integers(0, 255, (100, 100, 3)).astype(np.uint8)

    assert mask is not None
    assert 0.03 < mask.mean() < 0.5
    assert descriptor_mask(noise) is None
    assert descriptor_mask(np.full((100, 100, 3), 250, dtype=np.uint8)) is None


def unit_rows(seed, rows, width):
    drawn = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_fusion_is_the_weighted_mean_of_cosines():
    query = {"encoder": unit_rows(1, 3, 8), "colour": unit_rows(2, 3, 5)}
    gallery = {"encoder": unit_rows(3, 4, 8), "colour": unit_rows(4, 4, 5)}

    fused = fused_similarity(query, gallery, {"encoder": 3.0, "colour": 1.0})

    expected = 0.75 * query["encoder"] @ gallery["encoder"].T + 0.25 * query["colour"] @ gallery["colour"].T
    assert fused == pytest.approx(expected, abs=1e-6)
    assert fused_similarity(query, query, {"encoder": 2.0, "colour": 1.0}).diagonal() == pytest.approx(1.0)


def test_a_descriptor_that_is_not_there_says_nothing():
    query = {"encoder": unit_rows(1, 2, 8), "shape": unit_rows(2, 2, 5)}
    gallery = {"encoder": unit_rows(3, 2, 8), "shape": unit_rows(4, 2, 5)}
    gallery["shape"][1] = 0.0

    fused = fused_similarity(query, gallery, {"encoder": 1.0, "shape": 1.0})

    assert fused[:, 1] == pytest.approx(query["encoder"] @ gallery["encoder"][1], abs=1e-6)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ({"depth": 1.0}, "depth"),
        ({}, "positive"),
        ({"encoder": 0.0}, "positive"),
        ({"encoder": -1.0}, "-1.0"),
    ],
)
def test_a_fusion_without_sense_is_refused(weights, complaint):
    vectors = {"encoder": unit_rows(1, 2, 8)}

    with pytest.raises(ValueError, match=complaint):
        fused_similarity(vectors, vectors, weights)
