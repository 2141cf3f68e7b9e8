"""Saboteurs: each is built, published, refused by name, and never promoted."""

import json

import faiss
import numpy as np
import pytest
from index_house import (
    DIMENSION,
    MOVED_AT,
    SETTINGS,
    build,
    draft_of,
    draft_with,
    flat_index,
    judged,
    make_catalogue,
)

from index_builds.errors import GateCannotRunError, GateRefusedError, SnapshotDamagedError
from index_builds.gate_report import GateReport, judge
from index_builds.gate_truth import truth_of
from index_builds.manifest import manifest_key
from index_builds.metadata_file import canonical_metadata
from index_builds.promotion import promote
from index_builds.queries import HELD_OUT, held_out_queries
from storage.objects import digest_key


def shuffled_ids(catalogue):
    return flat_index(np.random.default_rng(1).permutation(catalogue.keys), catalogue.vectors)


def two_ids_swapped(catalogue):
    keys = catalogue.keys.copy()
    keys[[0, -1]] = keys[[-1, 0]]
    return flat_index(keys, catalogue.vectors)


def wrong_metric(catalogue):
    return flat_index(catalogue.keys, catalogue.vectors, faiss.IndexFlatL2(DIMENSION))


def unnormalised(catalogue):
    lengths = np.random.default_rng(2).uniform(0.3, 3.0, size=(len(catalogue.keys), 1)).astype(np.float32)
    return flat_index(catalogue.keys, catalogue.vectors * lengths)


def another_encoder(catalogue):
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(DIMENSION, DIMENSION)))
    return flat_index(catalogue.keys, np.ascontiguousarray(catalogue.vectors @ rotation, dtype=np.float32))


def half_missing(catalogue):
    return flat_index(catalogue.keys[::2], catalogue.vectors[::2])


def repeated_ids(catalogue):
    return flat_index(
        np.concatenate([catalogue.keys, catalogue.keys[:5]]),
        np.concatenate([catalogue.vectors, catalogue.vectors[:5]]),
    )


def strangers(catalogue):
    return flat_index(
        np.concatenate([catalogue.keys, catalogue.keys[:5] + 1]),
        np.concatenate([catalogue.vectors, catalogue.vectors[:5]]),
    )


def coarse_codes(catalogue):
    signs = np.sign(catalogue.vectors) / np.float32(DIMENSION**0.5)
    return flat_index(catalogue.keys, signs)


SABOTEURS = {
    shuffled_ids: ("vector_cosine", "held_out_images on hot, unfiltered: measured recall@10"),
    two_ids_swapped: ("vector_cosine",),
    wrong_metric: ("metrics_other_than_inner_product", "score_error"),
    unnormalised: ("vector_length_error",),
    another_encoder: ("vector_cosine", "text on hot, unfiltered"),
    half_missing: ("ids_missing: measured 120",),
    repeated_ids: ("ids_repeated: measured 5",),
    strangers: ("ids_unknown: measured 5",),
    coarse_codes: ("held_out_images on hot, unfiltered: measured recall@10", "lower bound"),
}


def try_to_promote(store, snapshot_id, **changed):
    return promote(
        store,
        "house",
        snapshot_id,
        **({"settings": SETTINGS.gate, "actor": "test", "moved_at": MOVED_AT} | changed),
    )


def test_an_honest_index_of_the_same_make_passes(tmp_path, store, catalogue):
    content, paths = draft_with(tmp_path / "draft", catalogue, flat_index(catalogue.keys, catalogue.vectors))
    manifest = store.publish(draft_of(content, paths, judged(content, paths, catalogue)))
    assert manifest.gate.passed
    assert try_to_promote(store, manifest.snapshot_id).snapshot_id == manifest.snapshot_id


@pytest.mark.parametrize("sabotage", SABOTEURS, ids=lambda sabotage: sabotage.__name__)
def test_a_saboteur_is_published_refused_by_name_and_never_promoted(tmp_path, store, catalogue, sabotage):
    content, paths = draft_with(tmp_path / "draft", catalogue, sabotage(catalogue))

    manifest = store.publish(draft_of(content, paths, judged(content, paths, catalogue)))

    assert not manifest.gate.passed
    for named in SABOTEURS[sabotage]:
        assert any(named in failure for failure in manifest.gate.failures), manifest.gate.failures
    assert store.latest("house").state == "refused"
    with pytest.raises(GateRefusedError, match="refused"):
        try_to_promote(store, manifest.snapshot_id)
    assert store.promoted("house") is None


def whitewashed(report, **changed):
    return report.model_copy(update={"passed": True, "failures": (), **changed})


