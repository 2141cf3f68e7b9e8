"""The front of plain FAISS factories: built, swept over search parameters, and asked in turn with a plan.

Nothing of Loupe shapes these indexes: ``index_factory``, ``train``, ``add``, ``write_index``, all cores.
They are asked from memory, one query at a time on one thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import log2, sqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

K = 10
_PROBES = (4, 8, 16, 32, 64, 128, 256, 512)
_WIDTHS = (16, 32, 64, 128, 256, 512)
_REFINED = (4, 8, 16, 32)

Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]  # one query (1, dimension) -> rows (1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plain index in memory, and what it cost."""

    factory: str
    index: Any
    build_seconds: float
    bytes: int

    def at(self, parameters: dict[str, int]) -> Search:
        """Return the search at one setting, which the index keeps until the next is set."""
        text = ",".join(f"{name}={value}" for name, value in parameters.items())
        faiss.ParameterSpace().set_index_parameters(self.index, text)
        return lambda query: self.index.search(query, K)[1]


def factories(count: int) -> list[str]:
    """Return the factories to try on so many vectors of 512 dimensions, smallest lists first."""
    lists = 2 ** round(log2(max(4 * sqrt(count), 1)))
    while lists > 16 and count < 39 * lists:
        lists //= 2
    fewer = lists // 2
    return [
        "Flat",
        f"IVF{lists},Flat",
        f"IVF{lists},SQfp16",
        f"IVF{fewer},SQfp16",
        f"IVF{lists}_HNSW32,SQfp16",
        f"IVF{lists},SQ8",
        f"IVF{fewer},SQ8",
        f"PCA64,IVF{lists},SQ8,Refine(SQfp16)",
        f"PCA128,IVF{lists},SQ8,Refine(SQ8)",
        f"IVF{lists},PQ64x4fs,RFlat",
        f"IVF{lists},PQ64x4fs,Refine(SQfp16)",
        f"IVF{lists},PQ64x4fs,Refine(SQ8)",
        f"IVF{lists},PQ128x4fs,Refine(SQfp16)",
        f"IVF{lists},PQ64np",  # polysemous training, which nothing here uses, would take minutes
        f"OPQ64_256,IVF{lists},PQ64x4fsr,Refine(SQfp16)",
        f"OPQ64_256,IVF{lists},PQ64x4fsr,Refine(SQ8)",
        f"IVF{lists},RaBitQ",
        f"IVF{lists},RaBitQ,Refine(SQfp16)",
        f"IVF{lists},RaBitQ,Refine(SQ8)",
        f"IVF{lists},RaBitQfs,Refine(SQfp16)",
        f"IVF{lists},RaBitQfs,Refine(SQ8)",
        "HNSW32,Flat",
        "HNSW32,SQfp16",
        "HNSW32,SQ8",
        "HNSW16,SQ8",
    ]


def settings_of(factory: str, index: Any) -> list[dict[str, int]]:
    """Return the search parameters to sweep, narrow before wide; one empty setting where there are none."""
    if "HNSW" in factory and "IVF" not in factory:
        return [{"efSearch": width} for width in _WIDTHS]
    if "IVF" not in factory:
        return [{}]
    lists = faiss.extract_index_ivf(_below_refinement(index)).nlist
    probes = [probe for probe in _PROBES if probe < lists]
    if "Refine" in factory or "RFlat" in factory:
        return [{"nprobe": probe, "k_factor_rf": factor} for probe, factor in product(probes, _REFINED)]
    return [{"nprobe": probe} for probe in probes]


def build(factory: str, vectors: NDArray[np.float32], path: Path) -> Built:
    """Build one factory with FAISS as it comes, and write it.

    Raises:
        RuntimeError: If this FAISS does not know the factory.
    """
    started = time.perf_counter()
    index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, str(path))
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    path.unlink()
    return Built(factory=factory, index=index, build_seconds=seconds, bytes=size)


def one_by_one(search: Search, queries: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ask single queries on one thread; return rows found, shape ``(queries, 10)``, and milliseconds."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    found = np.empty((len(queries), K), dtype=np.int64)
    milliseconds = np.empty(len(queries))
    try:
        search(queries[:1])  # the first one reads pages
        for row in range(len(queries)):
            started = time.perf_counter()
            answer = search(queries[row : row + 1])
            milliseconds[row] = 1000 * (time.perf_counter() - started)
            found[row] = answer[0]
    finally:
        faiss.omp_set_num_threads(threads)
    return found, milliseconds


def speed_in_turn(rival: Search, plan: Search, queries: NDArray[np.float32], *, rounds: int = 3) -> float:
    """Return how many times as many queries per second a rival answers, asked in turn with the plan.

    Each round asks all queries of both; the least total of each counts, since other work only adds to it.
    """
    totals = [
        [float(one_by_one(search, queries)[1].sum()) for search in (rival, plan)] for _ in range(rounds)
    ]
    least_rival, least_plan = np.min(totals, axis=0)
    return float(least_plan / least_rival)


def _below_refinement(index: Any) -> Any:
    index = faiss.downcast_index(index)
    return index.base_index if isinstance(index, faiss.IndexRefine) else index
