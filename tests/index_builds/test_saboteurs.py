"""Broken on purpose: each is refused, and the refusal names what was done; the same unbroken is promoted.

The plans are approximate, as in a catalogue that has outgrown exact search: inverted lists, codes and a
refinement.  Every index is built by the pipeline's own builder, apart from what the saboteur does to it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pytest
from index_house import (
    DIMENSION,
    MOVED_AT,
    SETTINGS,
    Catalogue,
    build,
    draft_of,
    make_catalogue,
    sqlite_store,
)

from index_builds import open_tier, pipeline, plans, tier_files
from index_builds.build import build_index, write_index
from index_builds.errors import GateRefusedError
from index_builds.filter_plan import FilterPlan
from index_builds.gate import run_gate
from index_builds.gate_truth import truth_of
from index_builds.manifest import Manifest, SnapshotContent
from index_builds.metadata_file import canonical_metadata, write_metadata
from index_builds.open_tier import bitmap
from index_builds.promotion import promote
from index_builds.queries import HELD_OUT, held_out_queries
from index_builds.reading import open_content
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore

APPROXIMATE = IndexSettings.model_validate(
    SETTINGS.model_dump()
    | {"tiers": {"hot": {"exact_below": 0, "target_recall": 0.99}}, "retention": SETTINGS.retention}
)
COUNT = 1_500


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where a saboteur works."""

    store: SnapshotStore
    catalogue: Catalogue
    monkeypatch: pytest.MonkeyPatch

    def built(self, catalogue: Catalogue | None = None, **changed: Any) -> Manifest:
        return build(self.store, catalogue or self.catalogue, settings=APPROXIMATE, **changed)

    def built_by(self, builder: Callable[..., Any]) -> Manifest:
        """Build through the pipeline, with another builder of index files."""
        self.monkeypatch.setattr(tier_files, "build_index", builder)
        return self.built()

    def published(self, content: SnapshotContent) -> Manifest:
        """Judge a content as the pipeline does, and publish it."""
        one = self.catalogue
        table = canonical_metadata(one.metadata, one.keys, one.tiers)
        report = run_gate(
            open_content(content, self.store.file, snapshot_id=None),
            truth_of(one.keys, one.vectors, table),
            one.queries,
            incumbent=None,
            settings=APPROXIMATE.gate,
        )
        return self.store.publish(draft_of(content, {}, report))


def changed_by_hand(path: Path, change: Callable[[Any], None]) -> None:
    """Read an index file, change the index and write it again, as a careless script would."""
    index = faiss.read_index(str(path))
    change(index)
    write_index(index, path)


def shuffled_ids(bench: Bench) -> Manifest:
    def builder(plan, keys, vectors, path):
        build_index(plan, keys, vectors, path)
        shuffled = np.random.default_rng(1).permutation(keys)
        changed_by_hand(path, lambda index: faiss.copy_array_to_vector(shuffled, index.id_map))

    return bench.built_by(builder)


def wrong_metric(bench: Bench) -> Manifest:
    def builder(plan, keys, vectors, path):
        made = faiss.index_factory(plan.dimension, plan.factory, faiss.METRIC_L2)
        made.train(vectors)
        index = faiss.IndexIDMap(made)
        index.add_with_ids(vectors, keys)
        write_index(index, path)

    return bench.built_by(builder)


def unnormalised_vectors(bench: Bench) -> Manifest:
    def builder(plan, keys, vectors, path):
        lengths = np.random.default_rng(2).uniform(0.3, 3.0, size=(len(keys), 1)).astype(np.float32)
        made = faiss.index_factory(plan.dimension, plan.factory, faiss.METRIC_INNER_PRODUCT)
        made.train(vectors * lengths)
        index = faiss.IndexIDMap(made)
        index.add_with_ids(vectors * lengths, keys)
        write_index(index, path)

    return bench.built_by(builder)


def half_of_a_list_missing(bench: Bench) -> Manifest:
    def halve(index: Any) -> None:
        inner = faiss.downcast_index(index.index)
        if isinstance(inner, faiss.IndexRefine):
            inner = faiss.downcast_index(faiss.downcast_index(inner.base_index).index)
        lists = inner.invlists
        longest = max(range(lists.nlist), key=lists.list_size)
        lists.resize(longest, lists.list_size(longest) // 2)

    def builder(plan, keys, vectors, path):
        build_index(plan, keys, vectors, path)
        changed_by_hand(path, halve)

    return bench.built_by(builder)


def stale_metadata(bench: Bench) -> Manifest:
    """The index is today's; prices and availability are yesterday's."""

    def yesterdays(table):
        rows = table.to_pylist()
        for row in rows[:200]:
            row["availability"] = "discontinued"
            row["price_minor"] = None if row["price_minor"] is None else row["price_minor"] + 500
        return write_metadata(pa.Table.from_pylist(rows, schema=table.schema))

    bench.monkeypatch.setattr(pipeline, "write_metadata", yesterdays)
    return bench.built()


def another_encoders_vectors(bench: Bench) -> Manifest:
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(DIMENSION, DIMENSION)))

    def builder(plan, keys, vectors, path):
        build_index(plan, keys, np.ascontiguousarray(vectors @ rotation, dtype=np.float32), path)

    return bench.built_by(builder)