def test_a_report_that_only_says_passed_does_not_help(tmp_path, store, catalogue):
    content, paths = draft_with(tmp_path / "draft", catalogue, shuffled_ids(catalogue))
    report = whitewashed(judged(content, paths, catalogue))

    manifest = store.publish(draft_of(content, paths, report))

    assert store.latest("house").state == "candidate"
    with pytest.raises(GateRefusedError, match=r"does not pass the gate.*vector_cosine: measured"):
        try_to_promote(store, manifest.snapshot_id)


def test_stated_recall_and_bounds_are_worked_out_again_from_the_counts(tmp_path, catalogue):
    content, paths = draft_with(tmp_path / "draft", catalogue, coarse_codes(catalogue))
    report = judged(content, paths, catalogue)
    edited = whitewashed(
        report,
        strata=tuple(stratum.model_copy(update={"recall": 1.0, "lower": 1.0}) for stratum in report.strata),
    )
    failures = [str(failure) for failure in judge(edited, SETTINGS.gate)]
    assert any("required the stated 1.0000" in failure for failure in failures)
    assert any("required lower bound at least 0.9500" in failure for failure in failures)


@pytest.mark.parametrize(
    "edit",
    [
        lambda report: {"strata": ()},
        lambda report: {"measures": {}},
        lambda report: {"families": {"text": 30}, "strata": report.strata},
        lambda report: {"k": 1},
        lambda report: {"tiers": {}},
        lambda report: {"tiers": {"hot": 240, "warm": 3}},
        lambda report: {
            "strata": tuple(
                row.model_copy(update={"counts": ((12, 10, row.queries),)}) for row in report.strata
            )
        },
        lambda report: {"comparison": report.comparison.model_copy(update={"skipped": "no time"})},
        lambda report: {"comparison": report.comparison.model_copy(update={"skipped": None})},
    ],
)
def test_a_report_with_figures_left_out_or_impossible_fails(tmp_path, catalogue, edit):
    content, paths = draft_with(tmp_path / "draft", catalogue, flat_index(catalogue.keys, catalogue.vectors))
    report = judged(content, paths, catalogue)
    assert judge(report, SETTINGS.gate) == []
    assert judge(report.model_copy(update=edit(report)), SETTINGS.gate)


def test_a_report_forged_in_every_figure_falls_when_measured_again(tmp_path, store, catalogue):
    honest, honest_paths = draft_with(
        tmp_path / "honest", catalogue, flat_index(catalogue.keys, catalogue.vectors)
    )
    content, paths = draft_with(tmp_path / "draft", catalogue, shuffled_ids(catalogue))
    forged = judged(honest, honest_paths, catalogue).model_copy(
        update={"content_digest": content.content_digest()}
    )
    manifest = store.publish(draft_of(content, paths, forged))

    with pytest.raises(
        GateRefusedError, match=r"does not hold up when measured again.*vector_cosine: measured"
    ):
        try_to_promote(store, manifest.snapshot_id, truth=lambda: (catalogue.keys, catalogue.vectors))


def test_a_report_of_another_snapshot_does_not_count(tmp_path, store, catalogue):
    honest, honest_paths = draft_with(
        tmp_path / "honest", catalogue, flat_index(catalogue.keys, catalogue.vectors)
    )
    content, paths = draft_with(tmp_path / "draft", catalogue, shuffled_ids(catalogue))
    manifest = store.publish(draft_of(content, paths, judged(honest, honest_paths, catalogue)))
    with pytest.raises(GateRefusedError, match="was made for content"):
        try_to_promote(store, manifest.snapshot_id)


def test_a_torn_file_is_not_promoted(store, catalogue):
    manifest = build(store, catalogue)
    digest = manifest.content.tiers["hot"]["visual"].digest
    data = bytearray(store.objects.get(digest_key("index-files", digest)))
    data[-40:-36] = b"\xff\xff\xff\xff"
    store.objects.put(digest_key("index-files", digest), bytes(data))
    with pytest.raises(SnapshotDamagedError, match=f"damaged files: {digest[:12]}"):
        try_to_promote(store, manifest.snapshot_id)
    assert store.promoted("house") is None


def test_an_edited_manifest_is_not_promoted(store, catalogue):
    manifest = build(store, catalogue)
    key = manifest_key("house", manifest.snapshot_id)
    edited = json.loads(store.objects.get(key))
    edited["gate"]["passed"] = False
    store.objects.put(key, json.dumps(edited).encode())
    with pytest.raises(SnapshotDamagedError, match="changed after publication"):
        try_to_promote(store, manifest.snapshot_id)


