"""OpenCLIP models load through one path, are named by what they compute, and are refused when damaged."""

import json
import logging
import pickle
import shutil
import subprocess
import sys

import huggingface_hub.constants
import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file

from vision.encoders import SEEDED_SMALL, EncoderSettings
from vision.errors import EncoderError
from vision.open_clip_encoder import (
    AGREEMENT_FLOOR,
    agreement,
    bfloat16_is_faster,
    load_encoder,
    probe_pixels,
)


def settings(**given):
    return EncoderSettings(**{"device": "cpu", **given})


@pytest.fixture
def weights(tiny_settings):
    """The tensors of the tiny model, by name."""
    state = load_encoder(tiny_settings)._model.state_dict()
    return {name: tensor.clone().contiguous() for name, tensor in state.items()}


@pytest.fixture
def load_file(tiny_architecture):
    """Load the tiny architecture with the weights in a file."""

    def load(path, **given):
        return load_encoder(settings(model=str(tiny_architecture), checkpoint=path, **given))

    return load


def test_pictures_and_texts_become_unit_vectors_of_one_space(tiny_settings):
    encoder = load_encoder(tiny_settings)

    pictures = encoder.encode_images(probe_pixels(32))
    texts = encoder.encode_texts(["a gold ring", "خاتم", ""])

    assert pictures.shape == (8, 16)
    assert texts.shape == (3, 16)
    for vectors in (pictures, texts):
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    assert encoder.encode_images(probe_pixels(32)[:0]).shape == (0, 16)
    assert encoder.encode_texts([]).shape == (0, 16)


def test_preprocessing_is_open_clips_own(tiny_settings, ring):
    encoder = load_encoder(tiny_settings)
    transform = image_transform_v2(PreprocessCfg(size=32), is_train=False)

    for image in (ring(300), ring(300).crop((0, 0, 300, 120)), ring(300).crop((0, 0, 40, 300))):
        with torch.inference_mode():
            expected = encoder._model.encode_image(transform(image)[None], normalize=True).numpy()
        ours = encoder.encode_images(encoder.preprocess(image)[None])
        assert ours == pytest.approx(expected, abs=1e-6)


def test_a_very_long_picture_is_prepared_in_little_memory(tiny_settings):
    encoder = load_encoder(tiny_settings)
    strip = Image.new("RGB", (1_000_000, 40), "red")

    assert encoder.preprocess(strip).shape == (32, 32, 3)


def test_the_same_model_has_the_same_id_in_another_process(tiny_settings):
    code = (
        "import sys\n"
        "from vision.encoders import EncoderSettings\n"
        "from vision.open_clip_encoder import load_encoder\n"
        "print(load_encoder(EncoderSettings.model_validate_json(sys.argv[1])).encoder_id)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tiny_settings.model_dump_json()],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.strip() == load_encoder(tiny_settings).encoder_id
    assert len(run.stdout.strip()) >= 16


def test_the_id_follows_what_is_computed_and_nothing_else(tmp_path, tiny_architecture, weights, load_file):
    save_file(weights, tmp_path / "one.safetensors")
    shutil.copy(tmp_path / "one.safetensors", tmp_path / "two.safetensors")
    torch.save({"state_dict": weights}, tmp_path / "three.pt")
    moved = dict(weights, **{"visual.proj": weights["visual.proj"] + 1e-6})
    save_file(moved, tmp_path / "moved.safetensors")
    blurred = json.loads(tiny_architecture.read_text())
    blurred = {"model_cfg": blurred, "preprocess_cfg": {"interpolation": "bilinear"}}
    (tmp_path / "bilinear.json").write_text(json.dumps(blurred))

    first = load_file(tmp_path / "one.safetensors").encoder_id

    assert load_file(tmp_path / "two.safetensors", batch_size=3).encoder_id == first
    assert load_file(tmp_path / "one.safetensors", precision="bfloat16").encoder_id == first
    assert load_file(tmp_path / "three.pt").encoder_id == first
    assert load_file(tmp_path / "moved.safetensors").encoder_id != first
    other = settings(model=str(tmp_path / "bilinear.json"), checkpoint=tmp_path / "one.safetensors")
    assert load_encoder(other).encoder_id != first


def test_seeds_give_different_models_and_leave_the_global_one_alone(tiny_architecture):
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)

    ids = {load_encoder(settings(model=str(tiny_architecture), seed=seed)).encoder_id for seed in (1, 2)}

    assert len(ids) == 2
    assert torch.equal(torch.rand(3), expected)


