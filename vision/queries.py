"""Texts as queries: read as the encoder reads them, then encoded.  Whoever asks in words asks here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.encoders import Encoder
from vision.known_words import ReadText


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedQueries:
    """The texts that an encoder could make something of.

    Attributes:
        read: Every text as the encoder reads it, in the order given.
        kept: Positions of the texts of which something known is left, ascending.
        vectors: Unit vectors of the kept ones, float32, shape ``(len(kept), dimension)``.
    """

    read: tuple[ReadText, ...]
    kept: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @property
    def dropped(self) -> int:
        """Return how many texts were dropped, because nothing that the encoder knows was left of them."""
        return len(self.read) - len(self.kept)


def encode_queries(encoder: Encoder, texts: Sequence[str]) -> EncodedQueries:
    """Encode texts without the words that the encoder was never trained on, as a search does.

    A text of which nothing is left has no vector.
    """
    read = tuple(encoder.read_text(text) for text in texts)
    kept = [position for position, one in enumerate(read) if one.text]
    vectors = (
        encoder.encode_texts([read[position].text for position in kept])
        if kept
        else np.empty((0, encoder.dimension), dtype=np.float32)
    )
    return EncodedQueries(read=read, kept=np.array(kept, dtype=np.int64), vectors=vectors)
