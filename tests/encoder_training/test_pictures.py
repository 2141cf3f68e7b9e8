import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from encoder_training.attributes import codes
from encoder_training.augmentation import crops, varied_crops
from encoder_training.captions import VIEWS, claims_of, draw_caption, fits
from encoder_training.losses import caption_loss, true_pairs, view_loss
from encoder_training.packing import pack, unpack
from encoder_training.picture_set import Plan, RenderError, open_set, render, wide_crop
from encoder_training.selection import select_pieces
from vision.object_crop import ObjectCrop, cropped_to_object, object_square

PLAN = Plan(part="train", pieces=140, per_piece=3, drawn_px=32, side_px=32, drawing="stand_in")


def piece_on_paper(left, top, right, bottom, side=160):
    picture = np.full((side, side, 3), 240, dtype=np.uint8)
    picture[top:bottom, left:right] = (180, 40, 60)
    return picture


@pytest.mark.parametrize("box", [(40, 50, 100, 120), (2, 60, 80, 90), (0, 0, 159, 159), (60, 2, 100, 157)])
def test_training_sees_the_square_that_inference_crops(box):
    picture = piece_on_paper(*box)

    kept, square = wide_crop(picture, 128)
    seen = crops(torch.tensor(kept[None]), torch.tensor([square]), 64)[0].permute(1, 2, 0).numpy()

    cropped = cropped_to_object(picture, ObjectCrop())
    expected = np.asarray(Image.fromarray(cropped).resize((64, 64), Image.Resampling.BICUBIC)) / 255
    assert np.abs(seen - expected).mean() < 0.03
    left, top, right, bottom = object_square(picture, ObjectCrop())
    assert (right - left, bottom - top) == cropped.shape[:2]


def test_a_packed_set_is_the_set_but_for_what_webp_loses(tmp_path):
    render(PLAN, tmp_path / "set", workers=1)
    assert pack(tmp_path / "set", tmp_path / "packed", workers=1) == 2
    (tmp_path / "packed" / "shard-00001.npz").rename(tmp_path / "later.npz")

    assert unpack(tmp_path / "packed", tmp_path / "there", workers=1) == 1
    (tmp_path / "later.npz").rename(tmp_path / "packed" / "shard-00001.npz")
    assert unpack(tmp_path / "packed", tmp_path / "there", workers=1) == 2

    one, other = open_set(tmp_path / "set"), open_set(tmp_path / "there")
    assert one.pieces == other.pieces
    assert np.array_equal(one.boxes, other.boxes)
    assert np.array_equal(one.usable, other.usable)
    assert np.abs(one.pixels.astype(float) - other.pixels).mean() < 8


def test_another_set_is_not_packed_beside_the_first(tmp_path):
    for seed in (0, 1):
        render(replace(PLAN, seed=seed), tmp_path / f"set{seed}", workers=1)
    pack(tmp_path / "set0", tmp_path / "packed", workers=1)

    with pytest.raises(RenderError, match="holds another set"):
        pack(tmp_path / "set1", tmp_path / "packed", workers=1)


def test_a_damaged_packed_shard_is_named(tmp_path):
    render(PLAN, tmp_path / "set", workers=1)
    pack(tmp_path / "set", tmp_path / "packed", workers=1)
    file = tmp_path / "packed" / "shard-00000.npz"
    file.write_bytes(file.read_bytes()[:5000])

    with pytest.raises(RenderError, match=r"shard-00000\.npz is damaged"):
        unpack(tmp_path / "packed", tmp_path / "there", workers=1)


def test_captions_are_true_of_the_same_pictures_on_any_device():
    pieces = select_pieces("train", 80)
    rng = random.Random(5)
    claims = claims_of([draw_caption(piece, "worn", rng) for piece in pieces])
    seen = np.column_stack((codes(pieces), np.full(len(pieces), VIEWS.index("worn")))).astype(np.int64)

    found = true_pairs(torch.from_numpy(claims), torch.from_numpy(seen)).numpy()

    assert np.array_equal(found, fits(claims, seen.astype(np.int16)))


def test_rendering_goes_on_where_it_was_stopped(tmp_path):
    render(PLAN, tmp_path / "whole", workers=1)
    render(PLAN, tmp_path / "cut", workers=1)
    (tmp_path / "cut" / "shard-00001.json").unlink()
    assert len(open_set(tmp_path / "cut").pieces) == 128

    render(PLAN, tmp_path / "cut", workers=1)

    whole, cut = open_set(tmp_path / "whole"), open_set(tmp_path / "cut")
    assert len(cut.pieces) == 140
    assert np.array_equal(whole.pixels, cut.pixels)
    assert np.array_equal(whole.boxes, cut.boxes)


def test_a_folder_with_another_set_is_left_alone(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"part": "train", "pieces": 7}))

    with pytest.raises(RenderError, match="choose another folder"):
        render(PLAN, tmp_path)


def test_variation_follows_its_generator_and_grows_with_strength():
    pixels = torch.randint(
        0, 255, (6, 48, 48, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    pixels = torch.nn.functional.avg_pool2d(pixels.permute(0, 3, 1, 2).float(), 9, 1, 4).permute(0, 2, 3, 1)
    pixels = pixels.to(torch.uint8)
    boxes = torch.tensor([0.1, 0.1, 0.9, 0.9]).repeat(6, 1)

    def varied(strength, seed):
        return varied_crops(pixels, boxes, 32, strength, torch.Generator().manual_seed(seed))

    plain = crops(pixels, boxes, 32)
    assert torch.equal(varied(0.5, 2), varied(0.5, 2))
    assert not torch.equal(varied(0.5, 2), varied(0.5, 3))
    gentle, rough = (
        (varied(strength, 2).mean((2, 3)) - plain.mean((2, 3))).abs().mean() for strength in (0.0, 1.0)
    )
    assert gentle < rough


def test_the_caption_loss_is_least_where_all_true_pairs_are_near():
    pictures = torch.eye(4)
    fits = torch.tensor(
        [[True, True, False, False], [False, False, True, False], [False, False, False, True]]
    )
    right = torch.nn.functional.normalize(fits.float(), dim=1)
    wrong = right.roll(1, dims=0)
    scale = torch.tensor(20.0)

    assert caption_loss(pictures, right, fits, scale) < caption_loss(pictures, wrong, fits, scale) - 1


def test_the_view_loss_pairs_rows_half_a_batch_apart():
    one = torch.eye(3)

    assert view_loss(torch.cat((one, one)), 0.1) < 0.01
    assert view_loss(torch.cat((one, one.roll(1, dims=0))), 0.1) > 5
