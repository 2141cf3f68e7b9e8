"""Encoders made of OpenCLIP models: found, checked, loaded, identified, run.

Architectures, tokenizers, preprocessing and checkpoint conversions are OpenCLIP's own.  Ours is what
surrounds them: a file that is not what it claims is refused with its name, and an encoder is named by what it
computes.
"""

import copy
import hashlib
import json
import logging
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vision.architectures import LoupeSection, read_architecture
from vision.checkpoints import checkpoint_in, require_checkpoint
from vision.encoders import SHIPPED, EncoderSettings, closest
from vision.errors import EncoderError
from vision.known_words import KnownWords, ReadText, known_words
from vision.object_crop import ObjectCrop, cut_to_object
from vision.text_tower import encode_tokens
from vision.torchvision_ops import declare_missing_operators

declare_missing_operators()

import open_clip  # noqa: E402 - it imports torchvision, which needs the declarations above
from open_clip.transform import MaybeToTensor, PreprocessCfg, image_transform_v2  # noqa: E402
from torchvision.transforms import Normalize  # noqa: E402

AGREEMENT_FLOOR = 0.999
"""Least cosine between a bfloat16 and a float32 vector of the same picture or text."""

_MIN_BFLOAT16_PARAMETERS = 20_000_000
_MIN_CONVOLUTION_WEIGHTS = 1_000_000
_WIDEST_STRIP = 8
_PROBE_TEXTS = ["a gold ring", "silver necklace with a blue stone", "خاتم ذهب", "wristwatch, leather strap"]

# What OpenCLIP and torch raise on files and architectures that do not fit them.
_LOADING_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OSError,
    EOFError,
)

_agreements: dict[tuple[str, str], float] = {}


