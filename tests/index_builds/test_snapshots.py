"""The store: whole or invisible, never twice the same, and nothing named is ever removed."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_house import (
    MOVED_AT,
    SETTINGS,
    Catalogue,
    build,
    draft_of,
    draft_with,
    flat_index,
    judged,
    make_catalogue,
    slim_catalogue,
    sqlite_store,
)

from index_builds.errors import (
    BuildBusyError,
    BuildInputError,
    GarbageError,
    ManifestFormatError,
    SnapshotDamagedError,
    SnapshotMissingError,
)
from index_builds.manifest import Manifest, manifest_key, parse_manifest
from index_builds.promotion import promote
from index_builds.retention import collect_garbage
from index_builds.snapshots import SnapshotStore
from index_builds.staging import staging_folder
from index_builds.tiers import TIERS
from storage.objects import LocalObjectStore, digest_key


@pytest.fixture(scope="module")
def three_tiers() -> Catalogue:
    """Twenty-four pictures in three tiers, with few questions."""
    return slim_catalogue(24, tiers=TIERS)


class Killed(BaseException):
    """Stands for a process that is killed: nothing may catch it."""


class DyingObjects(LocalObjectStore):
    """An object store whose process is killed before its n-th write."""

    def __init__(self, root, writes):
        super().__init__(root)
        self.left = writes

    def _count(self):
        if self.left == 0:
            raise Killed
        self.left -= 1

    def put(self, key, data):
        self._count()
        super().put(key, data)

    def put_file(self, key, path):
        self._count()
        super().put_file(key, path)


def test_the_same_inputs_in_any_order_by_any_run_give_the_same_snapshot(store, three_tiers):
    first = build(store, three_tiers)
    objects = list(store.objects.keys(""))
    order = np.random.default_rng(2).permutation(len(three_tiers.keys))
    rows = np.random.default_rng(3).permutation(three_tiers.metadata.num_rows)
    shuffled = replace(
        three_tiers,
        keys=three_tiers.keys[order],
        vectors=three_tiers.vectors[order],
        tiers=three_tiers.tiers[order],
        metadata=three_tiers.metadata.take(rows),
    )

    again = build(store, shuffled, run_id="run-2", upstream={"image_embeddings": "2"})

    assert again == first
    assert list(store.objects.keys("")) == objects
    assert len(store.list("house")) == 1


def test_another_store_builds_the_same_content(tmp_path, store, three_tiers):
    other = sqlite_store(tmp_path / "other")
    build(other, slim_catalogue(20))
    assert build(store, three_tiers).content_digest == build(other, three_tiers).content_digest
    assert [entry.version for entry in other.list("house")] == [2, 1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, three_tiers) -> Manifest:
    """What a build gives that nothing interrupts."""
    return build(sqlite_store(tmp_path_factory.mktemp("whole")), three_tiers)


@pytest.mark.parametrize("writes", range(5))
def test_a_build_killed_before_any_write_leaves_nothing_half_and_resumes_to_the_same(
    tmp_path, undisturbed, three_tiers, writes
):
    store = sqlite_store(tmp_path)
    dying = SnapshotStore(store.engine, DyingObjects(tmp_path / "objects", writes), store.cache)

    with pytest.raises(Killed):
        build(dying, three_tiers)

    assert store.list("house") == []
    assert store.promoted("house") is None
    resumed = build(store, three_tiers)
    assert resumed.snapshot_id == undisturbed.snapshot_id
    assert store.verify("house", resumed.snapshot_id) == resumed
    staged = [path.name for path in (store.cache / "staged" / "house").iterdir()]
    assert staged == [".lock"]


def test_a_resumed_build_takes_up_the_files_that_were_finished(tmp_path, monkeypatch, three_tiers):
    store = sqlite_store(tmp_path)
    with pytest.raises(Killed):
        build(SnapshotStore(store.engine, DyingObjects(tmp_path / "objects", 0), store.cache), three_tiers)

    def never(*_):
        pytest.fail("a finished tier was built again")

    monkeypatch.setattr("index_builds.tier_files.build_index", never)
    assert build(store, three_tiers).gate.passed


def test_a_tier_that_did_not_change_names_the_same_file_again(store, three_tiers):
    first = build(store, three_tiers)
    smaller = three_tiers.take(np.flatnonzero((three_tiers.tiers != "hot") | (np.arange(24) < 20)))
    second = build(store, smaller)
    for tier in ("warm", "cold"):
        assert first.content.tiers[tier] == second.content.tiers[tier]
    assert first.content.tiers["hot"] != second.content.tiers["hot"]


def test_what_a_dead_build_left_is_collected_and_nothing_else(tmp_path, three_tiers):
    store = sqlite_store(tmp_path)
    kept = build(store, three_tiers.take(np.arange(12)))
    before = set(store.objects.keys(""))
    with pytest.raises(Killed):
        build(SnapshotStore(store.engine, DyingObjects(tmp_path / "objects", 3), store.cache), three_tiers)
    orphans = set(store.objects.keys("")) - before
    assert orphans

    planned = collect_garbage(store, keep_last=1, grace=0, dry_run=True)
    assert set(store.objects.keys("")) == before | orphans
    done = collect_garbage(store, keep_last=1, grace=0)

    assert set(planned.removed_objects) == set(done.removed_objects) == orphans
    assert set(store.objects.keys("")) == before
    store.verify("house", kept.snapshot_id)


def test_damage_to_the_newest_snapshot_is_mended_by_building_again(store, three_tiers):
    first = build(store, three_tiers)
    digest = first.content.tiers["warm"]["visual"].digest
    store.objects.put(digest_key("index-files", digest), b"torn")
    with pytest.raises(SnapshotDamagedError, match=r"damaged files: \w{12} \(4 bytes\)"):
        store.verify("house", first.snapshot_id)

    second = build(store, three_tiers)

    assert second.content_digest == first.content_digest
    assert store.verify("house", second.snapshot_id) == second
    assert store.verify("house", first.snapshot_id) == first  # files are shared


def test_a_missing_snapshot_or_file_says_so(store, three_tiers):
    with pytest.raises(SnapshotMissingError, match="has no snapshot 00000009-abc"):
        store.manifest("house", "00000009-abc")
    manifest = build(store, three_tiers)
    store.objects.delete(digest_key("index-files", manifest.content.metadata.digest))
    with pytest.raises(SnapshotMissingError, match="restore it, or build the snapshot again"):
        store.verify("house", manifest.snapshot_id)
    store.objects.delete(manifest_key("house", manifest.snapshot_id))
    with pytest.raises(SnapshotMissingError, match="is gone"):
        store.manifest("house", manifest.snapshot_id)


def test_a_manifest_reads_back_as_it_was_and_names_its_format_first(store, three_tiers):
    manifest = build(store, three_tiers)
    data = manifest.to_json()
    assert data.startswith(b'{"format_version":2,')
    assert parse_manifest(data, "here") == manifest == store.manifest("house", manifest.snapshot_id)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda raw: raw | {"format_version": 3}, r"format_version 3, this Loupe reads \(1, 2\)"),
        (lambda raw: {key: raw[key] for key in raw if key != "format_version"}, "format_version None"),
        (lambda raw: raw | {"note": "hello"}, "not a valid manifest at note"),
        (lambda raw: raw | {"version": "1"}, "not a valid manifest at version"),
        (lambda raw: raw | {"content": raw["content"] | {"encoder_id": "other"}}, "it was edited"),
        (lambda raw: raw | {"snapshot_id": "00000002-0123456789ab"}, "it was edited"),
        (lambda raw: [raw], "format_version None"),
    ],
)
def test_a_manifest_is_read_strictly(store, three_tiers, edit, message):
    raw = json.loads(build(store, three_tiers.take(np.arange(6))).to_json())
    with pytest.raises(ManifestFormatError, match=message):
        parse_manifest(json.dumps(edit(raw)).encode(), "here")
    with pytest.raises(ManifestFormatError, match="not JSON"):
        parse_manifest(b"{", "here")


def test_a_fresh_process_finds_files_that_do_not_hold_what_is_stated(tmp_path, store, catalogue):
    content, paths = draft_with(tmp_path / "draft", catalogue, flat_index(catalogue.keys, catalogue.vectors))
    gate = judged(content, paths, catalogue)
    lying = content.model_copy(update={"live_vectors": 239, "ids_digest": "0" * 64})
    manifest = store.publish(draft_of(lying, paths, gate))
    with pytest.raises(SnapshotDamagedError, match=r"240 ids with digest .* the manifest says 239"):
        store.verify("house", manifest.snapshot_id)


def test_a_draft_that_does_not_bring_its_files_is_not_published(tmp_path, store, catalogue):
    content, paths = draft_with(tmp_path / "draft", catalogue, flat_index(catalogue.keys, catalogue.vectors))
    gate = judged(content, paths, catalogue)
    with pytest.raises(SnapshotMissingError, match="does not bring it"):
        store.publish(draft_of(content, {}, gate))
    torn = next(iter(paths.values()))
    torn.write_bytes(b"torn")
    with pytest.raises(SnapshotDamagedError, match="the draft says"):
        store.publish(draft_of(content, paths, gate))
    assert store.list("house") == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            lambda c: {"keys": c.keys[:0], "vectors": c.vectors[:0], "tier_of": c.tiers[:0]},
            "no image vectors",
        ),
        (lambda c: {"tier_of": {int(key): "tepid" for key in c.keys}}, "has tier 'tepid'"),
        (lambda c: {"tier_of": {}}, "has tier 'None'"),
        (lambda c: {"metadata": c.metadata.slice(2)}, "images have no metadata row"),
        (lambda c: {"metadata": c.metadata.drop_columns(["piece_id"])}, "lacks the columns piece_id"),
        (
            lambda c: {"keys": c.keys[1:], "vectors": c.vectors[1:], "tier_of": c.tiers[1:]},
            "without a vector",
        ),
        (lambda c: {"collection": "../up"}, "cannot name a folder"),
    ],
)
def test_inputs_that_cannot_become_a_snapshot_are_refused(store, changed, message):
    catalogue = make_catalogue(12)
    with pytest.raises(BuildInputError, match=message):
        build(store, catalogue, **changed(catalogue))
    assert list(store.objects.keys("")) == []


def test_two_builds_of_one_collection_on_one_machine_do_not_mix(store, three_tiers):
    with staging_folder(store.cache, "house"), pytest.raises(BuildBusyError, match="another process"):
        build(store, three_tiers)
    build(store, three_tiers.take(np.arange(6)), collection="elsewhere")


def test_progress_is_told_step_by_step(store):
    steps = []
    build(store, make_catalogue(12), progress=lambda *step: steps.append(step))
    assert [name for name, *_ in steps][:2] == ["index: hot visual, Flat", "index: warm visual, Flat"]
    assert steps[-1][0] == "gate: judged"


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> tuple[SnapshotStore, list[Manifest]]:
    """Seven snapshots of two collections, some sharing files."""
    store = sqlite_store(tmp_path_factory.mktemp("many"))
    published = []
    for number in range(7):
        catalogue = make_catalogue(24, tiers=("hot",)).take(np.arange(24 if number % 3 == 0 else 20 - number))
        folder = tmp_path_factory.mktemp("draft")
        content, paths = draft_with(folder, catalogue, flat_index(catalogue.keys, catalogue.vectors))
        report = judged(content, paths, catalogue).model_copy(update={"evidence_digest": str(number)})
        name = ("house", "annex")[number % 2]
        published.append(store.publish(draft_of(content, paths, report, collection=name)))
    return store, published


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keep_last=st.integers(1, 3),
    grace=st.integers(0, 3),
    only=st.sampled_from([None, "house", "annex"]),
    pinned=st.sets(st.integers(0, 6)),
)
def test_garbage_collection_never_plans_to_remove_what_a_kept_snapshot_names(
    many, keep_last, grace, only, pinned
):
    store, published = many
    for number, manifest in enumerate(published):
        store.pin(manifest.collection, manifest.snapshot_id, pinned=number in pinned)

    report = collect_garbage(store, collection=only, keep_last=keep_last, grace=grace, dry_run=True)

    kept = [one for one in published if f"{one.collection}/{one.snapshot_id}" in report.kept_snapshots]
    named = {digest_key("index-files", digest) for one in kept for digest in one.content.file_digests()}
    named |= {manifest_key(one.collection, one.snapshot_id) for one in kept}
    assert not named & set(report.removed_objects)
    assert named | set(report.removed_objects) == set(store.objects.keys(""))
    for number, one in enumerate(published):
        newest = max(other.version for other in published if other.collection == one.collection)
        must_stay = number in pinned or newest - one.version < max(keep_last, grace)
        must_stay = must_stay or only not in (None, one.collection)
        assert (f"{one.collection}/{one.snapshot_id}" in report.kept_snapshots) == must_stay


def test_collection_keeps_the_promoted_and_its_parent_and_removes_the_rest(store):
    catalogue = slim_catalogue(40)
    manifests = []
    for count in (40, 39, 38, 37, 36):
        manifest = build(store, catalogue.take(np.arange(count)))
        manifests.append(manifest)
        if count >= 38:
            promote(
                store, "house", manifest.snapshot_id, settings=SETTINGS.gate, actor="t", moved_at=MOVED_AT
            )

    report = collect_garbage(store, keep_last=1, grace=0)

    gone = [manifests[0].snapshot_id, manifests[3].snapshot_id]
    assert report.removed_snapshots == tuple(f"house/{snapshot_id}" for snapshot_id in sorted(gone))
    for manifest in (manifests[1], manifests[2], manifests[4]):
        store.verify("house", manifest.snapshot_id)
    assert collect_garbage(store, keep_last=1, grace=0).removed_objects == ()


class Remote:
    """A store elsewhere: what is read from it is copied into the cache."""

    def __init__(self, held):
        self._held = held
        self.url = "remote"

    def __getattr__(self, name):
        return getattr(self._held, name)

    def local_path(self, key, cache):
        target = cache / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._held.get(key))
        return target


def test_downloads_that_no_remaining_snapshot_names_leave_the_cache(tmp_path):
    local = sqlite_store(tmp_path)
    store = SnapshotStore(local.engine, Remote(local.objects), local.cache)
    catalogue = slim_catalogue(24)
    old, new = build(store, catalogue), build(store, catalogue.take(np.arange(12)))
    named = [{digest_key("index-files", one) for one in each.content.file_digests()} for each in (old, new)]
    for key in named[0] | named[1]:
        store.objects.local_path(key, store.cache)

    planned = collect_garbage(store, keep_last=1, grace=0, dry_run=True)
    assert all((store.cache / key).is_file() for key in named[0] | named[1])
    done = collect_garbage(store, keep_last=1, grace=0)

    assert set(planned.removed_downloads) == set(done.removed_downloads) == named[0] - named[1]
    assert {key for key in named[0] | named[1] if (store.cache / key).is_file()} == named[1]


def test_nothing_is_removed_while_a_kept_manifest_cannot_be_read(store):
    catalogue = slim_catalogue(12)
    first = build(store, catalogue)
    build(store, catalogue.take(np.arange(9)))
    store.objects.put(manifest_key("house", first.snapshot_id), b"{}")
    before = list(store.objects.keys(""))
    with pytest.raises(GarbageError, match="nothing was removed"):
        collect_garbage(store, keep_last=2, grace=0)
    assert list(store.objects.keys("")) == before
    assert len(store.list("house")) == 2


def test_the_newest_snapshot_is_never_given_up(store):
    with pytest.raises(ValueError, match="keep_last is 0"):
        collect_garbage(store, keep_last=0, grace=0)


def aged_store(store, *ages_days):
    """Publish snapshots of one collection, each this many days before ``MOVED_AT``; None: not noted."""
    catalogue = slim_catalogue(40)
    return [
        build(
            store,
            catalogue.take(np.arange(40 - number)),
            published_at=None if age is None else MOVED_AT - timedelta(days=age),
        ).snapshot_id
        for number, age in enumerate(ages_days)
    ]


@pytest.mark.parametrize(
    ("keep_days", "kept"),
    [(0, {4}), (1.9, {4}), (2.1, {3, 4}), (7.5, {1, 3, 4}), (30, {0, 1, 3, 4})],
)
def test_age_protects_what_the_counts_would_give_up_and_takes_nothing(either_store, keep_days, kept):
    published = aged_store(either_store, 9, 7, None, 2, 40)

    report = collect_garbage(either_store, keep_last=1, grace=0, keep_days=keep_days, now=MOVED_AT)

    assert set(report.kept_snapshots) == {f"house/{published[number]}" for number in kept}
    assert {entry.snapshot_id for entry in either_store.list("house")} == {
        published[number] for number in kept
    }


def test_a_clock_that_is_years_off_gives_up_nothing_that_counts_pins_or_serving_keep(store):
    published = aged_store(store, 5, 4, 3, -4000, 1)
    promote(store, "house", published[1], settings=SETTINGS.gate, actor="t", moved_at=MOVED_AT)
    store.pin("house", published[0])

    late = collect_garbage(
        store, keep_last=1, grace=0, keep_days=7, now=MOVED_AT + timedelta(days=9999), dry_run=True
    )
    early = collect_garbage(
        store, keep_last=1, grace=0, keep_days=7, now=MOVED_AT - timedelta(days=9999), dry_run=True
    )

    assert set(late.kept_snapshots) == {f"house/{published[number]}" for number in (0, 1, 4)}
    assert early.removed_snapshots == ()


def test_retention_by_age_needs_to_know_the_time(store):
    with pytest.raises(ValueError, match="now is not given"):
        collect_garbage(store, keep_last=1, grace=0, keep_days=1)


def test_the_seconds_of_a_build_stand_in_its_manifest_and_leave_its_digest_alone(store, three_tiers):
    manifest = build(store, three_tiers)
    assert {"plan", "index hot visual", "metadata", "gate"} <= set(manifest.build_seconds)
    assert all(seconds >= 0 for seconds in manifest.build_seconds.values())
    assert manifest.build_seconds["gate"] > 0
    slower = manifest.model_copy(update={"build_seconds": {"gate": 9.0}})
    assert slower.content.content_digest() == manifest.content_digest
    assert store.manifest("house", manifest.snapshot_id) == manifest
