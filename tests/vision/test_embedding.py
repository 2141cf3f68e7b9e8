"""Embedding a shard: every image once, none lost, none that takes the others with it."""

import numpy as np
import pytest

from storage.objects import ObjectStoreError, digest_key
from vision.embedding import embed_shard
from vision.embedding_parts import EmbeddingParts, part_keys
from vision.open_clip_encoder import load_encoder
from vision.preparation import PreparationProcesses, prepare


class StoppedError(Exception):
    pass


@pytest.fixture
def wanted(ring, encoded, put_image):
    """Ten stored images, ``(image_key, image_id)``."""
    return [put_image(encoded(ring(64, metal=(20 * step, 100, 200)))) for step in range(10)]


def embed(store, encoder, wanted, **given):
    return embed_shard(store, encoder, 0, wanted, **{"part_size": 4, "workers": 2, **given})


def vectors_of(store, encoder, wanted):
    keys, vectors = EmbeddingParts(store, encoder.encoder_id, 1).read(np.array([key for key, _ in wanted]))
    return dict(zip(keys.tolist(), vectors, strict=True))


def test_every_image_gets_the_vector_of_its_own_pixels(store, counting_encoder, wanted):
    report = embed(store, counting_encoder, wanted)

    assert (report.embedded, report.already, report.failed) == (10, 0, ())
    assert len(report.parts) == 3
    stored = vectors_of(store, counting_encoder, wanted)
    for key, image_id in wanted:
        pixels = prepare(store.get(digest_key("images", image_id)), counting_encoder.preprocess)
        alone = counting_encoder.encode_images(pixels[None])[0]
        assert stored[key] == pytest.approx(alone, abs=1e-6)


def test_what_has_a_vector_is_not_embedded_again(store, counting_encoder, wanted):
    embed(store, counting_encoder, wanted[:6])
    batches = len(counting_encoder.batches)

    second = embed(store, counting_encoder, wanted)
    third = embed(store, counting_encoder, wanted)

    assert (second.embedded, second.already) == (4, 6)
    assert (third.embedded, third.already, third.parts) == (0, 10, ())
    assert len(counting_encoder.batches) == batches + 1


def test_a_killed_run_loses_one_part_and_resumes_to_the_same_vectors(
    store, tmp_path, counting_encoder, wanted
):
    def stop_after_first(done, total):
        assert (done, total) == (4, 10)
        raise StoppedError

    with pytest.raises(StoppedError):
        embed(store, counting_encoder, wanted, on_progress=stop_after_first)
    survived = EmbeddingParts(store, counting_encoder.encoder_id, 1).present(0)
    resumed = embed(store, counting_encoder, wanted)

    assert len(survived) in {4, 8}
    assert resumed.already == len(survived)
    assert resumed.embedded == 10 - len(survived)
    keys = [key for key, _ in wanted]
    parts = part_keys(store, counting_encoder.encoder_id, 0)
    assert len(parts) == 3
    assert sorted(vectors_of(store, counting_encoder, wanted)) == sorted(keys)


def test_vectors_do_not_depend_on_what_a_killed_run_left(store, tmp_path, tiny_settings, wanted):
    # given: a real model, one run over everything, and one over a few images first
    encoder = load_encoder(tiny_settings)
    whole = type(store)(tmp_path / "whole")
    for key in store.keys("images/"):
        whole.put(key, store.get(key))

    embed(whole, encoder, wanted, batch_size=8)
    embed(store, encoder, wanted[3:6], batch_size=8)
    embed(store, encoder, wanted, batch_size=8)

    one, other = vectors_of(whole, encoder, wanted), vectors_of(store, encoder, wanted)
    assert all(np.array_equal(one[key], other[key]) for key in one)
    assert len(one) == 10


def test_the_model_always_gets_a_batch_of_the_same_shape(store, counting_encoder, wanted):
    embed(store, counting_encoder, wanted, batch_size=4)

    assert set(counting_encoder.batches) == {(4, 8, 8, 3)}


def test_a_batch_that_is_used_again_shows_nothing_of_the_one_before(store, counting_encoder, wanted):
    seen = []

    class Remembering(type(counting_encoder)):
        def encode_images(self, pixels):
            seen.append(bool(pixels[-1].any()))
            return super().encode_images(pixels)

    embed(store, Remembering(), wanted, batch_size=4)

    # Ten pictures fill two batches and half a third, whose last rows must be black.
    assert seen == [True, True, False]


def test_progress_counts_to_the_end(store, counting_encoder, wanted):
    seen = []

    embed(store, counting_encoder, wanted, on_progress=lambda done, total: seen.append((done, total)))

    assert seen == [(4, 10), (8, 10), (10, 10)]


def test_a_picture_that_cannot_be_used_is_reported_and_costs_no_other(
    store, counting_encoder, wanted, ring, encoded, put_image
):
    page = put_image(b"<html>404</html>")
    cut = put_image(encoded(ring(200))[:900])
    damaged_key, damaged = put_image(encoded(ring(80)))
    store.put(digest_key("images", damaged), encoded(ring(81)))
    absent = (5, "0" * 63 + "5")

    report = embed(store, counting_encoder, [page, cut, (damaged_key, damaged), absent, *wanted])

    assert report.embedded == 10
    assert dict(report.failed) == {
        page[1]: "not_an_image",
        cut[1]: "truncated",
        damaged: "damaged_in_store",
        absent[1]: "missing",
    }


def test_a_vector_without_a_direction_is_reported_and_never_stored(store, counting_encoder, wanted):
    class Blind(type(counting_encoder)):
        def encode_images(self, pixels):
            vectors = super().encode_images(pixels)
            vectors[0] = np.nan
            return vectors

    report = embed(store, Blind(), wanted)

    assert report.embedded == 7
    assert {reason for _, reason in report.failed} == {"no_direction"}


def test_a_store_that_is_away_ends_the_run(store, counting_encoder, wanted, monkeypatch):
    def away(key):
        raise ObjectStoreError(f"cannot read {key}: connection refused")

    monkeypatch.setattr(store, "get", away)

    with pytest.raises(ObjectStoreError, match="connection refused"):
        embed(store, counting_encoder, wanted)


def test_two_images_with_one_key_are_an_error_that_names_both(store, counting_encoder):
    with pytest.raises(ValueError, match=r"aaa and bbb have the same key 7"):
        embed(store, counting_encoder, [(7, "aaa"), (7, "bbb")])


def test_nothing_wanted_is_nothing_done(store, counting_encoder):
    report = embed(store, counting_encoder, [])

    assert (report.embedded, report.already, report.failed, report.parts) == (0, 0, (), ())
    assert counting_encoder.batches == []


def test_worker_processes_prepare_the_same_pixels(store, tmp_path, tiny_settings, wanted, put_image):
    # given: the way beside a GPU, with the model on the processor
    encoder = load_encoder(tiny_settings)
    in_threads = type(store)(tmp_path / "threads")
    for key in store.keys("images/"):
        in_threads.put(key, store.get(key))
    broken = put_image(b"no picture")

    embed(in_threads, encoder, wanted)
    with PreparationProcesses(encoder.preprocess, workers=1) as preparation:
        report = embed(store, encoder, [*wanted, broken], preparation=preparation)

    assert report.failed == ((broken[1], "not_an_image"),)
    one, other = vectors_of(in_threads, encoder, wanted), vectors_of(store, encoder, wanted)
    assert all(np.array_equal(one[key], other[key]) for key in one)