class OpenClipPreprocessing:
    """OpenCLIP's own resize and crop; its scaling to floats happens beside the model, where it is faster.

    An encoder that wants pictures cut to the piece gets them so before that resize.
    """

    def __init__(self, config: dict[str, Any], object_crop: ObjectCrop | None = None) -> None:
        parsed = PreprocessCfg(**config)
        *geometry, to_tensor, normalize = image_transform_v2(parsed, is_train=False).transforms
        if not isinstance(to_tensor, MaybeToTensor) or not isinstance(normalize, Normalize):
            message = (
                f"OpenCLIP's preprocessing ends with {to_tensor} and {normalize}: this version is not known"
            )
            raise EncoderError(message)
        self.mean = tuple(float(value) for value in normalize.mean)
        self.std = tuple(float(value) for value in normalize.std)
        self.image_size_px = max(parsed.size) if isinstance(parsed.size, (tuple, list)) else int(parsed.size)
        self.object_crop = object_crop
        self.decode_px = object_crop.decode_px(self.image_size_px) if object_crop else self.image_size_px
        self._takes_strips = parsed.resize_mode != "shortest" and object_crop is None
        self._geometry = geometry

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return resized and cropped pixels, shape ``(height, width, 3)``."""
        prepared = image if self._takes_strips else _centre_strip(image)
        if self.object_crop is not None:
            prepared = cut_to_object(prepared, self.object_crop, self.image_size_px)
        for step in self._geometry:
            prepared = step(prepared)
        return np.array(prepared, dtype=np.uint8)


def _centre_strip(image: Image.Image) -> Image.Image:
    """Cut the far ends off a very long picture.

    Enlarging its short side first, or filling it up to a square, would take gigabytes.
    """
    width, height = image.size
    longest = min(width, height) * _WIDEST_STRIP
    if max(width, height) <= longest:
        return image
    left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
    return image.crop((left, top, left + min(width, longest), top + min(height, longest)))


class OpenClipEncoder:
    """An OpenCLIP model with its tokenizer and preprocessing; see ``vision.encoders.Encoder``."""

    def __init__(
        self,
        *,
        model: Any,
        tokenizer: Callable[[list[str]], torch.Tensor],
        preprocess: OpenClipPreprocessing,
        encoder_id: str,
        dimension: int,
        batch_size: int,
        device: torch.device,
        precision: torch.dtype,
        words: KnownWords | None = None,
    ) -> None:
        self.encoder_id = encoder_id
        self.dimension = dimension
        self.batch_size = batch_size
        self.preprocess = preprocess
        self.device = device
        self.precision = precision
        self.on_gpu = device.type == "cuda"
        self._model = model
        self._tokenizer = tokenizer
        self._words = words
        self._largest_piece = sys.maxsize
        self._streams = threading.local()
        # Convolutions run 1.4 times as fast on pixels with their channels together (measured on two cores).
        self._memory_format = torch.channels_last if _is_convolutional(model) else torch.contiguous_format
        model.visual.to(memory_format=self._memory_format)
        self._mean = torch.tensor(preprocess.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocess.std, device=device).view(1, 3, 1, 1)

    def empty_batch(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return an array for pictures; beside a GPU in page-locked memory, which it reads on its own."""
        if not self.on_gpu:
            return np.empty(shape, dtype=np.uint8)
        # The array keeps the tensor that owns its memory alive.
        locked: NDArray[np.uint8] = torch.empty(shape, dtype=torch.uint8, pin_memory=True).numpy()
        return locked

    def encode_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return unit vectors ``(n, dimension)`` of preprocessed pictures ``(n, height, width, 3)``.

        A batch that does not fit the GPU's memory is halved until it does, and so are all after it.

        Raises:
            EncoderError: If not even one picture fits.
        """
        if len(pixels) == 0:
            return np.empty((0, self.dimension), dtype=np.float32)
        while True:
            piece = min(self._largest_piece, len(pixels))
            try:
                with torch.inference_mode(), self._own_stream():
                    pieces = [
                        self._encode_piece(pixels[start : start + piece])
                        for start in range(0, len(pixels), piece)
                    ]
            except torch.OutOfMemoryError as error:
                if piece == 1:
                    message = (
                        f"one picture does not fit the memory of {self.device}: free it, or take the cpu"
                    )
                    raise EncoderError(message) from error
                self._largest_piece = max(1, piece // 2)
            else:
                return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            # Outside the handler: the error's traceback holds the tensors that did not fit.
            if self.on_gpu:
                torch.cuda.empty_cache()

    def _encode_piece(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.ascontiguousarray(pixels))
        if self.on_gpu:
            # Bytes, not floats, cross the bus, out of page-locked memory, while the model works on another
            # batch.
            locked = batch if batch.is_pinned() else batch.pin_memory()
            batch = locked.to(self.device, non_blocking=True)
        scaled = batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=self._memory_format)
        scaled = scaled.div_(255.0).sub_(self._mean).div_(self._std).to(self.precision)
        return self._unit(self._model.encode_image(scaled))

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """Beside a GPU, queue this thread's work apart, so that no thread waits for another's batch."""
        if not self.on_gpu:
            yield
            return
        if not hasattr(self._streams, "own"):
            own = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call] # it has no annotations
            own.wait_stream(torch.cuda.default_stream(self.device))  # where the weights were copied
            self._streams.own = own
        with torch.cuda.stream(self._streams.own):
            yield

    def encode_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape ``(n, dimension)``."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with torch.inference_mode():
            tokens = self._tokenizer(texts).to(self.device)
            return self._unit(encode_tokens(self._model, tokens))

    def read_text(self, text: str) -> ReadText:
        """Return what of a query is worth encoding; everything, where no list of known words came along."""
        return ReadText(text=text) if self._words is None else self._words.read(text)

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Return the words of a text that the encoder was never trained on."""
        return self.read_text(text).unknown

    def _unit(self, features: torch.Tensor) -> NDArray[np.float32]:
        unit = torch.nn.functional.normalize(features.to(torch.float32), dim=-1)
        vectors: NDArray[np.float32] = unit.cpu().numpy()
        return vectors


