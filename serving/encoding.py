"""Queries as vectors: words and pictures, encoded as the gallery was; remembered, shared and batched.

Vectors are known by the encoder's id and a digest of what was encoded, so that no raw text or picture is
kept.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index_builds.channel_names import VISUAL
from serving.bounded_cache import BoundedCache
from serving.errors import NothingKnownError, NotServableError, QueryError
from serving.query_vectors import QueryVectors
from serving.settings import ServingSettings
from serving.shared_cache import NoSharedCache, RedisCache, SharedCache
from serving.single_flight import MicroBatch, SingleFlight
from serving.work import WorkPool
from vision.channels.looking import LOOKED_AT_PX, look_at
from vision.channels.registry import ChannelExtractor, open_channels
from vision.decoding import DecodeLimits, decode_fast
from vision.encoder_loader import EncoderLoader
from vision.encoders import Encoder
from vision.known_words import ReadText, named_with_hints
from vision.queries import encode_queries

Crop = tuple[float, float, float, float]
_LEAST_CROP_PX = 32
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")  # of strangers; feeds may bring more


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPicture:
    """A file's bytes, and the part that is meant: left, top, right, bottom as fractions, upright."""

    data: bytes
    crop: Crop | None = None

    def digest(self) -> str:
        """Return what it is known by."""
        crop = "" if self.crop is None else ",".join(f"{edge:.4f}" for edge in self.crop)
        return sha256(sha256(self.data).digest() + crop.encode()).hexdigest()


