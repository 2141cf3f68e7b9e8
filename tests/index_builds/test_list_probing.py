"""Lists are probed until they hold enough eligible vectors: counted from FAISS's own lists and order."""

import faiss
import numpy as np
import pytest
from index_house import SETTINGS, build, make_catalogue, sqlite_store

from index_builds.filter_plan import FilterPlan
from index_builds.filters import SnapshotFilter
from index_builds.list_probing import ListProbing
from index_builds.open_tier import OpenTier
from index_builds.reading import open_snapshot
from index_builds.search import OpenSnapshot
from index_builds.settings import IndexSettings

DIMENSION, COUNT, LISTS = 32, 4_000, 64


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(3)
    centres = random.standard_normal((40, DIMENSION))
    drawn = centres[random.integers(40, size=COUNT)] + 0.4 * random.standard_normal((COUNT, DIMENSION))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(
    scope="module",
    params=[
        f"IVF{LISTS},SQfp16",
        f"RR{DIMENSION},IVF{LISTS},RaBitQ,Refine(SQfp16)",
        f"PCAR16,IVF{LISTS},Flat",
    ],
)
def index(request, vectors):
    made = faiss.index_factory(DIMENSION, request.param, faiss.METRIC_INNER_PRODUCT)
    made.train(vectors)
    made.add(vectors)
    return made


def ivf_and_turned(index, vectors):
    """The IVF index below, and the vectors as it sees them."""
    inner = faiss.downcast_index(index)
    if isinstance(inner, faiss.IndexRefine):
        inner = faiss.downcast_index(inner.base_index)
    if isinstance(inner, faiss.IndexPreTransform):
        return faiss.downcast_index(inner.index), faiss.downcast_VectorTransform(inner.chain.at(0)).apply(
            vectors
        )
    return inner, vectors


def test_every_vector_is_counted_in_the_list_that_faiss_put_it_in(index, vectors):
    ivf, turned = ivf_and_turned(index, vectors)
    lists = ListProbing(index, COUNT)
    _, own = ivf.quantizer.search(turned, 1)
    chosen = np.arange(0, COUNT, 7)
    assert lists.listed().all()
    assert np.array_equal(lists.by_list(chosen), np.bincount(own[chosen, 0], minlength=LISTS))


@pytest.mark.parametrize("enough", [1, 37, 300, 10**6])
def test_the_lists_of_each_query_hold_enough_and_hardly_more_are_probed(index, vectors, enough):
    ivf, turned = ivf_and_turned(index, vectors)
    lists = ListProbing(index, COUNT)
    queries = vectors[:50]
    # The surroundings of one vector: some queries lie amid them, others meet them in their last lists.
    eligible = lists.by_list(np.argsort(-(vectors @ vectors[100]))[:400])
    needed = lists.needed(queries, eligible, enough=enough, least=2)
    _, ranked = ivf.quantizer.search(turned[:50], LISTS)
    owed = min(enough, 400)
    for query, probes in enumerate(needed.tolist()):
        met = eligible[ranked[query]].cumsum()
        least = max(int((met < owed).sum()) + 1, 2)
        assert met[probes - 1] >= owed
        assert least <= probes <= min(np.ceil(least * 2**0.5) + 1, LISTS)
    if enough == 37:
        assert len(set(needed.tolist())) > 3  # or nothing is told apart here


def test_a_query_is_answered_alike_alone_and_among_others(index, vectors):
    lists = ListProbing(index, COUNT)
    eligible = lists.by_list(np.arange(0, COUNT, 11))
    together = lists.needed(vectors[:30], eligible, enough=50, least=4)
    alone = [int(lists.needed(vectors[row : row + 1], eligible, enough=50, least=4)[0]) for row in range(30)]
    assert together.tolist() == alone


def test_vectors_in_no_list_are_told(vectors):
    index = faiss.index_factory(DIMENSION, f"IVF{LISTS},Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    lists = ListProbing(index, COUNT + 3)
    assert np.flatnonzero(~lists.listed()).tolist() == [COUNT, COUNT + 1, COUNT + 2]
    assert lists.by_list(np.array([COUNT, COUNT + 2])).sum() == 0


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A tier of lists that is probed as narrowly as a plan allows, for every filter; and its catalogue."""
    store = sqlite_store(tmp_path_factory.mktemp("probed"))
    catalogue = make_catalogue(3_000, seed=8, tiers=("hot",), queries=40)
    lists = {"tiers": {"hot": {"exact_below": 0, "target_recall": 0.95}}}
    manifest = build(store, catalogue, settings=IndexSettings.model_validate(SETTINGS.model_dump() | lists))
    whole = open_snapshot(store, "house", manifest.snapshot_id)
    base = whole.tiers["hot"]
    narrow = FilterPlan(gather_at_most=0, scan_at_most=0, widen=0.25)
    tier = OpenTier(
        tier="hot",
        index=base.owner,
        file=base.file.model_copy(update={"filters": narrow}),
        path=base.path,
    )
    assert "nprobe" in tier.file.parameters
    yield (
        OpenSnapshot(
            content=whole.content, snapshot_id=whole.snapshot_id, tiers={"hot": tier}, metadata=whole.metadata
        ),
        catalogue,
    )
    store.engine.dispose()


def test_many_results_under_a_filter_are_the_nearest_ones_too(probed):
    snapshot, catalogue = probed
    where = SnapshotFilter(availability="in_stock")
    queries = catalogue.queries["text"].vectors
    answer = snapshot.search(queries, 200, where=where)
    exact = snapshot.search(queries, 200, where=where, exhaustive=True)
    shared = [len(set(a) & set(b)) for a, b in zip(answer.keys.tolist(), exact.keys.tolist(), strict=True)]
    assert np.mean(shared) / 200 > 0.95


def test_a_query_finds_the_same_alone_and_among_others(probed):
    snapshot, catalogue = probed
    where = SnapshotFilter(availability="in_stock")
    queries = catalogue.queries["text"].vectors
    together = snapshot.search(queries, 10, where=where)
    for row in range(len(queries)):
        alone = snapshot.search(queries[row : row + 1], 10, where=where)
        assert alone.keys[0].tolist() == together.keys[row].tolist()
