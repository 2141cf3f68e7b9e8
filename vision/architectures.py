"""Architecture files: OpenCLIP's own model JSON, with an optional section that only we read.

``{"model_cfg": …, "preprocess_cfg": …, "loupe": {"crop": "object", "margin": 0.08, "known_words": "x.txt"}}``
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.errors import EncoderError
from vision.object_crop import OBJECT_CROP_VERSION, ObjectCrop

_NEEDED = frozenset({"embed_dim", "vision_cfg", "text_cfg"})


class LoupeSection(BaseModel):
    """What an encoder needs beyond what OpenCLIP knows.

    Attributes:
        crop: ``object`` cuts pictures to the piece on a plain background; null takes them whole.
        margin: See ``ObjectCrop``.
        decode_scale: See ``ObjectCrop``.
        square: How the square is filled beyond the frame.
        known_words: File of the words the text tower was trained on, one a line, beside the architecture.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    crop: Literal["object"] | None = None
    margin: float = Field(default=0.08, ge=0.0, le=1.0)
    decode_scale: float = Field(default=2.0, ge=1.0, le=8.0)
    square: Literal["pad-with-border-colour"] = "pad-with-border-colour"
    known_words: str | None = Field(default=None, min_length=1)

    @property
    def object_crop(self) -> ObjectCrop | None:
        """Return how pictures are cropped, or None when they are taken whole."""
        if self.crop is None:
            return None
        return ObjectCrop(margin=self.margin, decode_scale=self.decode_scale)

    def identity(self) -> dict[str, Any] | None:
        """Return what of the section decides about vectors, or None when nothing does.

        Known words are left out: they decide what of a query is encoded, not what a vector is, so that a
        corrected list re-embeds nothing.
        """
        if self.crop is None:
            return None
        described = self.model_dump(include={"crop", "margin", "decode_scale", "square"})
        return described | {"version": OBJECT_CROP_VERSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One architecture file, read.

    Attributes:
        config: What OpenCLIP reads: ``model_cfg`` and perhaps ``preprocess_cfg``.
        loupe: Our own section; an empty one where the file has none.
        path: The file.
    """

    config: dict[str, Any]
    loupe: LoupeSection
    path: Path

    @property
    def model_config(self) -> dict[str, Any]:
        """Return the model's shape, as OpenCLIP names it."""
        described: dict[str, Any] = self.config["model_cfg"]
        return described

    @property
    def known_words_path(self) -> Path | None:
        """Return the file of known words, or None when the encoder knows any."""
        name = self.loupe.known_words
        return None if name is None else self.path.parent / name


def read_architecture(path: Path) -> Architecture:
    """Read an architecture file, in OpenCLIP's short form (the model alone) or its full one.

    Raises:
        EncoderError: If the file is missing, is no architecture, or its ``loupe`` section makes no sense.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"architecture {path} does not exist: give the path of an OpenCLIP model JSON"
        raise EncoderError(message) from None
    except (OSError, ValueError) as error:
        message = f"architecture {path} cannot be read as JSON: {error}"
        raise EncoderError(message) from error
    if not isinstance(config, dict):
        message = f"architecture {path} is not a JSON object"
        raise EncoderError(message)
    section = config.pop("loupe", None)
    if "model_cfg" not in config:
        config = {"model_cfg": config}
    if not isinstance(config["model_cfg"], dict):
        message = f"architecture {path} is not a JSON object"
        raise EncoderError(message)
    if missing := _NEEDED - set(config["model_cfg"]):
        message = f"architecture {path} lacks {', '.join(sorted(missing))}: it is no OpenCLIP model JSON"
        raise EncoderError(message)
    try:
        loupe = LoupeSection() if section is None else LoupeSection.model_validate(section)
    except ValidationError as error:
        problems = "; ".join(
            f"loupe.{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        message = f"architecture {path} has a section that makes no sense: {problems}"
        raise EncoderError(message) from error
    return Architecture(config=config, loupe=loupe, path=path)
