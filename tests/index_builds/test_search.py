"""Search: tiers merged, filters that never leak, k results whenever k are eligible."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_house import CATEGORIES, SETTINGS, SOURCES, build, make_catalogue, sqlite_store
from pydantic import ValidationError

from index_builds.errors import SearchError
from index_builds.exact import exact_neighbours
from index_builds.faiss_threads import searching_threads
from index_builds.filter_plan import FilterPlan
from index_builds.filters import SnapshotFilter, satisfying_rows
from index_builds.reading import open_snapshot
from index_builds.search import OpenSnapshot
from index_builds.settings import IndexSettings
from index_builds.tiers import TIERS


def approximate(base: IndexSettings) -> IndexSettings:
    plans = {
        "hot": {"exact_below": 0, "memory_fraction": 4.0, "target_recall": 0.95},
        "warm": {"exact_below": 0, "memory_fraction": 0.25, "target_recall": 0.93},
        "cold": {"exact_below": 0, "memory_fraction": 0.1, "target_recall": 0.90},
    }
    return IndexSettings.model_validate(base.model_dump() | {"tiers": plans})


@pytest.fixture(scope="module")
def wide():
    return make_catalogue(600, seed=3)


@pytest.fixture(scope="module", params=["exact", "approximate"])
def opened(request, tmp_path_factory, wide) -> OpenSnapshot:
    store = sqlite_store(tmp_path_factory.mktemp("search"))
    chosen = SETTINGS if request.param == "exact" else approximate(SETTINGS)
    manifest = build(store, wide, settings=chosen)
    factories = [manifest.content.tiers[tier]["visual"].factory for tier in TIERS]
    if request.param == "approximate":
        assert [name.split(",")[0][:4] for name in factories] == ["RR12", "RR12", "RR12"]
    return open_snapshot(store, "house", manifest.snapshot_id)


filters = st.builds(
    SnapshotFilter,
    category=st.none() | st.lists(st.sampled_from([*CATEGORIES[:3], "tiara"]), min_size=1).map(tuple),
    source=st.none() | st.sampled_from(SOURCES),
    brand=st.none() | st.just("Aurelia"),
    metal=st.none() | st.sampled_from(["gold", "silver"]),
    stone=st.none() | st.sampled_from(["diamond", "ruby", "opal"]),
    style=st.none() | st.just("vintage"),
    availability=st.none() | st.sampled_from(["in_stock", "out_of_stock"]),
    tier=st.none() | st.sampled_from(TIERS),
    price_min_minor=st.none() | st.integers(0, 12_000),
    currency=st.sampled_from(["EUR", "USD"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    where=filters,
    tiers=st.sets(st.sampled_from(TIERS), min_size=1).map(tuple),
    k=st.sampled_from([1, 10, 700]),
    banned=st.integers(0, 40),
)
def test_every_answer_satisfies_its_filter_and_holds_k_whenever_k_are_eligible(
    opened, wide, where, tiers, k, banned
):
    queries = wide.queries["text"].vectors[:3]
    excluding = wide.keys[:banned]
    rows = opened.metadata.to_pylist()
    eligible = {
        row["image_key"]
        for row in rows
        if row["tier"] in tiers and row["image_key"] not in excluding and where.is_satisfied_by(row)
    }

    answer = opened.search(queries, k, where=where, tiers=tiers, excluding=excluding)

    for keys, scores in zip(answer.keys, answer.scores, strict=True):
        given_keys = [int(key) for key in keys if key >= 0]
        assert set(given_keys) <= eligible
        assert len(given_keys) == len(set(given_keys)) == min(k, len(eligible))
        assert np.all(np.diff(scores[: len(given_keys)]) <= 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=filters)
def test_the_rule_for_rows_and_the_rule_for_tables_are_one(opened, where):
    in_bulk = satisfying_rows(opened.metadata, where)
    assert in_bulk.tolist() == [where.is_satisfied_by(row) for row in opened.metadata.to_pylist()]


def test_an_image_is_found_through_any_one_of_its_listings(opened):
    rows = opened.metadata.to_pylist()
    both = next(
        row["image_key"]
        for row in rows
        if {other["source"] for other in rows if other["image_key"] == row["image_key"]} == set(SOURCES)
    )
    place = {tier: opened.tiers[tier].positions_of(np.array([both]))[0] for tier in TIERS}
    tier = next(name for name, position in place.items() if position >= 0)
    vector = opened.tiers[tier].vectors(np.array([place[tier]]))
    for source in SOURCES:
        answer = opened.search(vector, 1, where=SnapshotFilter(source=source), tiers=TIERS)
        assert answer.keys[0, 0] == both


def test_recall_of_merged_tiers_is_that_of_exact_search(opened, wide):
    queries = wide.queries["text"].vectors
    exact = exact_neighbours(queries, wide.vectors, wide.keys, k=10)
    answer = opened.search(queries, 10, tiers=TIERS)
    hits = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.keys, answer.keys, strict=True)])
    assert hits >= 0.93


def test_a_flat_tier_returns_exact_inner_products(tmp_path):
    catalogue = make_catalogue(50, tiers=("hot",))
    store = sqlite_store(tmp_path)
    opened = open_snapshot(store, "house", build(store, catalogue).snapshot_id)
    queries = catalogue.queries["text"].vectors
    exact = exact_neighbours(queries, catalogue.vectors, catalogue.keys, k=10)
    answer = opened.search(queries, 10)
    assert np.array_equal(answer.keys, exact.keys)
    assert np.array_equal(answer.scores, exact.scores)


def test_equal_pictures_are_ordered_by_key(tmp_path):
    catalogue = make_catalogue(40, tiers=("hot", "warm"))
    same = np.repeat(catalogue.vectors[:1], 40, axis=0)
    store = sqlite_store(tmp_path)
    opened = open_snapshot(store, "house", build(store, replace(catalogue, vectors=same)).snapshot_id)
    answer = opened.search(same[:1], 40, tiers=("hot",))
    given_keys = answer.keys[0][answer.keys[0] >= 0]
    assert np.array_equal(given_keys, catalogue.keys[::2])


def test_one_query_and_many_get_the_same_answers_and_so_do_threads(opened, wide):
    queries = wide.queries["text"].vectors
    where = SnapshotFilter(category="ring")
    together = opened.search(queries, 10, where=where, tiers=TIERS)

    def alone(row):
        return opened.search(queries[row : row + 1], 10, where=where, tiers=TIERS)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(alone, list(range(len(queries))) * 4))
    for row, answer in zip(list(range(len(queries))) * 4, answers, strict=True):
        assert np.array_equal(answer.keys[0], together.keys[row])
        assert np.array_equal(answer.scores[0], together.scores[row])


def test_tiers_searched_at_once_answer_as_one_after_another(opened, wide):
    where = SnapshotFilter(category="ring")
    alone = OpenSnapshot(
        content=opened.content, snapshot_id="alone", tiers=opened.tiers, metadata=opened.metadata
    )
    asked: list[str] = []

    class Noting(ThreadPoolExecutor):
        def submit(self, call, /, *arguments, **named):
            asked.append(arguments[0].tier)
            return super().submit(call, *arguments, **named)

    with Noting(2) as pool:
        at_once = OpenSnapshot(
            content=opened.content,
            snapshot_id="at once",
            tiers=opened.tiers,
            metadata=opened.metadata,
            at_once=pool,
        )
        for query in wide.queries["text"].vectors[:8]:
            wanted = alone.search(query[None], 10, where=where, tiers=TIERS)
            answer = at_once.search(query[None], 10, where=where, tiers=TIERS)
            assert np.array_equal(answer.keys, wanted.keys)
            assert np.array_equal(answer.scores, wanted.scores)
    assert asked == ["warm", "cold"] * 8  # the first tier is searched by the thread that asks


def test_every_thread_of_a_searching_pool_searches_with_its_own_number_of_threads():
    # OpenMP keeps the number per thread: one that sets nothing takes every core.
    with searching_threads(2, each=3) as pool:
        assert {pool.submit(faiss.omp_get_max_threads).result() for _ in range(8)} == {3}


def test_exclusions_hold_per_query(opened, wide):
    queries = wide.queries["text"].vectors[:4]
    first = opened.search(queries, 3, tiers=TIERS).keys
    second = opened.search(queries, 3, tiers=TIERS, excluding=first)
    longer = opened.search(queries, 6, tiers=TIERS)
    for row in range(4):
        assert not set(second.keys[row]) & set(first[row])
        assert set(second.keys[row]) | set(first[row]) == set(longer.keys[row])


def test_probing_wider_under_a_filter_finds_what_scanning_finds(tmp_path):
    catalogue = make_catalogue(3_000, tiers=("warm",))
    store = sqlite_store(tmp_path)
    opened = open_snapshot(
        store, "house", build(store, catalogue, settings=approximate(SETTINGS)).snapshot_id
    )
    queries = catalogue.queries["text"].vectors
    where = SnapshotFilter(availability="in_stock", currency="EUR")
    scanned = opened.search(queries, 10, where=where)

    for tier in opened.tiers.values():
        tier.file = tier.file.model_copy(update={"filters": FilterPlan(gather_at_most=0, scan_at_most=0)})
    probed = opened.search(queries, 10, where=where)

    hits = [len(set(a) & set(b)) for a, b in zip(scanned.keys, probed.keys, strict=True)]
    assert np.mean(hits) >= 9.5
    assert (probed.keys >= 0).all()


def test_a_tier_that_was_not_asked_gives_nothing(opened, wide):
    cold = set(wide.keys[wide.tiers == "cold"].tolist())
    answer = opened.search(wide.queries["text"].vectors, 600)
    assert not set(answer.keys.ravel().tolist()) & cold


def test_queries_that_do_not_fit_are_refused(opened):
    with pytest.raises(SearchError, match="dimension 128"):
        opened.search(np.ones((1, 5), dtype=np.float32), 3)
    with pytest.raises(SearchError, match="not a number"):
        opened.search(np.full((1, 128), np.nan, dtype=np.float32), 3)
    with pytest.raises(SearchError, match="k is 0"):
        opened.search(np.ones((1, 128), dtype=np.float32), 0)
    assert opened.search(np.empty((0, 128), dtype=np.float32), 3).keys.shape == (0, 3)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"price_min_minor": 3}, "needs a currency"),
        ({"price_min_minor": 9, "price_max_minor": 3, "currency": "EUR"}, "swap them"),
        ({"category": ()}, "at least 1"),
        ({"karat": "18"}, "karat"),
        ({"tier": "lukewarm"}, "tier"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(stated, message):
    with pytest.raises(ValidationError, match=message):
        SnapshotFilter.model_validate(stated)


def test_only_so_many_filters_are_remembered_and_channels_share_their_masks(opened):
    asked = [SnapshotFilter(price_min_minor=price, currency="EUR") for price in range(200)]
    masks = [opened.mask(where) for where in asked]
    assert len(opened._filters._known) == 128
    assert np.array_equal(opened.mask(asked[0]), masks[0])  # forgotten, and worked out anew
    for where, mask in zip(asked, masks, strict=True):
        assert np.array_equal(mask, satisfying_rows(opened.metadata, where))
    child = OpenSnapshot(
        content=opened.content,
        snapshot_id=opened.snapshot_id,
        tiers=opened.tiers,
        metadata=opened.metadata,
        filters=opened._filters,
    )
    assert child.mask(asked[-1]) is opened.mask(asked[-1])
