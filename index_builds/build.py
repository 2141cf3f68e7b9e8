"""Build one index file from keys and vectors, so that equal inputs give equal bytes.

Image keys are the index's own ids (``IndexIDMap2``), never row positions.  Inputs are sorted by key first,
training samples are drawn with a fixed seed, and a graph is linked by one thread, because the order of
insertions shapes it.  Rotations are matrix products of a library that rounds otherwise with another number of
threads, so one thread rotates, and the costly steps behind it take all.  Another kind of processor may round
differently and then gives another, equally valid file.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.canonical import canonical_json
from index_builds.errors import BuildInputError
from index_builds.faiss_threads import threads
from index_builds.plans import TierPlan
from storage.files import written_whole
from storage.objects import sha256_of_file

LENGTH_TOLERANCE = 1e-3
_ADD_BLOCK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFile:
    """An index file on this machine, and what it is."""

    path: Path
    digest: str
    bytes: int


def sorted_inputs(
    keys: NDArray[np.int64], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return keys and vectors in key order, checked.

    Raises:
        BuildInputError: If shapes disagree, a key is negative or repeated, or a vector is not finite or not
            of unit length (within 0.001).
    """
    keys = np.ascontiguousarray(keys, dtype=np.int64)
    if vectors.ndim != 2 or keys.ndim != 1 or len(keys) != len(vectors):
        message = f"{keys.shape} keys do not fit vectors of shape {vectors.shape}: give one key per row"
        raise BuildInputError(message)
    if vectors.dtype != np.float32:
        message = f"vectors are {vectors.dtype}: give float32"
        raise BuildInputError(message)
    if len(keys) and int(keys.min()) < 0:
        message = f"image key {int(keys.min())} is negative: keys are the first 63 bits of a digest"
        raise BuildInputError(message)
    if (keys[1:] < keys[:-1]).any():
        order = np.argsort(keys, kind="stable")
        keys, vectors = keys[order], vectors[order]
    repeated = np.flatnonzero(keys[1:] == keys[:-1])
    if len(repeated):
        message = (
            f"image key {int(keys[repeated[0]])} occurs twice ({len(repeated)} repeated in all): "
            "keep one vector"
        )
        raise BuildInputError(message)
    check_unit_length(keys, vectors)
    return keys, np.ascontiguousarray(vectors)


