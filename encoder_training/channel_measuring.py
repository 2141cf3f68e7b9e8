"""A drawn house in every channel, upright and turned, as tests and ``benchmarks/channels.py`` measure it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder_training.channel_evaluation import Compared, attributes_of, compare
from encoder_training.channel_houses import HousePicture, turned_whole
from vision.channels.looking import look_at
from vision.channels.registry import ChannelExtractor
from vision.decoding import decode
from vision.encoders import Encoder

OWN_ATTRIBUTE = {
    "colour": "colours",
    "shape": "silhouette, turned",
    "material": "material",
    "style": "family",
}
"""Channel -> the attribute that it must find better than ``visual`` does."""

OTHER_ATTRIBUTES = {
    "colour": ("metal colour", "stone hue"),
    "shape": ("category, turned", "silhouette", "category"),
    "material": ("metal colour", "finish"),
    "style": ("manner",),
}
"""Channel -> attributes that are reported beside it."""

_TURNED = ", turned"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedHouse:
    """Vectors of a house's pictures, one row each.

    Attributes:
        visual: The encoder's, shape ``(pictures, dimension)``.
        channels: By channel; rows of NaN where a picture has none.
        pieces: Place of the piece that each shows.
        attributes: What each shows.
    """

    visual: NDArray[np.float32]
    channels: dict[str, NDArray[np.float32]]
    pieces: NDArray[np.int64]
    attributes: list[dict[str, str]]


def describe_house(
    pictures: Sequence[HousePicture],
    encoder: Encoder,
    channels: Sequence[ChannelExtractor],
    *,
    turned_by: int | None = None,
) -> DescribedHouse:
    """Describe a house's pictures.

    Args:
        pictures: What was drawn.
        encoder: Gives ``visual``.
        channels: What to compute beside it.
        turned_by: Turn every picture on plain ground in its plane, by an angle that follows from this seed;
            other grounds cannot be continued at the corners, and such a picture gets no vector.
    """
    rng = random.Random(f"loupe-measured-turns-{turned_by}")  # noqa: S311 - reproducible, not secret
    keys = list(dict.fromkeys(picture.piece.key for picture in pictures))
    visual, rows = [], []
    for start in range(0, len(pictures), 64):
        images = [decode(picture.file.read_bytes()).image for picture in pictures[start : start + 64]]
        is_shown = [True] * len(images)
        if turned_by is not None:
            is_shown = [look_at(image).on_plain_ground for image in images]
            images = [turned_whole(image, rng.uniform(0.0, 360.0)) for image in images]
        vectors = encoder.encode_images(np.stack([encoder.preprocess(image) for image in images]))
        visual.append(vectors)
        for image, vector, shown in zip(images, vectors, is_shown, strict=True):
            looked = look_at(image)
            rows.append(
                [one.extract(looked.pixels, looked.mask, vector) if shown else None for one in channels]
            )
    return DescribedHouse(
        visual=np.concatenate(visual),
        channels={
            one.name: np.array(
                [np.full(one.dimension, np.nan) if row[place] is None else row[place] for row in rows],
                dtype=np.float32,
            )
            for place, one in enumerate(channels)
        },
        pieces=np.array([keys.index(picture.piece.key) for picture in pictures], dtype=np.int64),
        attributes=[attributes_of(picture.piece) for picture in pictures],
    )


def measure(upright: DescribedHouse, turned: DescribedHouse, channel: str, attribute: str) -> Compared:
    """Return a channel beside ``visual`` on an attribute, over the pictures that the channel describes.

    Args:
        upright: The house as it was photographed.
        turned: The same pictures, turned.
        channel: Which channel.
        attribute: One of ``attributes_of``; with ``, turned`` behind it the turned pictures are asked.
    """
    house = turned if attribute.endswith(_TURNED) else upright
    vectors = house.channels[channel]
    has = ~np.isnan(vectors).any(axis=1)
    name = attribute.removesuffix(_TURNED)
    values = [one[name] for one, is_described in zip(house.attributes, has, strict=True) if is_described]
    return compare(vectors[has], house.visual[has], values, house.pieces[has])