def load_encoder(settings: EncoderSettings) -> OpenClipEncoder:
    """Load the encoder that ``settings`` describe.

    Raises:
        EncoderError: If any part of it is missing, damaged, or does not fit the rest.
    """
    device = _device(settings)
    with _quiet():
        source = _resolve(settings)
        model = source.model
        if source.checkpoint is not None:
            _load_weights(model, source.checkpoint, settings.model)
    model = model.eval().requires_grad_(False)
    origin = str(source.checkpoint or settings.model)
    _require_finite(model, origin)
    preprocess_config = dict(model.visual.preprocess_cfg)
    preprocess = OpenClipPreprocessing(preprocess_config, source.loupe.object_crop)
    words = None if source.known_words is None else known_words(source.known_words)
    dimension = int(source.architecture["embed_dim"])
    _require_dimension(settings, dimension)
    encoder_id = _encoder_id(
        source.architecture, model, preprocess_config, dimension, source.loupe.identity()
    )

    def encoder(of: Any, precision: torch.dtype) -> OpenClipEncoder:
        return OpenClipEncoder(
            model=_in_precision(of, device, precision),
            tokenizer=source.tokenizer,
            preprocess=preprocess,
            encoder_id=encoder_id,
            dimension=dimension,
            batch_size=settings.batch_size or _default_batch_size(device, _parameters(model)),
            device=device,
            precision=precision,
            words=words,
        )

    if settings.precision == "bfloat16":
        chosen = encoder(model, torch.bfloat16)
    elif settings.precision == "auto" and bfloat16_is_faster(
        device, _parameters(model), _convolution_weights(model)
    ):
        chosen = _agreeing(encoder(copy.deepcopy(model), torch.bfloat16), encoder(model, torch.float32))
    else:
        chosen = encoder(model, torch.float32)
    _require_vectors(chosen, origin)
    return chosen


def _in_precision(model: Any, device: torch.device, precision: torch.dtype) -> Any:
    """Move a model, and compute in a precision: beside convolutions on a CPU the words stay in float32.

    Towers that small gain nothing from bfloat16: a batch of four queries took loupe-small 8.3 ms with it on
    two cores with matrix tiles, 3.3 ms without.
    """
    moved = model.to(device=device)
    if device.type == "cpu" and _is_convolutional(model):
        moved.visual.to(dtype=precision)
        return moved
    return moved.to(dtype=precision)


def _default_batch_size(device: torch.device, parameters: int) -> int:
    if device.type == "cuda":
        return 512  # halved by the encoder where it does not fit
    return 16 if parameters >= _MIN_BFLOAT16_PARAMETERS else 32


def bfloat16_is_faster(device: torch.device, parameters: int, convolution_weights: int = 0) -> bool:
    """Tell whether a whole model in bfloat16 runs faster than in float32 here.

    Answered from the hardware, not with a stop watch: a busy machine would answer differently from run to
    run, and the vectors of a resumed run would differ with it.  Measured on two cores with AVX512-BF16 and
    without matrix tiles (AMX), in images per second: ViT-B-32 17 in bfloat16 and 31 in float32;
    loupe-small, whose tower is convolutions, 2,290 and 1,280.  So a transformer needs the tiles, and
    convolutions only the instructions; where another kind is faster too, ``precision: bfloat16`` says so.
    ``benchmarks/embed.py`` measures both.

    Args:
        device: Where the model runs.
        parameters: How many it has; a small one spends its time elsewhere than in matrix products.
        convolution_weights: How many of them belong to convolutions.
    """
    has_tiles = bool(torch.cpu.get_capabilities().get("amx_bf16", False))
    if device.type == "cpu" and convolution_weights >= _MIN_CONVOLUTION_WEIGHTS:
        return has_tiles or bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    if parameters < _MIN_BFLOAT16_PARAMETERS:
        return False
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return has_tiles


def agreement(one: OpenClipEncoder, other: OpenClipEncoder) -> float:
    """Return the least cosine between two encoders' vectors of the probe pictures and texts."""
    pixels = probe_pixels(one.preprocess.image_size_px)
    pictures = (one.encode_images(pixels) * other.encode_images(pixels)).sum(axis=1)
    texts = (one.encode_texts(_PROBE_TEXTS) * other.encode_texts(_PROBE_TEXTS)).sum(axis=1)
    return float(min(pictures.min(), texts.min()))