def check_unit_length(keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
    """Raise BuildInputError when a vector is not finite or not of unit length, naming the first."""
    for start in range(0, len(keys), _ADD_BLOCK):
        part = vectors[start : start + _ADD_BLOCK]
        lengths = np.sqrt(np.einsum("nd,nd->n", part, part))
        wrong = np.flatnonzero(
            ~(np.abs(lengths - 1.0) <= LENGTH_TOLERANCE)
        )  # NaN compares false, and so is wrong
        if len(wrong):
            message = (
                f"the vector of image {int(keys[start + wrong[0]])} has length "
                f"{lengths[wrong[0]]:.6f}, not 1: "
                "embed it again, or normalise before building (inner product ranks unit vectors only)"
            )
            raise BuildInputError(message)


def recipe_digest(plan: TierPlan, keys: NDArray[np.int64], prints: NDArray[np.uint64]) -> str:
    """Return the digest of all that shapes an index file, so that a file built before can be used again.

    Args:
        plan: The tier's plan.
        keys: Sorted.
        prints: Fingerprints of the vectors, in the keys' order (``keys_file.fingerprints``).
    """
    shaping = ("factory", "count", "dimension", "training_size", "seed")
    recipe = {name: getattr(plan, name) for name in shaping} | {"faiss": faiss.__version__}
    digest = hashlib.sha256(canonical_json(recipe))
    digest.update(keys.tobytes())
    digest.update(prints.tobytes())
    return digest.hexdigest()


def build_index(
    plan: TierPlan, keys: NDArray[np.int64], vectors: NDArray[np.float32], path: Path
) -> BuiltFile:
    """Build a tier's index and write it to ``path``, whole or not at all.

    Args:
        plan: Made for exactly these vectors.
        keys: Image keys.
        vectors: Unit vectors, float32, shape ``(len(keys), plan.dimension)``, in any order of keys.
        path: Where the file goes; its folder exists.

    Raises:
        BuildInputError: If the inputs are not what the plan was made for, or not fit for an index.
    """
    keys, vectors = sorted_inputs(keys, vectors)
    if vectors.shape != (plan.count, plan.dimension):
        message = (
            f"the plan is for {plan.count} × {plan.dimension}, the vectors are {vectors.shape}: plan again"
        )
        raise BuildInputError(message)
    graph = plan.factory.startswith("HNSW")
    cores = 1 if graph else plan.threads
    with threads(cores):
        made = faiss.index_factory(plan.dimension, plan.factory, faiss.METRIC_INNER_PRODUCT)
        inner = faiss.downcast_index(made)  # a view of ``made``, which owns the index
        if not inner.is_trained:
            _train(inner, _training_sample(plan, vectors), cores)
        # Where no vector is asked for by key, the map from keys to places would only cost memory.
        index = faiss.IndexIDMap(made) if plan.grid else faiss.IndexIDMap2(made)
        for start in range(0, len(keys), _ADD_BLOCK):
            _add(inner, vectors[start : start + _ADD_BLOCK], cores)
        faiss.copy_array_to_vector(keys, index.id_map)
        index.ntotal = inner.ntotal
        if isinstance(index, faiss.IndexIDMap2):
            index.construct_rev_map()
        if isinstance(inner, faiss.IndexIVF):
            inner.make_direct_map()  # vectors are read back by position, for exact scores and for the gate
    return write_index(index, path)


def write_index(index: Any, path: Path) -> BuiltFile:
    """Write a FAISS index beside ``path``, sync it, and rename it into place."""
    with written_whole(path) as staged:
        faiss.write_index(index, str(staged))
    return BuiltFile(path=path, digest=sha256_of_file(path), bytes=path.stat().st_size)


def _train(index: Any, vectors: NDArray[np.float32], cores: int) -> None:
    """Train an index as FAISS does, but rotate with one thread."""
    if isinstance(index, faiss.IndexRefine):
        _train(faiss.downcast_index(index.base_index), vectors, cores)
        _train(faiss.downcast_index(index.refine_index), vectors, cores)
        index.is_trained = True
    elif isinstance(index, faiss.IndexPreTransform):
        with threads(1):
            for transform in transforms_of(index):
                if not transform.is_trained:
                    transform.train(vectors)
                vectors = transform.apply(vectors)
        _train(faiss.downcast_index(index.index), vectors, cores)
        index.is_trained = True
    elif not index.is_trained:
        with threads(cores):
            index.train(vectors)


def _add(index: Any, vectors: NDArray[np.float32], cores: int) -> None:
    """Add vectors as FAISS does, but rotate with one thread."""
    if isinstance(index, faiss.IndexRefine):
        base, refinement = faiss.downcast_index(index.base_index), faiss.downcast_index(index.refine_index)
        _add(base, vectors, cores)
        _add(refinement, vectors, cores)
        index.ntotal = refinement.ntotal
    elif isinstance(index, faiss.IndexPreTransform):
        with threads(1):
            for transform in transforms_of(index):
                vectors = transform.apply(vectors)
        behind = faiss.downcast_index(index.index)
        _add(behind, vectors, cores)
        index.ntotal = behind.ntotal
    else:
        with threads(cores):
            index.add(vectors)


def transforms_of(index: Any) -> list[Any]:
    """Return what an ``IndexPreTransform`` does to vectors, in order."""
    return [
        faiss.downcast_VectorTransform(index.chain.at(position)) for position in range(index.chain.size())
    ]


def _training_sample(plan: TierPlan, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if plan.training_size >= len(vectors):
        return vectors
    chosen = np.random.default_rng(plan.seed).choice(len(vectors), plan.training_size, replace=False)
    return np.ascontiguousarray(vectors[np.sort(chosen)])