class QueryEncoding:
    """Encode queries, each once.  Used from one event loop.

    Args:
        loader: Gives encoders.
        pool: Does the work.
        settings: Sizes and windows.
    """

    def __init__(self, loader: EncoderLoader, pool: WorkPool, settings: ServingSettings) -> None:
        self._loader, self._pool, self._settings = loader, pool, settings
        self.cache: BoundedCache[str, QueryVectors] = BoundedCache(
            entries=settings.embedding_cache_entries, size=64 * 1024 * settings.embedding_cache_entries
        )
        url = settings.cache_url
        self.shared: SharedCache = NoSharedCache() if url is None else RedisCache(url.get_secret_value())
        self.flights: SingleFlight[QueryVectors] = SingleFlight()
        self._texts: dict[str, MicroBatch[str, QueryVectors]] = {}
        self._images: dict[str, MicroBatch[NDArray[np.uint8], NDArray[np.float32]]] = {}
        self._extractors: dict[tuple[str, tuple[str, ...]], tuple[ChannelExtractor, ...]] = {}

    async def text(self, encoder_id: str, text: str) -> QueryVectors:
        """Return the vector of words.

        Raises:
            QueryError: If there are none, or none that the encoder knows.
            NotServableError: If there is no such encoder.
        """
        if not text.strip():
            message = "the text of a query is empty: say what to look for"
            raise QueryError(message)
        key = f"{encoder_id}:text:{sha256(text.strip().encode()).hexdigest()}"
        known = self.cache.get(key)
        if known is not None:
            return known
        batch = self._texts.get(encoder_id)
        if batch is None:

            async def work(texts: Sequence[str]) -> Sequence[QueryVectors | Exception]:
                return await self._pool.do(self._encode_texts, encoder_id, texts)

            batch = self._texts[encoder_id] = MicroBatch(
                work, window_ms=self._settings.encode_window_ms, most=self._settings.encode_batch
            )
        return await self.flights.do(key, lambda: self._remembered(key, batch.do(text.strip())))

    async def picture(
        self, encoder_id: str, asked: AskedPicture, channels: tuple[str, ...] = ()
    ) -> QueryVectors:
        """Return the visual vector of a picture, and those of some other channels where it has any.

        Raises:
            UnreadableImageError: If it cannot be used.
            NotServableError: If there is no such encoder.
        """
        key = f"{encoder_id}:picture:{asked.digest()}:{','.join(channels)}"
        known = self.cache.get(key)
        if known is not None:
            return known

        async def encode() -> QueryVectors:
            shared = await self._pool.do(self._shared, key)
            if shared is not None:
                return shared
            encoder = await self._pool.do(matching_encoder, self._loader, encoder_id)
            pixels = await self._pool.do(self._prepared, encoder, asked)
            visual = await self._image_batch(encoder).do(pixels)
            described = (
                await self._pool.do(self._described, encoder, asked, visual, channels) if channels else {}
            )
            made = QueryVectors(vectors={VISUAL: visual, **described})
            await self._pool.do(self.shared.put, key, made.to_bytes())
            return made

        return await self.flights.do(key, lambda: self._remembered(key, encode()))

    async def _remembered(self, key: str, making: Awaitable[QueryVectors]) -> QueryVectors:
        made = await making
        self.cache.put(key, made, made.size)
        return made

    def _shared(self, key: str) -> QueryVectors | None:
        data = self.shared.get(key)
        if data is None:
            return None
        try:
            return QueryVectors.from_bytes(data)
        except ValueError:
            return None  # of another release: made anew

    def _encode_texts(self, encoder_id: str, texts: Sequence[str]) -> list[QueryVectors | Exception]:
        keys = [f"{encoder_id}:text:{sha256(text.encode()).hexdigest()}" for text in texts]
        found: list[QueryVectors | Exception | None] = [self._shared(key) for key in keys]
        missing = [place for place, one in enumerate(found) if one is None]
        if missing:
            encoder = matching_encoder(self._loader, encoder_id)
            query = encode_queries(encoder, [texts[place] for place in missing])
            row_of = {int(position): row for row, position in enumerate(query.kept)}
            for number, place in enumerate(missing):
                read = query.read[number]
                if number not in row_of:
                    found[place] = NothingKnownError(nothing_known(texts[place], read))
                    continue
                made = QueryVectors(
                    vectors={VISUAL: query.vectors[row_of[number]]},
                    unknown=read.unknown,
                    near=dict(read.near),
                )
                self.shared.put(keys[place], made.to_bytes())
                found[place] = made
        return [one for one in found if one is not None]

    def _image_batch(self, encoder: Encoder) -> MicroBatch[NDArray[np.uint8], NDArray[np.float32]]:
        batch = self._images.get(encoder.encoder_id)
        if batch is None:

            async def work(pixels: Sequence[NDArray[np.uint8]]) -> Sequence[NDArray[np.float32] | Exception]:
                return list(await self._pool.do(lambda: encoder.encode_images(np.stack(pixels))))

            batch = self._images[encoder.encoder_id] = MicroBatch(
                work, window_ms=self._settings.encode_window_ms, most=self._settings.encode_batch
            )
        return batch

    def _prepared(self, encoder: Encoder, asked: AskedPicture) -> NDArray[np.uint8]:
        return encoder.preprocess(self._decoded(asked, encoder.preprocess.decode_px))

    def _described(
        self, encoder: Encoder, asked: AskedPicture, visual: NDArray[np.float32], channels: tuple[str, ...]
    ) -> dict[str, NDArray[np.float32]]:
        named = (encoder.encoder_id, channels)
        extractors = self._extractors.get(named)
        if extractors is None:
            extractors = self._extractors[named] = open_channels(channels, encoder)
        looked = look_at(self._decoded(asked, LOOKED_AT_PX))
        found = {one.name: one.extract(looked.pixels, looked.mask, visual) for one in extractors}
        return {name: vector for name, vector in found.items() if vector is not None}

    def _decoded(self, asked: AskedPicture, at_least_px: int) -> Image.Image:
        limits = DecodeLimits(max_pixels=self._settings.most_pixels, formats=_FORMATS)
        if asked.crop is None:
            return decode_fast(asked.data, at_least_px=at_least_px, limits=limits).image
        left, top, right, bottom = asked.crop
        needed = int(at_least_px / min(right - left, bottom - top)) + 1
        image = decode_fast(asked.data, at_least_px=needed, limits=limits).image
        box = (
            round(left * image.width),
            round(top * image.height),
            round(right * image.width),
            round(bottom * image.height),
        )
        if min(box[2] - box[0], box[3] - box[1]) < _LEAST_CROP_PX:
            message = (
                f"the crop {asked.crop} leaves {box[2] - box[0]} × {box[3] - box[1]} pixels: "
                f"choose at least {_LEAST_CROP_PX} both ways"
            )
            raise QueryError(message)
        return image.crop(box)


def matching_encoder(loader: EncoderLoader, encoder_id: str) -> Encoder:
    """Return the encoder that a snapshot was built with.

    Raises:
        NotServableError: If the settings name another one.
    """
    encoder = loader.of(encoder_id)
    if encoder.encoder_id != encoder_id:
        message = (
            f"the snapshot was built with encoder {encoder_id}, the settings name {encoder.encoder_id}: "
            "run `loupe run` to build one for it, or set the encoder back"
        )
        raise NotServableError(message)
    return encoder


def nothing_known(text: str, read: ReadText) -> str:
    """Return what to say of a text of which nothing is left."""
    if not read.unknown:
        return f"the query {text!r} names nothing: say what to look for, such as a piece, a metal or a stone"
    return (
        f"the encoder has never seen any of the words {named_with_hints(read.unknown, read.near)}: "
        "say it in words for the piece, its metal, its stone or its motif, or search with a picture"
    )