def test_a_folder_in_open_clips_form_is_a_model(tmp_path, tiny_architecture, weights, load_file):
    folder = tmp_path / "model"
    folder.mkdir()
    config = {"model_cfg": json.loads(tiny_architecture.read_text()), "preprocess_cfg": {"mean": [0.5] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(weights, folder / "open_clip_model.safetensors")

    encoder = load_encoder(settings(model=f"local-dir:{folder}"))

    assert encoder.preprocess.mean == (0.5, 0.5, 0.5)
    assert encoder.encoder_id != load_file(folder / "open_clip_model.safetensors").encoder_id
    assert encoder.encode_texts(["a ring"]).shape == (1, 16)

    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"holds none; name it open_clip_model\.safetensors"):
        load_encoder(settings(model=f"local-dir:{folder}"))


@pytest.mark.parametrize(
    "given", [{"model": "hf-hub:owner/name"}, {"model": "ViT-B-32", "pretrained": "laion2b_s34b_b79k"}]
)
def test_a_hub_that_cannot_be_reached_says_so(monkeypatch, tmp_path, given):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(EncoderError, match=r"cannot be reached .*(local-dir:|checkpoint)"):
        load_encoder(settings(**given))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"model": "ViT-B32", "seed": 1}, "did you mean ViT-B-32"),
        ({"model": "ViT-B-32", "pretrained": "laion3b"}, "no weights tagged 'laion3b': known are openai"),
        ({"model": "ViT-B-32", "pretrained": "openai"}, "set model to ViT-B-32-quickgelu"),
        ({"model": "/nowhere/ours.json", "seed": 1}, "/nowhere/ours.json does not exist"),
        ({"model": "local-dir:/nowhere"}, "/nowhere does not exist"),
    ],
)
def test_a_model_that_is_not_there_is_named_with_what_would_be(given, complaint):
    with pytest.raises(EncoderError, match=complaint):
        load_encoder(settings(**given))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "not a JSON object"),
        ('{"embed_dim": 4}', "lacks text_cfg, vision_cfg"),
        ('{"embed_dim": 4, "vision_cfg": {"layres": 1}, "text_cfg": {}}', "layres"),
        ('{"embed_dim": 4, "vision_cfg": {}, "text_cfg": {"hf_tokenizer_name": "x/y"}}', "local-dir:"),
    ],
)
def test_an_architecture_that_is_none_is_refused(tmp_path, text, complaint):
    path = tmp_path / "ours.json"
    path.write_text(text)

    with pytest.raises(EncoderError, match=complaint):
        load_encoder(settings(model=str(path), seed=1))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("w.safetensors", b"", "is empty"),
        ("w.safetensors", b"<!DOCTYPE html><html>Sign in</html>", "is a web page"),
        ("w.pt", b"\n\n<html lang=en>404</html>", "is a web page"),
        ("w.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        ("w.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{}", "is truncated: 10 of 24 bytes"),
        ("w.safetensors", b"\x04\x00\x00\x00\x00\x00\x00\x00{!!}", "unreadable safetensors header"),
        ("w.safetensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}", "holds no tensors"),
        ("w.safetensors", b"PK\x03\x04 something else entirely", "is not a safetensors file"),
        ("w.onnx", b"\x08\x07\x12\x07pytorch", "unknown format"),
        ("w.pt", b"not a checkpoint at all", "w.pt"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_by_name(tmp_path, load_file, name, content, complaint):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(EncoderError, match=complaint) as caught:
        load_file(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path, load_file):
    with pytest.raises(EncoderError, match="does not exist"):
        load_file(tmp_path / "w.safetensors")
    with pytest.raises(EncoderError, match="is a folder"):
        load_file(tmp_path)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
@pytest.mark.parametrize("kept", [0.2, 0.9, 0.9999])
def test_a_truncated_checkpoint_is_refused(tmp_path, weights, load_file, name, kept):
    path = tmp_path / name
    save_file(weights, path) if name.endswith("safetensors") else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])

    with pytest.raises(EncoderError, match="truncated"):
        load_file(path)


