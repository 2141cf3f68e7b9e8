"""Exact neighbours, recall with ties, and the bootstrap bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index_builds.bootstrap import lower_bound
from index_builds.exact import Neighbours, exact_neighbours, pair_scores
from index_builds.recall import Found, count_found, histogram, recall


def unit(count, dimension, seed):
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def by_hand(queries, vectors, keys, k, excluded):
    rows = []
    for query, banned in zip(queries, excluded, strict=True):
        scores = pair_scores(np.repeat(query[None], len(vectors), axis=0), vectors).astype(np.float32)
        order = sorted(range(len(keys)), key=lambda row: (-scores[row], keys[row]))
        rows.append([int(keys[row]) for row in order if keys[row] not in banned][:k])
    return rows


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 60), k=st.integers(1, 12), copies=st.integers(0, 20), seed=st.integers(0, 10_000))
def test_exact_neighbours_are_those_of_a_plain_sort_with_ties_by_key(count, k, copies, seed):
    vectors = unit(count, 8, seed)
    vectors = np.concatenate([vectors, np.repeat(vectors[:1], copies, axis=0)])
    keys = np.random.default_rng(seed).permutation(len(vectors) * 3)[: len(vectors)].astype(np.int64)
    queries = unit(4, 8, seed + 1)
    excluding = np.full((4, 3), -1, dtype=np.int64)
    excluding[:, 0] = keys[0]

    found = exact_neighbours(queries, vectors, keys, k=k, excluding=excluding)

    expected = by_hand(queries, vectors, keys, k, excluding)
    assert [[int(key) for key in row if key >= 0] for row in found.keys] == expected


def test_exact_search_over_many_blocks_equals_one_block(monkeypatch):
    vectors, queries = unit(500, 16, 1), unit(9, 16, 2)
    keys = np.arange(500, dtype=np.int64)
    whole = exact_neighbours(queries, vectors, keys, k=7)

    monkeypatch.setattr("index_builds.exact.VECTOR_BLOCK", 31)
    monkeypatch.setattr("index_builds.exact.QUERY_BLOCK", 2)
    parts = exact_neighbours(queries, vectors, keys, k=7)

    assert np.array_equal(whole.keys, parts.keys)
    assert np.array_equal(whole.scores, parts.scores)


def test_a_score_does_not_depend_on_what_is_scored_beside_it():
    vectors, queries = unit(1000, 513, 3), unit(1000, 513, 4)
    together = pair_scores(queries, vectors)
    alone = np.array(
        [pair_scores(queries[row : row + 1], vectors[row : row + 1])[0] for row in range(0, 1000, 50)]
    )
    assert np.array_equal(together[::50], alone)


def test_a_tie_of_the_last_neighbour_counts_as_found():
    exact = Neighbours(keys=np.array([[1, 2]]), scores=np.array([[0.9, 0.5]], dtype=np.float32))
    tied = count_found(exact, np.array([[1, 3]]), np.array([[0.9, 0.5 - 5e-7]]))
    worse = count_found(exact, np.array([[1, 3]]), np.array([[0.9, 0.5 - 5e-6]]))
    assert (tied.found[0], worse.found[0]) == (2, 1)


def test_a_neighbour_returned_twice_counts_once():
    exact = Neighbours(keys=np.array([[1, 2]]), scores=np.array([[0.9, 0.5]], dtype=np.float32))
    counted = count_found(exact, np.array([[1, 1]]), np.array([[0.9, 0.9]]))
    assert counted.found[0] == 1


def test_recall_is_over_what_is_eligible_and_undefined_over_nothing():
    few = Found(found=np.array([2, 0]), possible=np.array([2, 0]))
    assert recall(few) == 1.0
    assert histogram(few) == ((2, 2, 1),)
    with pytest.raises(ValueError, match="no query has an eligible neighbour"):
        recall(Found(found=np.array([0]), possible=np.array([0])))


def test_the_bound_is_seeded_below_the_mean_and_tighter_with_more_queries():
    values = np.array([0.5, 1.0])
    few, many = (
        lower_bound(values, np.array([size, 9 * size]), samples=1000, confidence=0.95, seed=3)
        for size in (3, 300)
    )
    again = lower_bound(values, np.array([3, 27]), samples=1000, confidence=0.95, seed=3)
    assert few == again
    assert few < many < 0.95


def test_the_bound_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(8)
    covered = 0
    for trial in range(300):
        hits = int(random.binomial(200, 0.9))
        lower = lower_bound(
            np.array([0.0, 1.0]), np.array([200 - hits, hits]), samples=400, confidence=0.95, seed=trial
        )
        covered += lower <= 0.9
    assert 0.90 <= covered / 300 <= 0.99


def test_a_bound_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one query"):
        lower_bound(np.array([1.0]), np.array([0]), samples=100, confidence=0.95, seed=1)
