"""How many inverted lists a query must probe under a filter, told by where the eligible vectors lie.

A filter that follows the pictures leaves some lists full and others empty: a query for rings in gold under
the filter "necklaces" has no eligible vector in its nearest lists, one under "rings" has hardly another.  No
share of the lists is enough for the first and not wasted on the second.  So the lists of a query are gone
through, nearest first, until they hold enough eligible vectors.
"""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

_FAISS: Any = faiss
_BLOCK = 256  # queries whose lists are ranked together
_STEP = 2**0.5  # numbers of lists are rounded up to its powers, so that a batch asks in a few groups


class ListProbing:
    """The lists of one index: which holds which vector, and in which order a query meets them.

    Args:
        index: An IVF index, below a refinement or a rotation or not.
        count: Vectors in it.
    """

    def __init__(self, index: Any, count: int) -> None:
        self._chain, self._ivf = below_transforms(index)
        self.lists = int(self._ivf.nlist)
        numbers = np.full(count, self.lists, dtype=np.int32)  # beyond the last: in no list
        held = self._ivf.invlists
        for number in range(self.lists):
            size = held.list_size(number)
            if size:
                ids = held.get_ids(number)
                numbers[_FAISS.rev_swig_ptr(ids, size)] = number
                held.release_ids(number, ids)
        self._list_of: NDArray[np.int32] = numbers

    def listed(self) -> NDArray[np.bool_]:
        """Return which positions lie in a list, shape ``(count,)``."""
        held: NDArray[np.bool_] = self._list_of < self.lists
        return held

    def by_list(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some positions each list holds, shape ``(lists,)``."""
        counted: NDArray[np.int64] = np.bincount(self._list_of[positions], minlength=self.lists)
        return counted[: self.lists]

    def needed(
        self, queries: NDArray[np.float32], eligible: NDArray[np.int64], *, enough: float, least: int
    ) -> NDArray[np.int64]:
        """Return how many of its nearest lists each query must probe, shape ``(queries,)``.

        Args:
            queries: Shape ``(queries, dimension)``.
            eligible: As ``by_list`` gives it.
            enough: So many eligible vectors, or all there are.
            least: So many lists in any case.
        """
        owed = min(enough, float(eligible.sum()))
        lists = np.empty(len(queries), dtype=np.int64)
        for start in range(0, len(queries), _BLOCK):
            turned = queries[start : start + _BLOCK]
            for transform in self._chain:
                turned = transform.apply(turned)
            _, ranked = self._ivf.quantizer.search(turned, self.lists)
            lists[start : start + _BLOCK] = 1 + (np.cumsum(eligible[ranked], axis=1) < owed).sum(axis=1)
        steps = np.ceil(np.log(np.maximum(lists, least)) / np.log(_STEP) - 1e-9)
        rounded: NDArray[np.int64] = np.minimum(np.ceil(_STEP**steps - 1e-9), self.lists).astype(np.int64)
        return rounded


def below_transforms(index: Any) -> tuple[list[Any], Any]:
    """Return the transforms that a query meets, outermost first, and the index below them.

    A refinement is left out: what it refines is what is searched.
    """
    inner: Any = faiss.downcast_index(index)
    if isinstance(inner, faiss.IndexRefine):
        return below_transforms(inner.base_index)
    if isinstance(inner, faiss.IndexPreTransform):
        transforms, below = below_transforms(inner.index)
        chain: Any = inner.chain
        own = [_FAISS.downcast_VectorTransform(chain.at(place)) for place in range(chain.size())]
        return [*own, *transforms], below
    return [], inner
