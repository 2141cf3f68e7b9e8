"""What a gate measures against: live images, their vectors and rows from outside the index, and the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.build import sorted_inputs
from index_builds.errors import BuildInputError, GateCannotRunError
from index_builds.filters import SnapshotFilter, satisfying_rows
from index_builds.gate_report import Target
from index_builds.ids import distinct_of_sorted
from index_builds.keys_file import fingerprints
from index_builds.metadata_file import SCHEMA
from index_builds.queries import Queries
from index_builds.true_neighbours import TrueNeighbours


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The live images from outside the index: sorted keys, unit vectors, tiers, and their listing rows."""

    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    tiers: NDArray[np.str_]
    metadata: pa.Table
    _listings: dict[int, list[dict[str, Any]]] = field(default_factory=dict, repr=False)
    _eligible: dict[SnapshotFilter, NDArray[np.bool_]] = field(default_factory=dict, repr=False)
    _rows_in: dict[Target, NDArray[np.int64]] = field(default_factory=dict, repr=False)
    _row_keys: list[NDArray[np.int64]] = field(default_factory=list, repr=False)
    _prints: list[NDArray[np.uint64]] = field(default_factory=list, repr=False)
    _row_places: list[NDArray[np.int64]] = field(default_factory=list, repr=False)

    @property
    def prints(self) -> NDArray[np.uint64]:
        """Fingerprints of the vectors, taken once."""
        if not self._prints:
            self._prints.append(fingerprints(self.vectors))
        return self._prints[0]

    @property
    def row_keys(self) -> NDArray[np.int64]:
        """The image of every listing row, sorted."""
        if not self._row_keys:
            self._row_keys.append(self.metadata["image_key"].to_numpy())
        return self._row_keys[0]

    @property
    def row_places(self) -> NDArray[np.int64]:
        """The row in ``keys`` of every listing row's image."""
        if not self._row_places:
            self._row_places.append(np.searchsorted(self.keys, self.row_keys))
        return self._row_places[0]

    def listings(self, key: int) -> list[dict[str, Any]]:
        """Return the listing rows of an image, read once."""
        if key not in self._listings:
            start, stop = np.searchsorted(self.row_keys, [key, key + 1])
            self._listings[key] = self.metadata.slice(start, stop - start).to_pylist()
        return self._listings[key]

    def read_listings(self, keys: NDArray[np.int64]) -> None:
        """Read the listing rows of many images at once."""
        missing = np.array([key for key in keys.tolist() if key not in self._listings], dtype=np.int64)
        starts = np.searchsorted(self.row_keys, missing)
        stops = np.searchsorted(self.row_keys, missing, side="right")
        places = np.concatenate(
            [np.empty(0, dtype=np.int64), *map(np.arange, starts.tolist(), stops.tolist())]
        )
        rows = self.metadata.take(pa.array(places)).to_pylist()
        offset = 0
        for key, length in zip(missing.tolist(), (stops - starts).tolist(), strict=True):
            self._listings[key] = rows[offset : offset + length]
            offset += length

    def rows_in(self, target: Target) -> NDArray[np.int64]:
        """Return the rows of the images of one tier, or of all."""
        if target not in self._rows_in:
            every = target == "all"
            rows = np.arange(len(self.keys)) if every else np.flatnonzero(self.tiers == target)
            self._rows_in[target] = rows.astype(np.int64)
        return self._rows_in[target]

    def eligible(self, target: Target, where: SnapshotFilter | None) -> NDArray[np.bool_]:
        """Return which images a question may find, shape ``(len(keys),)``."""
        held = np.zeros(len(self.keys), dtype=np.bool_)
        held[self.rows_in(target)] = True
        if where is None:
            return held
        if where not in self._eligible:
            wanted = np.zeros_like(held)
            wanted[self.row_places[satisfying_rows(self.metadata, where)]] = True
            self._eligible[where] = wanted
        return held & self._eligible[where]

    def rows_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each key, ``-1`` where it is no live image."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvidence:
    """What a channel beside the visual one is judged by."""

    truth: Truth  # over the pictures that have a vector of it
    queries: Mapping[str, Queries]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFamily:
    """One family's queries of one channel, with their exact neighbours among that channel's live images."""

    queries: Queries
    exact: TrueNeighbours  # of exactly these queries
    channel: str
    name: str


def truth_of(
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    metadata: pa.Table,
    prints: NDArray[np.uint64] | None = None,
) -> Truth:
    """Return the truth to measure against.

    Args:
        keys: Image keys of every live embedding, in any order.
        vectors: Their vectors.
        metadata: Canonical metadata rows of the same images.
        prints: Fingerprints of vectors whose keys are sorted already, where the caller has them.

    Raises:
        GateCannotRunError: If there is nothing to measure against, or it contradicts itself.
    """
    try:
        keys, vectors = sorted_inputs(keys, vectors)
    except BuildInputError as error:
        message = f"the gate has no embedding truth to measure against: {error}"
        raise GateCannotRunError(message) from error
    if not len(keys):
        message = "the gate has no embedding truth to measure against: no live image has a vector"
        raise GateCannotRunError(message)
    if metadata.schema != SCHEMA:
        message = "the gate needs canonical metadata: pass it through metadata_file.canonical_metadata"
        raise GateCannotRunError(message)
    row_keys = metadata["image_key"].to_numpy()
    first = np.searchsorted(row_keys, keys)
    stated = distinct_of_sorted(row_keys)
    if len(row_keys) == 0 or not np.array_equal(stated, keys):
        message = f"metadata speaks of {len(stated)} images, the embeddings of {len(keys)}: join them again"
        raise GateCannotRunError(message)
    tiers = metadata["tier"].take(pa.array(first)).to_numpy(zero_copy_only=False).astype(np.str_)
    known = [] if prints is None else [prints]
    return Truth(keys=keys, vectors=vectors, tiers=tiers, metadata=metadata, _prints=known)
