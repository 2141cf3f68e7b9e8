"""What encoding a query gives, and its bytes where several processes share it.  Values only."""

import base64
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryVectors:
    """Unit vectors by channel, each of shape ``(dimension,)``; of words, which were left out of it."""

    vectors: dict[str, NDArray[np.float32]]
    unknown: tuple[str, ...] = ()
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return 512 + sum(vector.nbytes for vector in self.vectors.values())

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        vectors = {
            name: base64.b64encode(vector.astype("<f4").tobytes()).decode()
            for name, vector in self.vectors.items()
        }
        return orjson.dumps({"vectors": vectors, "unknown": self.unknown, "near": self.near})

    @classmethod
    def from_bytes(cls, data: bytes) -> "QueryVectors":
        """Read it back.

        Raises:
            ValueError: If it is something else.
        """
        try:
            held = orjson.loads(data)
            return cls(
                vectors={
                    name: np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)
                    for name, text in held["vectors"].items()
                },
                unknown=tuple(held["unknown"]),
                near={word: tuple(like) for word, like in held["near"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            message = f"these bytes are no query vectors ({error}): remove them from the cache"
            raise ValueError(message) from error