def delta_applied_twice(bench: Bench) -> Manifest:
    """Its keys are in the new base already, and the delta still lies on top."""
    bench.built(bench.catalogue.take(np.arange(COUNT - 40)))
    on_top = bench.built().content.tiers["hot"]["visual"]
    assert on_top.delta is not None
    compacted = bench.built(compact=True).content
    twice = compacted.tiers["hot"]["visual"].model_copy(update={"delta": on_top.delta})
    return bench.published(compacted.model_copy(update={"tiers": {"hot": {"visual": twice}}}))


def filter_bitmap_off_by_one(bench: Bench) -> Manifest:
    """The bits are set at the position after the eligible one."""
    # Which filters are answered by a bitmap is measured in seconds elsewhere: here all are.
    always = FilterPlan(gather_at_most=0)
    bench.monkeypatch.setattr(tier_files, "measured_filter_plan", lambda *_, **__: always)
    bench.monkeypatch.setattr(
        open_tier, "bitmap", lambda positions, count: bitmap((positions + 1) % count, count)
    )
    return bench.built()


def gate_report_edited_by_hand(bench: Bench) -> Manifest:
    """An index of signs alone, whose report was made to read like a good one."""

    def builder(plan, keys, vectors, path):
        signs = np.sign(vectors) / np.float32(DIMENSION**0.5)
        build_index(plan, keys, np.ascontiguousarray(signs, dtype=np.float32), path)

    def edited(*arguments, **named):
        report = run_gate(*arguments, **named)
        assert not report.passed
        good = tuple(one.model_copy(update={"recall": 1.0, "lower": 1.0}) for one in report.strata)
        measures = {**report.measures, "vector_cosine": 1.0, "score_error": 0.0}
        return report.model_copy(
            update={"passed": True, "failures": (), "strata": good, "measures": measures}
        )

    bench.monkeypatch.setattr(pipeline, "run_gate", edited)
    return bench.built_by(builder)


SABOTEURS: dict[Callable[[Bench], Manifest], tuple[str, ...]] = {
    shuffled_ids: ("vector_cosine", "are another image's vector: 32", "are no image's vector: 0"),
    wrong_metric: ("metrics_other_than_inner_product", "parts of the index that rank by another metric"),
    unnormalised_vectors: ("vector_length_error", "of decoded vectors against length 1"),
    half_of_a_list_missing: ("ids_missing", "in no list of the index: "),
    stale_metadata: ("metadata_rows_differ: measured 200", "availability: 200", "price_minor: "),
    another_encoders_vectors: ("vector_cosine", "are no image's vector: 32"),
    delta_applied_twice: ("ids_repeated: measured 40", "as when a delta lies on a base that has it already"),
    filter_bitmap_off_by_one: (
        "impure_results",
        "answers outside the filter",
        "category: ",
        "availability: ",
    ),
    gate_report_edited_by_hand: ("from its counts, required the stated 1.0000",),
}


@pytest.fixture(scope="module")
def approximate_catalogue():
    """Pictures in one tier, whose gate asks about its own."""
    made = make_catalogue(COUNT, seed=4, tiers=("hot",))
    queries = held_out_queries(made.keys, made.vectors, None, count=30, seed=5)
    return replace(made, queries={**made.queries, HELD_OUT: queries})


@pytest.fixture
def bench(tmp_path, approximate_catalogue, monkeypatch):
    return Bench(store=sqlite_store(tmp_path), catalogue=approximate_catalogue, monkeypatch=monkeypatch)


def try_to_promote(bench: Bench, manifest: Manifest):
    return promote(
        bench.store,
        "house",
        manifest.snapshot_id,
        settings=APPROXIMATE.gate,
        actor="test",
        moved_at=MOVED_AT,
    )


def test_the_same_unbroken_is_promoted(bench):
    manifest = bench.built()
    assert manifest.gate.failures == ()
    assert "IVF" in manifest.content.tiers["hot"]["visual"].factory
    assert try_to_promote(bench, manifest).snapshot_id == manifest.snapshot_id


@pytest.mark.parametrize("sabotage", SABOTEURS, ids=lambda sabotage: sabotage.__name__)
def test_a_saboteur_is_refused_and_the_refusal_names_what_was_done(bench, sabotage):
    manifest = sabotage(bench)

    with pytest.raises(GateRefusedError) as refusal:
        try_to_promote(bench, manifest)

    for named in SABOTEURS[sabotage]:
        assert named in str(refusal.value), str(refusal.value)
    assert bench.store.promoted("house") is None


def test_half_of_a_list_is_missed_where_the_lists_hold_the_only_copy_too(bench, monkeypatch):
    """Without a refinement FAISS cannot read such a vector back: it would fail in the middle of the gate."""
    monkeypatch.setattr(plans, "_BITS_FROM_DIMENSION", DIMENSION + 1)
    # Which filters decode vectors is measured in seconds elsewhere.
    monkeypatch.setattr(tier_files, "measured_filter_plan", lambda *_, **__: FilterPlan())

    manifest = half_of_a_list_missing(bench)

    assert "Refine" not in manifest.content.tiers["hot"]["visual"].factory
    with pytest.raises(GateRefusedError, match=r"ids_missing: .*in no list of the index: "):
        try_to_promote(bench, manifest)