def probe_pixels(side_px: int) -> NDArray[np.uint8]:
    """Return eight fixed pictures, shape ``(8, side_px, side_px, 3)``: paper, ramps, rings, noise."""
    rows, columns = np.mgrid[0:side_px, 0:side_px] / side_px
    radius = np.hypot(rows - 0.5, columns - 0.5)
    noise = np.random.default_rng(7).random((side_px, side_px, 3))
    one = np.ones((side_px, side_px, 3))
    ring = np.abs(radius - 0.3)[..., None] < 0.04
    probes = [
        one,
        one * columns[..., None],
        np.stack((rows, columns, 1.0 - rows), axis=-1),
        np.where(ring, (0.83, 0.68, 0.21), one),
        np.where(ring, (0.75, 0.75, 0.77), 0.1 * one),
        0.5 + 0.5 * np.sin(40.0 * rows * columns)[..., None] * (1.0, 0.8, 0.6),
        noise,
        0.2 * noise + 0.8 * np.where(radius[..., None] < 0.2, (0.6, 0.1, 0.15), (0.9, 0.85, 0.8)),
    ]
    return (np.stack(probes) * 255.0).clip(0.0, 255.0).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    model: Any
    architecture: dict[str, Any]
    tokenizer: Callable[[list[str]], torch.Tensor]
    checkpoint: Path | None
    loupe: LoupeSection = field(default_factory=LoupeSection)
    known_words: Path | None = None


def _device(settings: EncoderSettings) -> torch.device:
    if settings.device == "cuda" and not torch.cuda.is_available():
        message = "device is cuda, and torch sees no GPU here: check its driver, or set device to auto or cpu"
        raise EncoderError(message)
    use_gpu = settings.device != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if use_gpu else "cpu")


def _resolve(settings: EncoderSettings) -> _Source:
    """Find a model's architecture, tokenizer and weights; the weights are not loaded yet."""
    match settings.kind:
        case "architecture":
            return _from_architecture(Path(settings.model), settings, _given_checkpoint(settings))
        case "shipped":
            return _from_architecture(SHIPPED[settings.model], settings, _shipped_checkpoint(settings.model))
        case "folder":
            return _from_folder(Path(settings.model.partition(":")[2]))
        case "hub":
            return _from_hub(settings.model)
        case "name":
            return _from_name(settings)


def _from_architecture(path: Path, settings: EncoderSettings, checkpoint: Path | None) -> _Source:
    architecture = read_architecture(path)
    if name := architecture.model_config["text_cfg"].get("hf_tokenizer_name"):
        message = (
            f"architecture {path} needs the tokenizer {name}: put it, as open_clip_config.json, into a "
            "folder with the tokenizer's files and the weights, and set model to local-dir:<that folder>"
        )
        raise EncoderError(message)
    # OpenCLIP reads an architecture from a folder of its own form; its other way in is a process-wide
    # registry.
    with tempfile.TemporaryDirectory(prefix="loupe-architecture-") as folder:
        (Path(folder) / "open_clip_config.json").write_text(json.dumps(architecture.config))
        return _Source(
            model=_create(f"local-dir:{folder}", str(path), seed=settings.seed),
            architecture=architecture.model_config,
            tokenizer=open_clip.get_tokenizer(f"local-dir:{folder}"),
            checkpoint=checkpoint,
            loupe=architecture.loupe,
            known_words=architecture.known_words_path,
        )


def _shipped_checkpoint(name: str) -> Path:
    path = SHIPPED[name].with_suffix(".safetensors")
    if not path.is_file():
        message = (
            f"encoder {name} has no weights here, {path} is missing: install the package again, or fetch the "
            "file from its repository"
        )
        raise EncoderError(message)
    require_checkpoint(path)
    return path


def _from_folder(folder: Path) -> _Source:
    if not folder.is_dir():
        message = f"model folder {folder} does not exist: local-dir: takes the path of a folder"
        raise EncoderError(message)
    architecture = read_architecture(folder / "open_clip_config.json")
    checkpoint = checkpoint_in(folder)
    require_checkpoint(checkpoint)
    name = f"local-dir:{folder}"
    return _Source(
        model=_create(name, name),
        architecture=architecture.model_config,
        tokenizer=_tokenizer(name),
        checkpoint=checkpoint,
        loupe=architecture.loupe,
        known_words=architecture.known_words_path,
    )


def _from_hub(name: str) -> _Source:
    hub_id = name.partition(":")[2]
    remedy = "or download its files into a folder and set model to local-dir:<that folder>"
    with _reaching(name, f"check the name and the network, {remedy}"):
        architecture = open_clip.get_model_config(name)
        checkpoint = Path(open_clip.download_pretrained_from_hf(hub_id))
    require_checkpoint(checkpoint)
    return _Source(
        model=_create(name, name),
        architecture=architecture,
        tokenizer=_tokenizer(name),
        checkpoint=checkpoint,
    )


