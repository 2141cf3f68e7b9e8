import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from encoder_training.captions import known_words
from encoder_training.sampling import Sampler
from encoder_training.towers import vectors_of_texts
from encoder_training.training import HeldOut, Run, Settings, TrainingError
from vision.encoders import EncoderSettings
from vision.open_clip_encoder import load_encoder

TINY = Settings(steps=8, seed=3, pieces_per_step=12, warmup_steps=2)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(was_deterministic)


def trained(settings, architecture, pictures, folder, until=None):
    run = Run(settings, architecture, pictures, folder)
    run.train(until=until, log_every=1)
    return run


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_two_runs_of_one_seed_end_in_the_same_bits(tiny_architecture, train_set, tmp_path):
    one = trained(TINY, tiny_architecture, train_set, tmp_path / "one")
    two = trained(TINY, tiny_architecture, train_set, tmp_path / "two")
    other = trained(dataclasses.replace(TINY, seed=4), tiny_architecture, train_set, tmp_path / "other")

    assert same(one.average, two.average)
    assert same(one.towers.state_dict(), two.towers.state_dict())
    assert not same(one.average, other.average)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tiny_architecture, train_set, tmp_path):
    whole = trained(TINY, tiny_architecture, train_set, tmp_path / "whole")

    trained(TINY, tiny_architecture, train_set, tmp_path / "cut", until=5)
    resumed = Run(TINY, tiny_architecture, train_set, tmp_path / "cut")
    assert resumed.resume()
    assert resumed.step == 5
    resumed.train(log_every=1)

    assert same(whole.average, resumed.average)
    steps = [json.loads(line)["step"] for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 9))


def test_a_run_is_not_resumed_with_other_settings(tiny_architecture, train_set, tmp_path):
    trained(TINY, tiny_architecture, train_set, tmp_path, until=2)
    other = Run(dataclasses.replace(TINY, learning_rate=1e-3), tiny_architecture, train_set, tmp_path)

    with pytest.raises(TrainingError, match="belongs to the run"):
        other.resume()


def test_training_improves_held_out_figures(tiny_architecture, train_set, held_out_set, tmp_path):
    settings = Settings(steps=150, seed=1, pieces_per_step=32, learning_rate=4e-3, average=0.95)
    run = Run(settings, tiny_architecture, train_set, tmp_path)
    held_out = HeldOut(pictures=held_out_set, pieces=60)
    before = run.evaluate(held_out)

    run.train()

    after = run.evaluate(held_out)
    for name in ("category", "metal", "text_to_image_at_10", "studio_view_at_10"):
        assert after[name] > before[name] + 0.1, (name, before[name], after[name])


def test_what_is_exported_loads_as_any_checkpoint_and_gives_the_same_vectors(
    tiny_architecture, train_set, tmp_path
):
    run = trained(TINY, tiny_architecture, train_set, tmp_path)
    run.export(tmp_path / "weights.safetensors", tmp_path / "words.txt")

    encoder = load_encoder(
        EncoderSettings(model=str(tiny_architecture), checkpoint=tmp_path / "weights.safetensors")
    )
    texts = ["rose gold ring with an emerald", "bague en or", "Silver Necklace, pearl"]
    run.towers.load_state_dict(run.average)
    run.towers.eval()
    similarity = (encoder.encode_texts(texts) * vectors_of_texts(run.towers, texts)).sum(axis=1)

    assert similarity.min() > 0.999
    assert (tmp_path / "words.txt").read_text().split("\n")[:-1] == list(known_words())


def test_a_word_that_training_never_saw_is_silence(tiny_architecture, train_set, tmp_path):
    run = trained(TINY, tiny_architecture, train_set, tmp_path)

    rows = run.towers.tokens(["zxqwvk", "ring"])

    assert rows[0, 1] == 0
    assert rows[1, 1] != 0
    assert not run.towers.clip.token_embedding.weight[0].any()


def test_a_batch_follows_from_seed_and_step_alone(train_set):
    one = Sampler(train_set, pieces_per_step=16, seed=5)
    other = Sampler(train_set, pieces_per_step=16, seed=5)
    for step in range(3):
        one.batch(step, outside=1.0, alike=0.5)

    batch, again = (sampler.batch(7, outside=1.0, alike=0.5) for sampler in (one, other))

    assert np.array_equal(batch.rows, again.rows)
    assert [caption.text for caption in batch.captions] == [caption.text for caption in again.captions]
    assert np.array_equal(batch.rows[:16] // 3, batch.rows[16:] // 3)
    assert len(set((batch.rows[:16] // 3).tolist())) == 16
    assert (batch.rows[:16] != batch.rows[16:]).all()


def test_worker_processes_draw_what_the_run_itself_would(tiny_architecture, train_set, tmp_path):
    alone = trained(TINY, tiny_architecture, train_set, tmp_path / "alone")
    helped = Run(TINY, tiny_architecture, train_set, tmp_path / "helped", workers=2)
    helped.train()

    assert same(alone.average, helped.average)


def test_the_shipped_word_list_is_the_one_that_captions_use():
    shipped = Path(__file__).parents[2] / "vision" / "models" / "loupe_small.words.txt"

    assert shipped.read_text(encoding="utf-8").splitlines() == list(known_words())