def test_weights_of_another_architecture_are_refused_with_what_differs(tmp_path, weights, load_file):
    missing = {name: tensor for name, tensor in weights.items() if "resblocks" not in name}
    save_file(missing | {"head.weight": torch.zeros(2)}, tmp_path / "keys.safetensors")
    reshaped = dict(weights, **{"visual.proj": torch.zeros(32, 24)})
    save_file(reshaped, tmp_path / "shapes.safetensors")

    with pytest.raises(EncoderError, match=r"24 missing \(.* and 21 more\), 1 unexpected \(head\.weight\)"):
        load_file(tmp_path / "keys.safetensors")
    with pytest.raises(EncoderError, match=r"1 tensors of another shape \(visual\.proj\)"):
        load_file(tmp_path / "shapes.safetensors")


@pytest.mark.parametrize("kept", ["half", "none", "no text tower"])
def test_weights_with_missing_tensors_are_refused_by_name(tmp_path, weights, load_file, kept):
    names = sorted(weights)
    chosen = {"half": names[::2], "none": [], "no text tower": [n for n in names if n.startswith("visual")]}
    save_file({name: weights[name] for name in chosen[kept]}, tmp_path / "w.safetensors")

    with pytest.raises(EncoderError, match=r"w\.safetensors (is not of architecture|holds no tensors)"):
        load_file(tmp_path / "w.safetensors")


def test_weights_with_surplus_tensors_are_refused_by_name(tmp_path, weights, load_file):
    heads = {f"heads.{name}.weight": torch.zeros(3, 16) for name in ("category", "metal", "stone", "motif")}
    save_file(weights | heads, tmp_path / "w.safetensors")

    with pytest.raises(EncoderError, match=r"w\.safetensors is not of .* 4 unexpected \(heads\.category"):
        load_file(tmp_path / "w.safetensors")


def test_weights_of_another_dimension_are_refused_by_name(tmp_path, tiny_architecture, weights):
    wider = json.loads(tiny_architecture.read_text()) | {"embed_dim": 24}
    (tmp_path / "wider.json").write_text(json.dumps(wider))
    save_file(weights, tmp_path / "w.safetensors")

    with pytest.raises(EncoderError, match=r"w\.safetensors is not of .*wider\.json: \d+ tensors of another"):
        load_encoder(settings(model=str(tmp_path / "wider.json"), checkpoint=tmp_path / "w.safetensors"))


@pytest.mark.parametrize("damage", ["header", "offsets", "shape"])
def test_a_damaged_safetensors_header_is_refused_by_name(tmp_path, weights, load_file, damage):
    path = tmp_path / "w.safetensors"
    save_file(weights, path)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    text, tensors = whole[8 : 8 + length], whole[8 + length :]
    if damage == "header":
        text = text.replace(b'"F32"', b'"\xff32"')
    else:
        header = json.loads(text)
        entry = header["visual.proj"]
        changed = (
            {"data_offsets": [0, entry["data_offsets"][1]]} if damage == "offsets" else {"shape": [32, 17]}
        )
        header["visual.proj"] = entry | changed
        text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + tensors)

    with pytest.raises(
        EncoderError, match=r"w\.safetensors (is damaged|has an unreadable safetensors header)"
    ):
        load_file(path)