def _from_name(settings: EncoderSettings) -> _Source:
    name, tag = settings.model, settings.pretrained
    architecture = open_clip.get_model_config(name)
    if architecture is None:
        hint = closest(name, open_clip.list_models())
        message = f"OpenCLIP knows no model {name!r}{hint} (a hub model is hf-hub:owner/name)"
        raise EncoderError(message)
    checkpoint = _given_checkpoint(settings)
    if tag is not None:
        published = open_clip.get_pretrained_cfg(name, tag)
        if not published:
            tags = open_clip.list_pretrained_tags_by_model(name)
            message = f"model {name} has no weights tagged {tag!r}: known are {_some(tags, 8) or 'none'}"
            raise EncoderError(message)
        if bool(published.get("quick_gelu")) != bool(architecture.get("quick_gelu")):
            other = name.removesuffix("-quickgelu") if name.endswith("-quickgelu") else f"{name}-quickgelu"
            message = f"weights {tag} of {name} were trained with another activation: set model to {other}"
            raise EncoderError(message)
        what = f"{name} with weights {tag}"
        with _reaching(what, "check the network, or download the file elsewhere and name it as checkpoint"):
            checkpoint = Path(open_clip.download_pretrained(published))
        require_checkpoint(checkpoint)
    model = _create(name, name, tag=tag, seed=settings.seed)
    return _Source(model=model, architecture=architecture, tokenizer=_tokenizer(name), checkpoint=checkpoint)


def _given_checkpoint(settings: EncoderSettings) -> Path | None:
    if settings.checkpoint is not None:
        require_checkpoint(settings.checkpoint)
    return settings.checkpoint