def test_the_floors_in_force_at_promotion_decide(store, catalogue, monkeypatch):
    monkeypatch.setattr("index_builds.plans.EXACT_BYTES", 0)  # refined lists, which are not quite exact
    manifest = build(store, catalogue)
    everything = {"overall": 1.0, "stratum": 1.0}
    strict = SETTINGS.gate.model_validate(
        SETTINGS.gate.model_dump() | {"floors": dict.fromkeys(("hot", "warm", "cold"), everything)}
    )
    with pytest.raises(GateRefusedError, match=r"on cold, availability.*lower bound at least 1\.0000"):
        try_to_promote(store, manifest.snapshot_id, settings=strict)


@pytest.mark.parametrize(
    ("count", "tiers"),
    [
        (1, ("cold",)),
        (2, ("hot",)),
        (2, ("hot", "warm")),
        (3, ("hot", "warm", "cold")),
        (11, ("hot", "warm")),
    ],
)
def test_a_tiny_collection_is_built_judged_and_promoted(store, count, tiers):
    manifest = build(store, make_catalogue(count, tiers=tiers, queries=20))
    assert manifest.gate.failures == ()
    assert try_to_promote(store, manifest.snapshot_id).version == 1


def test_a_gate_that_cannot_run_is_an_error(store, catalogue):
    with pytest.raises(GateCannotRunError, match="needs held_out_images"):
        build(store, catalogue, queries={"text": catalogue.queries["text"]})
    none = catalogue.queries["text"].take(np.array([], dtype=np.int64))
    with pytest.raises(GateCannotRunError, match="no queries of text"):
        build(store, catalogue, queries=catalogue.queries | {"text": none})
    table = canonical_metadata(catalogue.metadata, catalogue.keys, catalogue.tiers)
    with pytest.raises(GateCannotRunError, match="has length 3"):
        truth_of(catalogue.keys, catalogue.vectors * 3, table)
    assert store.list("house") == []


def test_a_worse_successor_is_refused_for_being_worse(tmp_path, store):
    # Both clear a low floor; only the comparison tells them apart.
    catalogue = make_catalogue(240, tiers=("hot",))
    low = SETTINGS.model_copy(
        update={
            "gate": SETTINGS.gate.model_validate(
                SETTINGS.gate.model_dump()
                | {"floors": {tier: {"overall": 0.0, "stratum": 0.0} for tier in ("hot", "warm", "cold")}}
            )
        }
    )
    first = build(store, catalogue, settings=low)
    try_to_promote(store, first.snapshot_id, settings=low.gate)
    content, paths = draft_with(tmp_path / "draft", catalogue, coarse_codes(catalogue))

    from index_builds.gate import run_gate
    from index_builds.reading import open_content, open_snapshot

    report = run_gate(
        open_content(content, paths.__getitem__, snapshot_id=None),
        truth_of(
            catalogue.keys,
            catalogue.vectors,
            canonical_metadata(catalogue.metadata, catalogue.keys, catalogue.tiers),
        ),
        catalogue.queries,
        incumbent=open_snapshot(store, "house", first.snapshot_id),
        settings=low.gate,
    )

    compared = [failure for failure in report.failures if f"comparison with {first.snapshot_id}" in failure]
    assert len(compared) == 2
    assert not any("recall@10" in failure for failure in report.failures)


def test_snapshots_of_different_encoders_are_not_compared(store, catalogue):
    first = build(store, catalogue)
    try_to_promote(store, first.snapshot_id)
    second = build(store, catalogue, encoder_id="encoder-b")
    assert second.gate.comparison.skipped == "another encoder"
    assert try_to_promote(store, second.snapshot_id).version == 2


def test_held_out_queries_never_find_themselves_or_their_group():
    catalogue = make_catalogue(30)
    groups = np.arange(30) // 3
    shuffle = np.random.default_rng(1).permutation(30)
    drawn = held_out_queries(catalogue.keys, catalogue.vectors, groups, count=10, seed=3)
    again = held_out_queries(
        catalogue.keys[shuffle], catalogue.vectors[shuffle], groups[shuffle], count=10, seed=3
    )
    assert drawn.digest() == again.digest()
    for own, excluded in zip(drawn.own_keys, drawn.excluding, strict=True):
        place = int(np.flatnonzero(catalogue.keys == own)[0])
        assert sorted(excluded) == sorted(catalogue.keys[groups == groups[place]])


def test_a_report_survives_json(store, catalogue):
    report = build(store, catalogue).gate
    assert GateReport.model_validate_json(report.model_dump_json(), strict=True) == report
    assert report.families == {HELD_OUT: 30, "text": 30}
