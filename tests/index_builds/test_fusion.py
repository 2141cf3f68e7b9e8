"""Several channels in one question, and things that are not wanted."""

import numpy as np
import pytest
from index_house import SETTINGS, build, make_catalogue, sqlite_store

from index_builds.errors import SearchError
from index_builds.filters import SnapshotFilter
from index_builds.fusion import FusedSearch, Term
from index_builds.pipeline import ChannelVectors
from index_builds.queries import HELD_OUT, held_out_queries
from index_builds.reading import open_snapshot
from index_builds.tiers import TIERS

COLOURS = 8


@pytest.fixture(scope="module")
def catalogue():
    return make_catalogue(480, seed=6)


@pytest.fixture(scope="module")
def colours(catalogue):
    """One of eight colours per picture, whatever it looks like; every tenth picture has none."""
    drawn = np.random.default_rng(3).integers(COLOURS, size=len(catalogue.keys))
    drawn[::10] = -1
    return drawn


@pytest.fixture(scope="module")
def opened(tmp_path_factory, catalogue, colours):
    own = colours >= 0
    noise = 0.05 * np.random.default_rng(4).normal(size=(int(own.sum()), COLOURS))
    vectors = np.eye(COLOURS)[colours[own]] + noise
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    keys = catalogue.keys[own]
    channel = ChannelVectors(
        channel_id="colour-1",
        keys=keys,
        vectors=vectors,
        queries={HELD_OUT: held_out_queries(keys, vectors, None, count=20, seed=5)},
    )
    store = sqlite_store(tmp_path_factory.mktemp("fusion"))
    manifest = build(store, catalogue, channels={"colour": channel}, settings=SETTINGS)
    assert manifest.gate.passed, manifest.gate.failures
    assert set(manifest.gate.channels) == {"colour"}
    return open_snapshot(store, "house", manifest.snapshot_id)


def colour(number: int, weight: float = 1.0) -> Term:
    vector = np.eye(COLOURS, dtype=np.float32)[number]
    return Term(channel="colour", vector=vector, weight=weight, label=f"colour {number}")


def view(catalogue, row: int, weight: float = 1.0) -> Term:
    return Term(channel="visual", vector=catalogue.vectors[row], weight=weight, label="view")


def colours_of(hits, catalogue, colours) -> list[int]:
    return [int(colours[np.searchsorted(catalogue.keys, hit.key)]) for hit in hits]


def test_a_colour_alone_finds_its_own_whatever_the_view(opened, catalogue, colours):
    hits = FusedSearch(opened).search([colour(2)], 10, tiers=TIERS)
    assert colours_of(hits, catalogue, colours) == [2] * 10


def test_view_and_colour_together_find_what_has_both(opened, catalogue, colours):
    hits = FusedSearch(opened).search([view(catalogue, 5), colour(3, 4.0)], 5, tiers=TIERS)
    alone = FusedSearch(opened).search([view(catalogue, 5)], 5, tiers=TIERS)
    wanted = colours_of(hits, catalogue, colours)
    assert wanted.count(3) >= 4 > colours_of(alone, catalogue, colours).count(3)


def test_what_is_not_wanted_goes_down(opened, catalogue, colours):
    row = int(np.flatnonzero(colours == 1)[0])
    with_all = FusedSearch(opened).search([view(catalogue, row)], 10, tiers=TIERS)
    without = FusedSearch(opened).search([view(catalogue, row), colour(1, -10.0)], 10, tiers=TIERS)
    assert 1 in colours_of(with_all, catalogue, colours)
    assert 1 not in colours_of(without, catalogue, colours)


def test_the_parts_of_a_score_add_up_to_it(opened, catalogue):
    for hit in FusedSearch(opened).search([view(catalogue, 9), colour(4)], 10, tiers=TIERS):
        if len(hit.parts) == 2:
            assert sum(hit.parts.values()) == pytest.approx(hit.score)
        else:
            assert set(hit.parts) <= {"view", "colour 4"}


def test_a_picture_without_a_colour_is_judged_by_its_view(opened, catalogue, colours):
    row = int(np.flatnonzero(colours < 0)[0])
    hits = FusedSearch(opened).search([view(catalogue, row), colour(0, 0.2)], 3, tiers=TIERS)
    assert int(catalogue.keys[row]) in [hit.key for hit in hits]


def test_filters_hold_and_as_many_come_as_are_eligible(opened, catalogue):
    where = SnapshotFilter(category="ring", currency="EUR")
    hits = FusedSearch(opened).search([colour(2)], 400, where=where, tiers=TIERS)
    eligible = {row["image_key"] for row in opened.metadata.to_pylist() if where.is_satisfied_by(row)}
    assert {hit.key for hit in hits} == eligible


def test_the_order_of_terms_changes_nothing(opened, catalogue):
    search = FusedSearch(opened)
    terms = [view(catalogue, 9), colour(4), colour(1, -1.0)]
    forward = [(hit.key, round(hit.score, 9)) for hit in search.search(terms, 20, tiers=TIERS)]
    assert forward == [(hit.key, round(hit.score, 9)) for hit in search.search(terms[::-1], 20, tiers=TIERS)]


def test_questions_that_make_no_sense_are_refused(opened, catalogue):
    search = FusedSearch(opened)
    with pytest.raises(SearchError, match="no term is wanted"):
        search.search([colour(1, -1.0)], 5)
    with pytest.raises(SearchError, match="no channel 'smell'"):
        search.search([Term(channel="smell", vector=np.ones(3, dtype=np.float32), weight=1, label="s")], 5)
    with pytest.raises(SearchError, match="does not fit the colour channel of dimension 8"):
        search.search([Term(channel="colour", vector=np.ones(3, dtype=np.float32), weight=1, label="c")], 5)
    with pytest.raises(SearchError, match="not a number"):
        search.search([colour(1, float("nan"))], 5)
