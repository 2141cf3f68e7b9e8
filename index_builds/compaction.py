"""A delta merged into the lists of its base, and what has gone taken out, without training anything anew.

What stays keeps its codes; what came is assigned and coded by the base's own quantisers.  The file is the one
that adding all rows of now to the trained, empty index would give, at the cost of the change and of one pass
over the codes.  Whether the training still fits is told by two figures, kept from when it was done: how
uneven the lists are, and how far vectors lie from the centre of their list.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.build import BuiltFile, transforms_of, write_index
from index_builds.changes import Change
from index_builds.faiss_threads import threads
from index_builds.index_files import load_index
from index_builds.manifest import IndexFile, ListFigures
from index_builds.plans import TierPlan
from index_builds.settings import ChangeSettings

_FAISS: Any = faiss  # its typed SWIG classes do not know the kinds of direct map
_SAMPLE = 4096  # vectors whose distance to their centre is measured
_Lists = list[tuple[NDArray[np.int64], NDArray[np.uint8]]]


def list_figures(index: Any, vectors: NDArray[np.float32], seed: int) -> ListFigures | None:
    """Return the figures of an index's lists, as those of its training; ``None`` where it has no lists.

    Args:
        index: A base, with its map of keys.
        vectors: Of all its rows.
        seed: Draws those that are measured.
    """
    ivf = _ivf_of(faiss.downcast_index(index.index))
    if ivf is None:
        return None
    imbalance, error = float(ivf.invlists.imbalance_factor()), quantisation_error(index, vectors, seed)
    return ListFigures(
        imbalance=imbalance, error=error, trained_imbalance=imbalance, trained_error=error, compactions=0
    )


def quantisation_error(index: Any, vectors: NDArray[np.float32], seed: int) -> float:
    """Return the mean squared distance of a sample of unit vectors from the centre of their list."""
    inner = faiss.downcast_index(index.index)
    ivf = _ivf_of(inner)
    rows = np.random.default_rng(seed).permutation(len(vectors))[:_SAMPLE]
    sample = _as_coded(inner, vectors[np.sort(rows)])
    _, nearest = ivf.quantizer.search(sample, 1)
    centres = ivf.quantizer.reconstruct_n(0, ivf.nlist)
    return float(((sample - centres[nearest[:, 0]]) ** 2).sum(axis=1).mean())


def drifted(figures: ListFigures, settings: ChangeSettings) -> str | None:
    """Return why lists have to be trained anew, or None while their training fits."""
    for what, now, then, ratio in (
        ("imbalance of its lists", figures.imbalance, figures.trained_imbalance, settings.retrain_imbalance),
        ("quantisation error", figures.error, figures.trained_error, settings.retrain_error),
    ):
        if now > ratio * then:
            return f"trained anew, {what} had gone from {then:.3g} to {now:.3g}, beyond {ratio:g} times"
    return None


def compact(
    file: IndexFile,
    base: Path,
    plan: TierPlan,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    change: Change,
    path: Path,
) -> tuple[BuiltFile, ListFigures]:
    """Write the base of a tier with its change merged in, and return it with the figures of its lists.

    Args:
        file: What the manifest says of the base; it has list figures.
        base: The base file.
        plan: Of the rows of now, with the base's factory.
        keys: Sorted keys of now.
        vectors: Their vectors.
        change: What came and went since the base was made.
        path: Where the compacted file goes.

    Raises:
        SnapshotDamagedError: If the base is not what the manifest says.
        ValueError: If the base has no lists.
    """
    index = load_index(base, digest=file.digest, mapped=False)
    inner = faiss.downcast_index(index.index)
    ivf = _ivf_of(inner)
    if ivf is None or file.lists is None:
        message = f"{base} has no lists that a change could be merged into: build it anew"
        raise ValueError(message)
    error = quantisation_error(index, vectors, plan.seed)
    base_keys = faiss.vector_to_array(index.id_map)
    place = np.searchsorted(keys, base_keys)
    place[np.isin(base_keys, change.gone)] = -1
    new = np.ascontiguousarray(vectors[change.new])
    with threads(plan.threads):
        ivf.set_direct_map_type(_FAISS.DirectMap.NoMap)
        stay = _taken(ivf, place)
        ivf.reset()
        if len(new):
            ivf.add(_as_coded(inner, new))
        came = _taken(ivf, change.new)
        ivf.reset()
        for number, parts in enumerate(zip(stay, came, strict=True)):
            ids = np.concatenate([held for held, _ in parts])
            order = np.argsort(ids)
            ids = ids[order]
            codes = np.ascontiguousarray(np.concatenate([held for _, held in parts])[order])
            if len(ids):
                ivf.invlists.add_entries(number, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
        _refill(inner, place, change.new, new, len(keys))
    behind = inner
    while behind is not None:
        behind.ntotal = len(keys)
        behind = _below(behind)
    faiss.copy_array_to_vector(keys, index.id_map)
    index.ntotal = len(keys)
    if isinstance(inner, faiss.IndexIVF):
        inner.make_direct_map()  # as builds do
    figures = file.lists.model_copy(
        update={
            "imbalance": float(ivf.invlists.imbalance_factor()),
            "error": error,
            "compactions": file.lists.compactions + 1,
        }
    )
    return write_index(index, path), figures


def _taken(ivf: Any, place: NDArray[np.int64]) -> _Lists:
    """Return the rows of every list under their new positions, without those that have none (``-1``)."""
    taken: _Lists = []
    lists = ivf.invlists
    for number in range(ivf.nlist):
        size = lists.list_size(number)
        if not size:
            empty = np.empty((0, lists.code_size), dtype=np.uint8)
            taken.append((np.empty(0, dtype=np.int64), empty))
            continue
        ids = place[faiss.rev_swig_ptr(lists.get_ids(number), size)]
        codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
        kept = ids >= 0
        taken.append((ids[kept], codes.reshape(size, -1)[kept]))
    return taken


def _refill(
    inner: Any, place: NDArray[np.int64], rows: NDArray[np.int64], new: NDArray[np.float32], count: int
) -> None:
    """Give the refinement's codes, where there is one, the rows of now in their order."""
    if not isinstance(inner, faiss.IndexRefine):
        return
    refinement: Any = faiss.downcast_index(inner.refine_index)
    codes = faiss.vector_to_array(refinement.codes).reshape(len(place), -1)
    merged = np.empty((count, codes.shape[1]), dtype=np.uint8)
    merged[place[place >= 0]] = codes[place >= 0]
    refinement.reset()
    if len(new):
        refinement.add(new)
        merged[rows] = faiss.vector_to_array(refinement.codes).reshape(len(new), -1)
    faiss.copy_array_to_vector(merged.ravel(), refinement.codes)
    refinement.ntotal = count


def _below(index: Any) -> Any:
    if isinstance(index, faiss.IndexRefine):
        return faiss.downcast_index(index.base_index)
    if isinstance(index, faiss.IndexPreTransform):
        return faiss.downcast_index(index.index)
    return None


def _ivf_of(index: Any) -> Any:
    """Return the lists below refinement and rotation; None where there are none."""
    while index is not None and not isinstance(index, faiss.IndexIVF):
        index = _below(index)
    return index


def _as_coded(inner: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors as the lists see them; one thread rotates, as in builds."""
    vectors = np.ascontiguousarray(vectors)
    with threads(1):
        while inner is not None:
            if isinstance(inner, faiss.IndexPreTransform):
                for transform in transforms_of(inner):
                    vectors = transform.apply(vectors)
            inner = _below(inner)
    return vectors