@contextmanager
def _reaching(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        message = f"{what} needs the package {error.name}: install it"
        raise EncoderError(message) from error
    except Exception as error:  # hub clients raise errors of every library below them
        message = f"{what} cannot be reached ({_first_line(error)}): {remedy}"
        raise EncoderError(message) from error


def _tokenizer(name: str) -> Callable[[list[str]], torch.Tensor]:
    with _reaching(
        f"the tokenizer of {name}", "check the network, or put its files into a local-dir: folder"
    ):
        tokenizer: Callable[[list[str]], torch.Tensor] = open_clip.get_tokenizer(name)
    return tokenizer


def _create(name: str, shown_as: str, *, tag: str | None = None, seed: int | None = None) -> Any:
    """Build the model with OpenCLIP's own preprocessing config, its weights random from ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed or 0)
        try:
            return open_clip.create_model(
                name, pretrained=tag, load_weights=False, pretrained_image=False, pretrained_text=False
            )
        except (*_LOADING_ERRORS, ArithmeticError) as error:
            message = (
                f"architecture {shown_as} cannot be built ({_first_line(error)}): "
                "check its vision_cfg and text_cfg"
            )
            raise EncoderError(message) from error


def _load_weights(model: Any, path: Path, architecture: str) -> None:
    try:
        found = open_clip.load_checkpoint(model, str(path), strict=False, weights_only=True)
    except pickle.UnpicklingError as error:
        message = (
            f"checkpoint {path} holds pickled objects other than tensors, which could run code when loaded: "
            "convert it to safetensors where you trust it"
        )
        raise EncoderError(message) from error
    except (*_LOADING_ERRORS, StopIteration) as error:
        raise _misfit(path, architecture, error) from error
    except Exception as error:
        if type(error).__module__.startswith("safetensors"):  # SafetensorError is a bare Exception
            message = f"checkpoint {path} is damaged ({_first_line(error)}): fetch it again"
            raise EncoderError(message) from error
        raise
    problems = [
        f"{len(names)} {word} ({_some(names)})"
        for word, names in (("missing", found.missing_keys), ("unexpected", found.unexpected_keys))
        if names
    ]
    if problems:
        message = f"checkpoint {path} is not of architecture {architecture}: {', '.join(problems)}"
        raise EncoderError(message)


def _misfit(path: Path, architecture: str, error: BaseException) -> EncoderError:
    text = str(error)
    shapes = [line.strip() for line in text.splitlines() if "size mismatch for" in line]
    if shapes:
        shown = _some([line.removeprefix("size mismatch for ").partition(":")[0] for line in shapes])
        return EncoderError(
            f"checkpoint {path} is not of architecture {architecture}: "
            f"{len(shapes)} tensors of another shape ({shown})"
        )
    if "PytorchStreamReader" in text or "central directory" in text or isinstance(error, EOFError):
        return EncoderError(
            f"checkpoint {path} is truncated or damaged ({_first_line(error)}): fetch it again"
        )
    if "TorchScript" in text:
        return EncoderError(
            f"checkpoint {path} is a TorchScript archive, which holds code: save its state_dict instead"
        )
    return EncoderError(
        f"checkpoint {path} is not a state dict of {architecture} "
        f"({type(error).__name__}: {_first_line(error)}): take the weights that were made for it"
    )


def _some(names: list[str], shown: int = 3) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _require_finite(model: torch.nn.Module, origin: str) -> None:
    broken = [
        name
        for name, tensor in model.state_dict().items()
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
    ]
    if broken:
        message = f"{origin} has weights that are not finite in {_some(broken)}: take an earlier checkpoint"
        raise EncoderError(message)


def _require_dimension(settings: EncoderSettings, dimension: int) -> None:
    if settings.dimension not in {None, dimension}:
        message = (
            f"model {settings.model} gives {dimension} dimensions, and dimension is set to "
            f"{settings.dimension}: change one of the two"
        )
        raise EncoderError(message)


def _require_vectors(encoder: OpenClipEncoder, origin: str) -> None:
    """Refuse a model that loads and then computes something else than unit vectors of its dimension."""
    try:
        pictures = encoder.encode_images(probe_pixels(encoder.preprocess.image_size_px)[3:4])
        texts = encoder.encode_texts(_PROBE_TEXTS[:1])
    except _LOADING_ERRORS as error:
        message = f"{origin} loads and cannot encode ({_first_line(error)}): is it a picture and text model?"
        raise EncoderError(message) from error
    for what, vectors in (("pictures", pictures), ("texts", texts)):
        if vectors.shape[1] != encoder.dimension:
            found = vectors.shape[1]
            message = f"{origin} encodes {what} in {found} dimensions, its embed_dim says {encoder.dimension}"
            raise EncoderError(message)
        if not np.isfinite(vectors).all() or np.abs(np.linalg.norm(vectors, axis=1) - 1.0).max() > 1e-3:
            message = f"{origin} encodes {what} to vectors without a direction: its weights are unusable"
            raise EncoderError(message)


def _encoder_id(
    architecture: dict[str, Any],
    model: torch.nn.Module,
    preprocess_config: dict[str, Any],
    dimension: int,
    own_preprocessing: dict[str, Any] | None,
) -> str:
    """Return a digest of what an encoder computes; weights enter by content, as they stand in memory."""
    digest = hashlib.sha256()
    description = {"architecture": architecture, "preprocess": preprocess_config, "dimension": dimension}
    if own_preprocessing is not None:
        description["loupe"] = own_preprocessing
    digest.update(json.dumps(description, sort_keys=True, separators=(",", ":")).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:32]


def _is_convolutional(model: Any) -> bool:
    """Tell a tower of convolutions from a transformer, whose only one cuts the picture into patches."""
    return sum(isinstance(module, torch.nn.Conv2d) for module in model.visual.modules()) > 1


def _parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _convolution_weights(model: torch.nn.Module) -> int:
    layers = (layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d))
    # A picture transformer cuts its patches with one convolution; its work is elsewhere.
    sizes = [layer.weight.numel() for layer in layers]
    return sum(sizes) if len(sizes) > 1 else 0


def _agreeing(fast: OpenClipEncoder, exact: OpenClipEncoder) -> OpenClipEncoder:
    key = (exact.encoder_id, exact.device.type)
    if key not in _agreements:
        _agreements[key] = agreement(fast, exact)
    return fast if _agreements[key] >= AGREEMENT_FLOOR else exact


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCLIP from writing to the root logger, and so from giving it a handler nobody asked for."""
    root = logging.getLogger()
    handler = logging.NullHandler()

    def is_ours(record: logging.LogRecord) -> bool:
        return "open_clip" not in record.pathname

    root.addHandler(handler)
    root.addFilter(is_ours)
    try:
        yield
    finally:
        root.removeFilter(is_ours)
        root.removeHandler(handler)
