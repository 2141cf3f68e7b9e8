"""Does a picture show jewelry at all?  Answered from its vector, by a small head fitted for one encoder.

The head is a network of one hidden layer over the unit vector; its score is a logit, high for jewelry.  It
holds for the encoder that it was fitted for and for no other: an encoder without one is not asked, and its
pictures are not judged.  ``python -m encoder_training domain`` fits one.  No torch here, no SQL.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from storage.objects import ObjectMissingError, ObjectStore, sha256_hex
from vision.errors import EncoderError

SHIPPED = Path(__file__).parent / "models"
SUFFIX = ".domain.safetensors"
_ABOUT = "domain_head"
_TENSORS = ("hidden", "hidden_bias", "out", "out_bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainHead:
    """What tells vectors of jewelry from vectors of anything else, for one encoder.

    Attributes:
        encoder_id: The encoder whose vectors it was fitted on.
        hidden: Weights of the hidden layer, shape ``(dimension, units)``.
        hidden_bias: Shape ``(units,)``.
        out: Shape ``(units,)``.
        out_bias: One number.
        bound: Score below which a picture is held to show no jewelry.
    """

    encoder_id: str
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: float
    bound: float

    @property
    def domain_id(self) -> str:
        """Return what names this head: the digest of its file."""
        return sha256_hex(head_file(self))

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a logit per vector, shape ``(n,)``; higher means more like jewelry.

        Args:
            vectors: Unit vectors, shape ``(n, dimension)``.
        """
        active = np.maximum(vectors @ self.hidden + self.hidden_bias, 0.0)
        scores: NDArray[np.float32] = (active @ self.out + np.float32(self.out_bias)).astype(np.float32)
        return scores


def head_of(encoder_id: str, objects: ObjectStore | None = None) -> DomainHead | None:
    """Return an encoder's head: from the object store where somebody put one, else as shipped; or None.

    Raises:
        EncoderError: If the stored one is damaged or belongs to another encoder.
    """
    if objects is not None:
        key = domain_key(encoder_id)
        try:
            return read_head(objects.get(key), key, encoder_id)
        except ObjectMissingError:
            pass
    return _shipped().get(encoder_id)


def domain_key(encoder_id: str) -> str:
    """Return the object key at which an encoder's head is looked for."""
    return f"encoders/{encoder_id}{SUFFIX}"


def head_file(head: DomainHead) -> bytes:
    """Return a head as a safetensors file; the same head gives the same bytes."""
    tensors = {
        "hidden": head.hidden,
        "hidden_bias": head.hidden_bias,
        "out": head.out,
        "out_bias": np.array([head.out_bias], dtype=np.float32),
    }
    about = {"encoder_id": head.encoder_id, "bound": head.bound}
    # One entry: the library writes several in an order of its own.
    return safetensors.numpy.save(tensors, {_ABOUT: json.dumps(about)})


def read_head(data: bytes, name: str, encoder_id: str | None = None) -> DomainHead:
    """Read a head.

    Raises:
        EncoderError: If the file is damaged, or was fitted for another encoder than ``encoder_id``.
    """
    try:
        tensors = safetensors.numpy.load(data)
        length = int.from_bytes(data[:8], "little")
        about = _metadata(data[8 : 8 + length])
        hidden, hidden_bias, out, out_bias = (tensors[one] for one in _TENSORS)
        head = DomainHead(
            encoder_id=about["encoder_id"],
            hidden=hidden,
            hidden_bias=hidden_bias,
            out=out,
            out_bias=float(out_bias[0]),
            bound=float(about["bound"]),
        )
    except (SafetensorError, KeyError, ValueError) as error:
        message = (
            f"{name} is no head that tells jewelry: fit it again with `python -m encoder_training domain`"
        )
        raise EncoderError(message) from error
    if encoder_id is not None and head.encoder_id != encoder_id:
        message = f"{name} was fitted for encoder {head.encoder_id}: fit one for {encoder_id}"
        raise EncoderError(message)
    return head


def _metadata(header: bytes) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(json.loads(header)["__metadata__"][_ABOUT])
    return about


@cache
def _shipped() -> dict[str, DomainHead]:
    heads = (read_head(path.read_bytes(), str(path)) for path in sorted(SHIPPED.glob(f"*{SUFFIX}")))
    return {head.encoder_id: head for head in heads}
