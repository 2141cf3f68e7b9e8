"""Vectors propose joins, and their own measure of what is alike decides from where on."""

import numpy as np

from catalog.vector_proposals import similarity_floor, vector_proposals

FACTS = dict.fromkeys(("brand", "gtin", "certificate", "metal", "metal_colour", "fineness", "plating"))


def row(feed: str, number: int, category: str, **changes):
    return {
        "listing_id": f"{feed}:{number:02d}", "feed": feed, **FACTS, "category": category, "metal": "gold",
        "stones": [], "dimensions_mm": {}, **changes,
    }  # fmt: skip


def house(*, spread: float):
    """Twelve designs of two categories, each in two shops, photographed with so much difference."""
    generator = np.random.default_rng(7)
    rows, vectors = [], {}
    for number in range(12):
        design = generator.normal(size=24)
        for feed in ("a", "b"):
            one = row(feed, number, "ring" if number % 2 else "brooch")
            pictures = design + generator.normal(scale=spread, size=(2, 24))
            vectors[one["listing_id"]] = pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
            rows.append(one)
    return rows, vectors


def pairs(proposals):
    return [(one.first, one.second) for one in proposals]


def test_each_others_nearest_are_proposed_and_those_of_one_piece_no_more():
    rows, vectors = house(spread=0.2)
    twins = [(f"a:{number:02d}", f"b:{number:02d}") for number in range(12)]

    assert pairs(vector_proposals(rows, vectors, {})) == twins
    assert pairs(vector_proposals(rows, vectors, {"a:00": "p", "b:00": "p"})) == twins[1:]


def test_a_contradiction_is_never_proposed():
    rows, vectors = house(spread=0.2)
    rows[0]["metal"] = "silver"

    assert ("a:00", "b:00") not in pairs(vector_proposals(rows, vectors, {}))


def test_an_encoder_that_tells_nothing_apart_proposes_nothing():
    rows, vectors = house(spread=0.2)
    alike = np.ones((1, 24), np.float32) / np.sqrt(24.0)

    assert vector_proposals(rows, dict.fromkeys(vectors, alike), {}) == []


def test_the_floor_is_what_other_categories_hardly_reach():
    categories = ["ring"] * 4 + ["brooch"] * 4
    vectors = np.eye(8, dtype=np.float32)
    vectors[0] = vectors[4] = np.eye(8, dtype=np.float32)[0]

    assert 0.5 < similarity_floor(categories, np.arange(8), vectors) <= 1.0
    assert similarity_floor(["ring"] * 8, np.arange(8), vectors) == 1.0