def test_half_precision_weights_load_into_a_float32_model(tmp_path, weights, load_file):
    save_file({name: tensor.half() for name, tensor in weights.items()}, tmp_path / "half.safetensors")
    save_file(weights, tmp_path / "whole.safetensors")

    half, whole = load_file(tmp_path / "half.safetensors"), load_file(tmp_path / "whole.safetensors")

    assert half.precision == torch.float32
    assert {tensor.dtype for tensor in half._model.parameters()} == {torch.float32}
    assert agreement(half, whole) > 0.999
    assert half.encoder_id != whole.encoder_id


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, weights, load_file, value):
    weights["visual.conv1.weight"][0, 0, 0, 0] = value
    save_file(weights, tmp_path / "w.safetensors")

    with pytest.raises(EncoderError, match=r"not finite in visual\.conv1\.weight"):
        load_file(tmp_path / "w.safetensors")


def test_weights_that_encode_to_nothing_are_refused(tmp_path, weights, load_file):
    save_file(dict(weights, **{"visual.proj": torch.zeros(32, 16)}), tmp_path / "w.safetensors")

    with pytest.raises(EncoderError, match="pictures to vectors without a direction"):
        load_file(tmp_path / "w.safetensors")


class Opener:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@pytest.mark.parametrize("save", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path, weights, load_file, save):
    path, trace = tmp_path / "w.pt", tmp_path / "it-ran"
    content = {"state_dict": weights, "extra": Opener(str(trace))}
    torch.save(content, path) if save == "torch" else path.write_bytes(pickle.dumps(content))

    with pytest.raises(EncoderError, match="could run code"):
        load_file(path)
    assert not trace.exists()


def test_a_model_of_another_dimension_than_expected_is_refused(tiny_architecture):
    with pytest.raises(EncoderError, match="gives 16 dimensions, and dimension is set to 512"):
        load_encoder(settings(model=str(tiny_architecture), seed=1, dimension=512))


def test_a_batch_that_does_not_fit_the_memory_is_halved_until_it_does(tiny_settings, monkeypatch):
    # given: a device with room for three pictures
    encoder = load_encoder(tiny_settings)
    pixels = probe_pixels(32)
    expected = encoder.encode_images(pixels)
    sizes, encode = [], encoder._model.encode_image

    def cramped(batch):
        sizes.append(len(batch))
        if len(batch) > 3:
            raise torch.OutOfMemoryError
        return encode(batch)

    monkeypatch.setattr(encoder._model, "encode_image", cramped)
    vectors = encoder.encode_images(pixels)
    first = list(sizes)
    encoder.encode_images(pixels)

    assert vectors == pytest.approx(expected, abs=1e-6)
    assert first == [8, 4, 2, 2, 2, 2]
    assert sizes[len(first) :] == [2, 2, 2, 2]


def test_a_device_without_room_for_one_picture_says_so(tiny_settings, monkeypatch):
    encoder = load_encoder(tiny_settings)

    def full(batch):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(encoder._model, "encode_image", full)
    with pytest.raises(EncoderError, match="one picture does not fit"):
        encoder.encode_images(probe_pixels(32))


def test_a_convolutional_tower_encodes_the_same_in_its_faster_layout(tmp_path):
    architecture = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    (tmp_path / "resnet.json").write_text(json.dumps(architecture))
    encoder = load_encoder(settings(model=str(tmp_path / "resnet.json"), seed=1))
    transform = image_transform_v2(PreprocessCfg(size=64), is_train=False)
    pixels = probe_pixels(64)

    ours = encoder.encode_images(pixels)

    plain = encoder._model.to(memory_format=torch.contiguous_format)
    with torch.inference_mode():
        batch = torch.stack([transform(Image.fromarray(picture)) for picture in pixels])
        expected = plain.encode_image(batch, normalize=True).numpy()
    assert ours == pytest.approx(expected, abs=1e-5)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("FAKE_mobilenetv2-7.onnx.html", "web page"),
        ("LFSPOINTER_clip_multimodal.onnx.txt", "Git-LFS pointer"),
    ],
)
def test_broken_checkpoints_from_the_wild_are_refused(real, load_file, name, complaint):
    with pytest.raises(EncoderError, match=complaint):
        load_file(real / "broken" / name)


