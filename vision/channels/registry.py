"""The channels there are, what names their vectors, and one object that computes each of them.

A channel's id says everything that its vectors follow from: the code's version, the dimension, and where it
listens to an encoder, which encoder and which words.  It is known without loading a model, so that a run with
nothing to do loads none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storage.objects import sha256_hex
from vision.channels import colour, material, shape, style
from vision.channels.looking import LOOKING_VERSION
from vision.channels.prompt_axes import PromptAxes, encode_axes, prompt_vocabulary
from vision.channels.selection import CHANNELS, ChannelName
from vision.encoders import Encoder
from vision.errors import ChannelError

_WITH_WORDS: Mapping[str, str] = {"material": material.VOCABULARY, "style": style.VOCABULARY}


class ChannelExtractor(Protocol):
    """Compute one channel."""

    @property
    def name(self) -> ChannelName:
        """Return the channel's name."""
        ...

    @property
    def channel_id(self) -> str:
        """Return what names its vectors; stands where an encoder's id does among stored parts."""
        ...

    @property
    def dimension(self) -> int:
        """Return the length of every vector."""
        ...

    @property
    def gap_reason(self) -> str:
        """Return why a picture may have no vector, as a stable code."""
        ...

    def extract(
        self,
        pixels: NDArray[np.uint8],
        mask: NDArray[np.bool_] | None,
        visual: NDArray[np.float32] | None,
    ) -> NDArray[np.float32] | None:
        """Return a picture's finite unit vector, or None where there is nothing to describe.

        Args:
            pixels: As ``vision.channels.looking`` sees it, shape ``(height, width, 3)``.
            mask: Which pixels show the piece, shape ``(height, width)``; None where none can be trusted.
            visual: The encoder's unit vector of the same picture; None where there is none.
        """
        ...


def channel_dimension(name: ChannelName) -> int:
    """Return the length of a channel's vectors, the same with every encoder."""
    match name:
        case "colour":
            return colour.DIMENSION
        case "shape":
            return shape.shipped_projection().dimension
        case "material":
            words = prompt_vocabulary(material.VOCABULARY)
            said = len(words.axes(material.METAL)) + len(words.axes(material.FINISH))
            return material.TEXTURE_DIMENSION + said
        case "style":
            return len(prompt_vocabulary(style.VOCABULARY).axes(style.SET))


def channel_id(name: str, encoder_id: str) -> str:
    """Return what names a channel's vectors, such as ``colour-5be1…``; no model is needed to tell it.

    Args:
        name: Of the channel.
        encoder_id: Of the encoder whose vectors and words ``material`` and ``style`` listen to.

    Raises:
        ChannelError: If there is no such channel.
    """
    known = _known(name)
    version = {
        "colour": colour.VERSION,
        "shape": shape.VERSION,
        "material": material.VERSION,
        "style": style.VERSION,
    }[known]
    follows_from: dict[str, str | int] = {
        "name": known,
        "version": version,
        "looking": LOOKING_VERSION,
        "dimension": channel_dimension(known),
    }
    if known == "shape":
        follows_from["projection"] = shape.shipped_projection().digest
    if known in _WITH_WORDS:
        follows_from["encoder_id"] = encoder_id
        follows_from["vocabulary"] = prompt_vocabulary(_WITH_WORDS[known]).digest
    return f"{known}-{sha256_hex(json.dumps(follows_from, sort_keys=True).encode())[:32]}"


def channel_ids(names: Sequence[str], encoder_id: str) -> dict[str, str]:
    """Return the ids of some channels by name, in the order given."""
    return {name: channel_id(name, encoder_id) for name in names}


def open_channels(names: Sequence[str], encoder: Encoder) -> tuple[ChannelExtractor, ...]:
    """Return what computes some channels beside an encoder; its words are encoded here, once.

    Raises:
        ChannelError: If there is no channel of one of the names.
    """
    return tuple(_opened(_known(name), encoder) for name in names)


def _known(name: str) -> ChannelName:
    for known in CHANNELS:
        if known == name:
            return known
    message = f"there is no channel {name!r}: there are {', '.join(CHANNELS)}"
    raise ChannelError(message)


def _opened(name: ChannelName, encoder: Encoder) -> ChannelExtractor:
    named = channel_id(name, encoder.encoder_id)
    dimension = channel_dimension(name)
    match name:
        case "colour":
            return _Colour(channel_id=named, dimension=dimension)
        case "shape":
            return _Shape(channel_id=named, dimension=dimension)
        case "material":
            words = prompt_vocabulary(material.VOCABULARY)
            return _Material(
                channel_id=named,
                dimension=dimension,
                metals=encode_axes(words, material.METAL, encoder),
                finishes=encode_axes(words, material.FINISH, encoder),
            )
        case "style":
            axes = encode_axes(prompt_vocabulary(style.VOCABULARY), style.SET, encoder)
            return _Style(channel_id=named, dimension=dimension, axes=axes)


@dataclass(frozen=True, kw_only=True)
class _Channel:
    channel_id: str
    dimension: int


@dataclass(frozen=True, kw_only=True)
class _Colour(_Channel):
    name: ChannelName = "colour"
    gap_reason: str = "no_mask"

    def extract(
        self,
        pixels: NDArray[np.uint8],
        mask: NDArray[np.bool_] | None,
        visual: NDArray[np.float32] | None,  # noqa: ARG002 - as every channel is asked
    ) -> NDArray[np.float32] | None:
        return colour.colour_vector(pixels, mask)


@dataclass(frozen=True, kw_only=True)
class _Shape(_Channel):
    name: ChannelName = "shape"
    gap_reason: str = "no_mask"

    def extract(
        self,
        pixels: NDArray[np.uint8],  # noqa: ARG002 - as every channel is asked
        mask: NDArray[np.bool_] | None,
        visual: NDArray[np.float32] | None,  # noqa: ARG002 - as every channel is asked
    ) -> NDArray[np.float32] | None:
        return shape.shape_vector(mask)


@dataclass(frozen=True, kw_only=True)
class _Material(_Channel):
    metals: PromptAxes
    finishes: PromptAxes
    name: ChannelName = "material"
    gap_reason: str = "nothing_to_describe"

    def extract(
        self,
        pixels: NDArray[np.uint8],
        mask: NDArray[np.bool_] | None,
        visual: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        return material.material_vector(pixels, mask, visual, self.metals, self.finishes)


@dataclass(frozen=True, kw_only=True)
class _Style(_Channel):
    axes: PromptAxes
    name: ChannelName = "style"
    gap_reason: str = "no_known_words"

    def extract(
        self,
        pixels: NDArray[np.uint8],  # noqa: ARG002 - as every channel is asked
        mask: NDArray[np.bool_] | None,  # noqa: ARG002 - as every channel is asked
        visual: NDArray[np.float32] | None,
    ) -> NDArray[np.float32] | None:
        return style.style_vector(visual, self.axes)
