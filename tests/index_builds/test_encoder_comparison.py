"""Comparing two encoders by what a catalogue says belongs together."""

import numpy as np
import pyarrow as pa
import pytest

from index_builds.encoder_comparison import attribute_phrases, compare_phrases, compare_pictures
from index_builds.metadata_file import SCHEMA
from index_builds.settings import GateSettings

SETTINGS = GateSettings(k=3, min_stratum_queries=10)
PIECES = 30
VIEWS = 4


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def catalogue():
    """Keys and piece names of pictures in a shuffled order."""
    random = np.random.default_rng(3)
    keys = random.permutation(10_000)[: PIECES * VIEWS].astype(np.int64)
    return keys, [f"piece {number % PIECES}" for number in range(len(keys))]


def encoder(pieces, *, noise, dimension, seed=1):
    """Vectors that lie round their piece's direction; the more noise, the less an encoder knows."""
    random = np.random.default_rng(seed)
    centres = {piece: random.normal(size=dimension) for piece in sorted(set(pieces))}
    return unit(np.stack([centres[piece] + noise * random.normal(size=dimension) for piece in pieces]))


def test_an_encoder_that_scatters_the_views_of_a_piece_is_worse_beyond_doubt(catalogue):
    keys, pieces = catalogue
    sharp, blurred = (
        encoder(pieces, noise=0.2, dimension=24),
        encoder(pieces, noise=3.0, dimension=16, seed=2),
    )

    worse = compare_pictures(keys, pieces, blurred, sharp, SETTINGS)
    better = compare_pictures(keys, pieces, sharp, blurred, SETTINGS)

    assert worse.incumbent == pytest.approx(1.0)
    assert worse.worse
    assert not better.worse
    assert better.lower > 0.0
    assert (better.candidate, better.incumbent) == (worse.incumbent, worse.candidate)


def test_an_encoder_beside_itself_is_neither_better_nor_worse(catalogue):
    keys, pieces = catalogue
    vectors = encoder(pieces, noise=1.0, dimension=24)

    same = compare_pictures(keys, pieces, vectors, vectors, SETTINGS)

    assert (same.lower, same.upper) == (0.0, 0.0)
    assert not same.worse


def test_the_order_of_the_pictures_changes_nothing(catalogue):
    keys, pieces = catalogue
    sharp, blurred = encoder(pieces, noise=0.5, dimension=24), encoder(pieces, noise=2.0, dimension=16)
    order = np.argsort(keys)
    few = SETTINGS.model_copy(update={"queries_per_family": 20})

    shuffled = compare_pictures(
        keys[order], [pieces[row] for row in order], sharp[order], blurred[order], few
    )
    as_given = compare_pictures(keys, pieces, sharp, blurred, few)

    assert shuffled == as_given


def test_a_catalogue_without_second_views_is_not_judged_by_them(catalogue):
    keys, _ = catalogue
    vectors = encoder([str(key) for key in keys], noise=0.1, dimension=8)

    assert compare_pictures(keys, [str(key) for key in keys], vectors, vectors, SETTINGS) is None


def listing(key, category, metal, stones):
    row = dict.fromkeys(SCHEMA.names)
    return row | {
        "image_key": key,
        "image_id": str(key),
        "piece_id": str(key),
        "listing_id": str(key),
        "tier": "hot",
        "source": "maison",
        "category": category,
        "metal": metal,
        "stones": stones,
        "styles": [],
        "availability": "in_stock",
    }


def test_phrases_name_the_pictures_that_have_every_attribute():
    rows = [
        listing(1, "ring", "rose_gold", ["emerald"]),
        listing(2, "ring", "rose_gold", []),
        listing(3, "ring", None, ["emerald"]),
        listing(4, None, "silver", []),
    ]

    phrases = attribute_phrases(pa.Table.from_pylist(rows, schema=SCHEMA), limit=10, seed=1)

    assert {phrase.text: phrase.relevant.tolist() for phrase in phrases} == {
        "rose gold ring": [1, 2],
        "rose gold ring with emerald": [1],
    }


def test_words_that_point_elsewhere_are_worse_beyond_doubt():
    kinds = [f"metal_{number}" for number in range(12)]
    rows = [listing(100 + number, "ring", kinds[number % 12], []) for number in range(48)]
    keys = np.array([row["image_key"] for row in rows], dtype=np.int64)
    phrases = attribute_phrases(pa.Table.from_pylist(rows, schema=SCHEMA), limit=50, seed=1)
    directions = dict(
        zip(sorted(f"{kind.replace('_', ' ')} ring" for kind in kinds), np.eye(12), strict=True)
    )
    pictures = unit(np.stack([directions[f"{row['metal'].replace('_', ' ')} ring"] for row in rows]))
    texts = unit(np.stack([directions[phrase.text] for phrase in phrases]))

    right = (pictures, texts)
    wrong = (pictures, np.roll(texts, 1, axis=0))

    assert compare_phrases(keys, phrases, right, right, SETTINGS).candidate == 1.0
    assert compare_phrases(keys, phrases, wrong, right, SETTINGS).worse
    assert compare_phrases(keys, phrases[:5], (pictures, texts[:5]), (pictures, texts[:5]), SETTINGS) is None