def test_the_small_model_agrees_with_itself_in_bfloat16(ring):
    exact = load_encoder(settings(model=str(SEEDED_SMALL), seed=7, precision="float32"))
    fast = load_encoder(settings(model=str(SEEDED_SMALL), seed=7, precision="bfloat16"))
    pixels = np.stack(
        [
            exact.preprocess(ring(300, metal=metal, radius=radius))
            for metal in ((206, 160, 70), (190, 190, 195), (20, 20, 20))
            for radius in (0.1, 0.2, 0.3)
        ]
    )

    cosines = (exact.encode_images(pixels) * fast.encode_images(pixels)).sum(axis=1)

    assert fast.precision == torch.bfloat16
    assert cosines.min() >= AGREEMENT_FLOOR
    assert agreement(exact, fast) >= AGREEMENT_FLOOR
    assert exact.encoder_id == fast.encoder_id


def test_bfloat16_that_disagrees_is_not_taken(monkeypatch, tmp_path, weights, load_file):
    # given: a model that bfloat16 cannot follow, on a machine where bfloat16 is faster
    monkeypatch.setattr("vision.open_clip_encoder.bfloat16_is_faster", lambda *_: True)
    save_file(weights, tmp_path / "tame.safetensors")
    nearly_equal = weights["visual.proj"][:, :1].repeat(1, 16) + 1e-4 * weights["visual.proj"]
    centred = {"visual.ln_post.bias": weights["visual.ln_post.bias"] + 300.0}
    save_file(
        dict(weights, **centred, **{"visual.proj": nearly_equal - nearly_equal.mean(0)}),
        tmp_path / "wild.safetensors",
    )

    assert load_file(tmp_path / "tame.safetensors").precision == torch.bfloat16
    assert load_file(tmp_path / "wild.safetensors").precision == torch.float32


def test_small_models_stay_in_float32_everywhere():
    assert not bfloat16_is_faster(torch.device("cpu"), parameters=1_000_000)


@pytest.mark.parametrize(
    ("capability", "parameters", "convolution_weights", "expected"),
    [
        ("avx512_bf16", 10_000_000, 3_000_000, True),
        ("amx_bf16", 10_000_000, 3_000_000, True),
        ("avx2", 10_000_000, 3_000_000, False),
        ("avx512_bf16", 10_000_000, 200_000, False),
        ("avx512_bf16", 150_000_000, 0, False),
        ("amx_bf16", 150_000_000, 0, True),
    ],
)
def test_convolutions_need_less_of_a_processor_than_transformers(
    monkeypatch, capability, parameters, convolution_weights, expected
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True})

    assert bfloat16_is_faster(torch.device("cpu"), parameters, convolution_weights) == expected


def test_a_gpu_that_is_not_there_is_asked_for_in_vain(tiny_architecture, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(EncoderError, match="set device to auto or cpu"):
        load_encoder(EncoderSettings(model=str(tiny_architecture), seed=1, device="cuda"))
    assert not load_encoder(EncoderSettings(model=str(tiny_architecture), seed=1)).on_gpu


def test_loading_leaves_the_root_logger_alone(tiny_settings):
    root = logging.getLogger()
    before = list(root.handlers), list(root.filters)

    load_encoder(tiny_settings)

    assert (list(root.handlers), list(root.filters)) == before


def test_the_tokenizer_of_the_small_model_ships_with_open_clip():
    assert open_clip.get_tokenizer("ViT-B-32")(["a ring"]).shape == (1, 77)


def test_preprocessing_can_be_sent_to_another_process(tiny_settings, ring):
    preprocess = load_encoder(tiny_settings).preprocess

    received = pickle.loads(pickle.dumps(preprocess))  # noqa: S301 - as a process pool sends it

    assert np.array_equal(received(ring(100)), preprocess(ring(100)))
