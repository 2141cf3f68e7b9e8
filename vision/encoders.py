"""What an encoder is, and how one is chosen.  No torch here: settings are read where nothing is encoded."""

from difflib import get_close_matches
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.known_words import ReadText

SEEDED_SMALL = Path(__file__).parent / "models" / "seeded_small.json"
"""Architecture of the small untrained model that a first try runs with; give it ``seed: 7``."""


SHIPPED = {"loupe-small": Path(__file__).parent / "models" / "loupe_small.json"}
"""Architectures of the encoders that come with this package, by name; their weights lie beside them."""


class Preprocessing(Protocol):
    """Turn an upright sRGB picture into what an encoder takes; can be sent to another process.

    Attributes:
        image_size_px: Longer side of what the encoder takes.
        decode_px: Shortest side that a picture needs to be decoded at; more is wasted.
    """

    image_size_px: int
    decode_px: int

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return resized and cropped pixels, shape ``(height, width, 3)``."""
        ...


class Encoder(Protocol):
    """Turn pictures and texts into unit vectors of one space.

    Attributes:
        encoder_id: Digest of architecture, weights, preprocessing and dimension; never of where or how fast
            it runs.
        dimension: Length of every vector.
        batch_size: How many pictures to encode at once.
        on_gpu: Whether the model runs beside the processor instead of on it.
    """

    encoder_id: str
    dimension: int
    batch_size: int
    on_gpu: bool

    @property
    def preprocess(self) -> Preprocessing:
        """Return how pictures are prepared for ``encode_images``."""
        ...

    def empty_batch(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return an array for pictures, of whatever content, that ``encode_images`` takes fastest."""
        ...

    def encode_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return unit vectors ``(n, dimension)`` of preprocessed pictures ``(n, height, width, 3)``."""
        ...

    def encode_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape ``(n, dimension)``."""
        ...

    def read_text(self, text: str) -> ReadText:
        """Return what of a query is worth encoding; everything, for an encoder that knows any word."""
        ...

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Return the words of a text that the encoder was never trained on."""
        ...


class EncoderSettings(BaseModel):
    """Which model, with which weights, run how.

    Attributes:
        model: The encoder that comes with Loupe (``loupe-small``), an OpenCLIP architecture name
            (``ViT-B-32``), a hub model (``hf-hub:owner/name``), a folder as the hub holds it
            (``local-dir:/path``), or the path of an architecture JSON (``….json``).
        pretrained: OpenCLIP's tag of published weights; only with an architecture name.
        checkpoint: Weights on this machine, safetensors preferred; with an architecture name or JSON.
        seed: Random weights of this seed, for trying things out: answers mean nothing.
        device: Where the model runs; ``auto`` takes a GPU when there is one.
        precision: ``auto`` takes bfloat16 where it is faster and agrees with float32.
        batch_size: Pictures encoded at once; by default 16 on a processor, 32 for a small model, and on a GPU
            512 or the largest half of it that fits.
        dimension: Expected length of the vectors; a model of another length is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    pretrained: str | None = Field(default=None, min_length=1)
    checkpoint: Path | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    batch_size: int | None = Field(default=None, ge=1, le=4096)
    dimension: int | None = Field(default=None, ge=1)

    @property
    def kind(self) -> Literal["name", "architecture", "hub", "folder", "shipped"]:
        """Return what ``model`` is."""
        if self.model in SHIPPED:
            return "shipped"
        if self.model.startswith("hf-hub:"):
            return "hub"
        if self.model.startswith("local-dir:"):
            return "folder"
        return "architecture" if self.model.endswith(".json") else "name"

    @model_validator(mode="after")
    def _sources_make_sense(self) -> Self:
        given = {
            name: value
            for name, value in (
                ("pretrained", self.pretrained),
                ("checkpoint", self.checkpoint),
                ("seed", self.seed),
            )
            if value is not None
        }
        if self.kind in {"hub", "folder", "shipped"}:
            if self.kind != "shipped" and not self.model.partition(":")[2].strip("/"):
                message = f"model {self.model!r} names nothing: write hf-hub:owner/name or local-dir:/path"
                raise ValueError(message)
            if given:
                message = f"model {self.model!r} brings its own weights: remove {' and '.join(given)}"
                raise ValueError(message)
            return self
        if Path(self.model).suffix in {".safetensors", ".pt", ".pth", ".bin"}:
            message = (
                f"model {self.model!r} is a file of weights: name it as checkpoint, its architecture as model"
            )
            raise ValueError(message)
        if self.kind == "architecture" and self.pretrained is not None:
            message = (
                f"pretrained {self.pretrained!r} goes with an architecture's name, not with {self.model}: "
                "use checkpoint for weights on this machine"
            )
            raise ValueError(message)
        if len(given) != 1:
            choices = (
                "checkpoint or seed" if self.kind == "architecture" else "pretrained, checkpoint or seed"
            )
            found = " and ".join(given) if given else "none"
            hint = closest(self.model, list(SHIPPED)) if self.kind == "name" else ""
            message = f"model {self.model!r} needs exactly one of {choices}; {found} given{hint}"
            raise ValueError(message)
        return self


def closest(name: str, known: list[str]) -> str:
    """Return a hint that names what a misspelt name may have meant, or an empty string."""
    matches = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {', '.join(matches)}?" if matches else ""
