"""The gate's check judges what the hourly runs built, not what was tried out beside them."""

from dataclasses import replace
from types import SimpleNamespace

from index_house import SETTINGS, build, slim_catalogue, sqlite_store

from index_builds.manifest import INSTEAD_OF
from quality.checks import recall_holds
from storage.handoffs import handoff_key
from vision.encoders import EncoderSettings


def checked(store, gate=SETTINGS.gate):
    """The check's result, with an encoder that is configured and never loaded."""
    return recall_holds.op.compute_fn.decorated_fn(
        SimpleNamespace(partition_key="house"),
        objects=store.objects,
        snapshots=store,
        encoder=SimpleNamespace(settings=EncoderSettings(model="ViT-B-32", seed=1)),
        index_settings=SETTINGS.model_copy(update={"gate": gate}),
    )


def test_a_newer_trial_of_another_encoder_is_not_judged(tmp_path):
    store, catalogue = sqlite_store(tmp_path), slim_catalogue(24)
    standing = build(store, catalogue)
    store.objects.put(handoff_key("index_snapshot", "house"), f'"{standing.snapshot_id}"'.encode())
    build(store, replace(catalogue, encoder_id="encoder-b"), upstream={INSTEAD_OF: "ViT-B-32 seed 1"})

    result = checked(store)

    assert result.passed
    assert result.metadata["snapshot_id"].value == standing.snapshot_id


def test_without_a_snapshot_of_the_encoder_in_force_the_check_fails(tmp_path):
    store = sqlite_store(tmp_path)

    result = checked(store)

    assert not result.passed
    assert "no snapshot" in result.description
