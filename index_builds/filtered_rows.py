"""Which rows of a snapshot satisfy a filter, worked out once and remembered within a bound of memory."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.filters import SnapshotFilter, satisfying_rows
from index_builds.ids import distinct
from index_builds.open_tier import Eligible, OpenTier
from index_builds.tiers import Tier

_REMEMBERED, _REMEMBERED_BYTES = 128, 256_000_000
_SPARSE = 64  # below one in so many, hashing positions is quicker than marking them


class FilteredRows:
    """What satisfies one filter.

    Args:
        mask: Of the metadata's rows, shape ``(rows,)``.
        tiers: Whose vectors may be found.
        row_positions: Of each tier, the position of every row's vector, ``-1`` where it has none there.
    """

    def __init__(
        self,
        mask: NDArray[np.bool_],
        tiers: Mapping[Tier, OpenTier],
        row_positions: Mapping[Tier, NDArray[np.int64]],
    ) -> None:
        self.mask = mask
        self._tiers, self._row_positions = tiers, row_positions
        self._eligible: dict[Tier, Eligible] = {}
        # The mask; positions of what satisfies; bitmaps and counts by list, about.
        self.largest_bytes = 2 * mask.nbytes + 8 * int(np.count_nonzero(mask))

    def eligible(self, tier: Tier) -> Eligible:
        """Return which vectors of a tier some satisfying row shows."""
        known = self._eligible.get(tier)
        if known is None:  # two threads may both find them, which is the same
            opened = self._tiers[tier]
            own = present(self._row_positions[tier][self.mask], len(opened.all_keys))
            known = self._eligible[tier] = opened.eligible(own)
        return known


class RememberedFilters:
    """The filters that were asked last.  Safe to share between threads.

    Args:
        metadata: What filters look at.
        tiers: As for :class:`FilteredRows`.
        row_positions: As for :class:`FilteredRows`.
        masks: Remembers the masks of the same metadata, where another channel asks, too.
    """

    def __init__(
        self,
        metadata: pa.Table,
        tiers: Mapping[Tier, OpenTier],
        row_positions: Mapping[Tier, NDArray[np.int64]],
        masks: "RememberedFilters | None" = None,
    ) -> None:
        self._metadata, self._tiers, self._row_positions = metadata, tiers, row_positions
        self._masks = masks
        self._known: OrderedDict[SnapshotFilter, FilteredRows] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def of(self, where: SnapshotFilter) -> FilteredRows:
        """Return what satisfies a filter."""
        with self._lock:
            known = self._known.get(where)
            if known is not None:
                self._known.move_to_end(where)
                return known
        mask = satisfying_rows(self._metadata, where) if self._masks is None else self._masks.of(where).mask
        made = FilteredRows(mask, self._tiers, self._row_positions)
        with self._lock:
            if where not in self._known:
                self._known[where] = made
                self._bytes += made.largest_bytes
            while len(self._known) > _REMEMBERED or (
                self._bytes > _REMEMBERED_BYTES and len(self._known) > 1
            ):
                self._bytes -= self._known.popitem(last=False)[1].largest_bytes
        return made


def present(positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the positions that are held, sorted and each once, of a tier with ``count`` of them."""
    held = positions[positions >= 0]
    if len(held) * _SPARSE < count:
        return distinct(held)
    marked = np.zeros(count, dtype=np.bool_)
    marked[held] = True
    return np.flatnonzero(marked).astype(np.int64)
