"""Which snapshot the ordinary runs stand on, while other encoders are tried out beside them."""

from dataclasses import replace

import pytest
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue, sqlite_store

from index_builds.manifest import INSTEAD_OF
from index_builds.promotion import promote
from index_builds.standing import newest_of, standing_candidate, switched_to


@pytest.fixture(scope="module")
def catalogue():
    return slim_catalogue(24)


@pytest.fixture
def store(tmp_path):
    return sqlite_store(tmp_path)


@pytest.fixture
def standing(store, catalogue):
    """The candidate of the configured encoder."""
    return build(store, catalogue)


@pytest.fixture
def trial(store, catalogue, standing):
    """A newer snapshot of another encoder, whose label differs from the configured one's, "a"."""
    return build(store, replace(catalogue, encoder_id="encoder-b"), upstream={INSTEAD_OF: "a"})


def candidate(store, handed_on):
    return standing_candidate(
        store, "house", handed_on=handed_on, configured="a", configured_ids=["encoder-a"]
    )


def move_to(store, catalogue, manifest):
    promote(
        store,
        "house",
        manifest.snapshot_id,
        settings=SETTINGS.gate,
        actor="a test",
        moved_at=MOVED_AT,
        truth=lambda: (catalogue.keys, catalogue.vectors),
    )


@pytest.mark.parametrize("handed_on", ["the standing one", "one that is gone", None])
def test_a_trial_is_never_the_candidate(store, standing, trial, handed_on):
    named = standing.snapshot_id if handed_on == "the standing one" else handed_on

    assert store.latest("house").snapshot_id == trial.snapshot_id
    assert candidate(store, named) == standing.snapshot_id


def test_after_a_switch_the_candidate_is_of_the_encoder_switched_to(store, catalogue, standing, trial):
    move_to(store, catalogue, trial)

    assert switched_to(store, "house", "a") == "encoder-b"
    assert candidate(store, standing.snapshot_id) == trial.snapshot_id


def test_without_a_snapshot_of_the_encoder_there_is_no_candidate(store, trial):
    assert standing_candidate(store, "house", handed_on=None, configured="c", configured_ids=[]) is None
    assert newest_of(store, "house", "encoder-c") is None


def test_a_promoted_switch_that_the_settings_now_name_is_published_without_the_remark(
    store, catalogue, trial
):
    move_to(store, catalogue, trial)
    another = replace(catalogue, encoder_id="encoder-b")

    settled = build(store, another)
    move_to(store, catalogue, settled)

    assert settled.snapshot_id != trial.snapshot_id
    assert settled.content_digest == trial.content_digest
    assert switched_to(store, "house", "a") is None
    assert build(store, another) == settled  # once, not with every run
