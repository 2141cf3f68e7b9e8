"""Queries as vectors: words and pictures, encoded as the gallery was."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.errors import NotServableError, QueryError
from vision.encoder_loader import EncoderLoader
from vision.encoders import Encoder
from vision.known_words import ReadText, named_with_hints
from vision.queries import encode_queries


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedText:
    """A unit vector, shape ``(dimension,)``, and the words that were left out of it."""

    vector: NDArray[np.float32]
    unknown: tuple[str, ...]
    near: dict[str, tuple[str, ...]]


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


def encode_text(encoder: Encoder, text: str) -> EncodedText:
    """Encode words without those that the encoder was never trained on.

    Raises:
        QueryError: If there are none, or none that it knows.
    """
    if not text.strip():
        message = "the text of a query is empty: say what to look for"
        raise QueryError(message)
    query = encode_queries(encoder, [text])
    read = query.read[0]
    if query.dropped:
        raise QueryError(nothing_known(text, read))
    return EncodedText(vector=query.vectors[0], unknown=read.unknown, near=dict(read.near))


def nothing_known(text: str, read: ReadText) -> str:
    """Return what to say of a text of which nothing is left."""
    if not read.unknown:
        return f"the query {text!r} names nothing: say what to look for, such as a piece, a metal or a stone"
    return (
        f"the encoder has never seen any of the words {named_with_hints(read.unknown, read.near)}: "
        "say it in words for the piece, its metal, its stone or its motif, or search with a picture"
    )
