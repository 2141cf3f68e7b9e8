"""Builds and asks one peer's index, inside that peer's own environment: NumPy and the peer, nothing of Loupe.

``peer_libraries`` calls it.  The folder holds ``vectors/vectors.npy`` and one ``.npy`` of queries per family;
the folder ``out`` receives ``report.json`` and ``answers.npz`` with what every setting found, best first, and
the milliseconds of each single query on one thread.  Recall is not judged here.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAMILIES = ("pictures", "text")
K = 10
_WIDTHS = (16, 32, 64, 128, 256, 512)

Ask = Callable[[NDArray[np.float32]], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One built index: its name, what it cost, its settings, and what answers one query at a setting."""

    name: str
    build_seconds: float
    bytes: int
    settings: list[dict[str, int]]
    prepare: Callable[[dict[str, int]], Ask]
    chosen: int | None = None  # the place, in settings, of what the peer chose by itself


def autofaiss(_: NDArray[np.float32], given: argparse.Namespace) -> Iterator[Index]:
    """Let autofaiss choose, build and tune within the memory budget; then ask it less thoroughly, too."""
    import faiss
    from autofaiss import build_index

    file, infos = given.out / "autofaiss.index", given.out / "autofaiss.json"
    started = time.perf_counter()
    build_index(
        embeddings=str(given.folder / "vectors"),
        index_path=str(file),
        index_infos_path=str(infos),
        max_index_memory_usage=f"{given.memory_mb:g}MB",
        current_memory_available=f"{given.available_mb}MB",
        metric_type="ip",
        nb_cores=given.threads,
    )
    seconds = time.perf_counter() - started
    told = json.loads(infos.read_text())
    index = faiss.read_index(str(file))
    faiss.omp_set_num_threads(1)

    def prepare(parameters: dict[str, int]) -> Ask:
        text = ",".join(f"{name}={value}" for name, value in parameters.items())
        faiss.ParameterSpace().set_index_parameters(index, text)
        return lambda query: index.search(query[None], K)[1][0]

    own = {name: int(value) for name, value in (part.split("=") for part in told["index_param"].split(","))}
    others = [
        own | {name: value}
        for name, values in {"nprobe": (16, 64, 256), "efSearch": (32, 128, 512)}.items()
        for value in values
        if own.get(name, 0) > value
    ]
    yield Index(
        name=f"autofaiss: {told['index_key']}",
        build_seconds=seconds,
        bytes=file.stat().st_size,
        settings=[own, *others],
        prepare=prepare,
        chosen=0,
    )


def hnswlib(vectors: NDArray[np.float32], given: argparse.Namespace) -> Iterator[Index]:
    """Build the graph that hnswlib's documentation proposes for many dimensions."""
    from hnswlib import Index as Graph

    started = time.perf_counter()
    graph = Graph(space="ip", dim=vectors.shape[1])
    graph.init_index(max_elements=len(vectors), ef_construction=200, M=32, random_seed=1)
    graph.set_num_threads(given.threads)
    graph.add_items(vectors, np.arange(len(vectors)))
    file = given.out / "graph"
    graph.save_index(str(file))
    seconds = time.perf_counter() - started

    def prepare(parameters: dict[str, int]) -> Ask:
        graph.set_ef(parameters["ef"])
        return lambda query: graph.knn_query(query, k=K, num_threads=1)[0][0].astype(np.int64)

    yield Index(
        name="hnswlib M 32, float32",
        build_seconds=seconds,
        bytes=file.stat().st_size,
        settings=[{"ef": width} for width in _WIDTHS],
        prepare=prepare,
    )


def usearch(vectors: NDArray[np.float32], given: argparse.Namespace) -> Iterator[Index]:
    """Build usearch's graph with half-precision and with 8-bit vectors."""
    from usearch.index import Index as Graph

    for kind in ("bf16", "i8"):
        started = time.perf_counter()
        graph = Graph(ndim=vectors.shape[1], metric="ip", dtype=kind, connectivity=32, expansion_add=128)
        graph.add(np.arange(len(vectors)), vectors, threads=given.threads)
        file = given.out / f"graph-{kind}"
        graph.save(str(file))
        seconds = time.perf_counter() - started

        def prepare(parameters: dict[str, int], graph: Any = graph) -> Ask:
            graph.expansion_search = parameters["expansion_search"]
            return lambda query: np.asarray(graph.search(query, K, threads=1).keys, dtype=np.int64)

        yield Index(
            name=f"usearch connectivity 32, {kind}",
            build_seconds=seconds,
            bytes=file.stat().st_size,
            settings=[{"expansion_search": width} for width in _WIDTHS],
            prepare=prepare,
        )


def scann(vectors: NDArray[np.float32], given: argparse.Namespace) -> Iterator[Index]:
    """Build ScaNN's tree with anisotropic codes, rescored whole and in half precision."""
    from scann import scann_ops_pybind
    from scann.scann_ops.py.scann_builder import ReorderType

    leaves = max(int(len(vectors) ** 0.5 * 2), 1)
    for kind in ("FLOAT32", "BFLOAT16"):
        started = time.perf_counter()
        searcher = (
            scann_ops_pybind.builder(vectors, K, "dot_product")
            .set_n_training_threads(given.threads)
            .tree(num_leaves=leaves, num_leaves_to_search=32, training_sample_size=min(len(vectors), 250_000))
            .score_ah(2, anisotropic_quantization_threshold=0.2)
            .reorder(100, quantize=ReorderType[kind])
            .build()
        )
        folder = given.out / f"scann-{kind}"
        folder.mkdir()
        searcher.serialize(str(folder))
        seconds = time.perf_counter() - started

        def prepare(parameters: dict[str, int], searcher: Any = searcher) -> Ask:
            return lambda query: np.asarray(searcher.search(query, **parameters)[0], dtype=np.int64)

        yield Index(
            name=f"ScaNN {leaves} leaves, {kind.lower()}",
            build_seconds=seconds,
            bytes=sum(file.stat().st_size for file in folder.iterdir()),
            settings=[
                {"leaves_to_search": searched, "pre_reorder_num_neighbors": rescored}
                for searched in (8, 16, 32, 64, 128, 256)
                if searched <= leaves
                for rescored in (50, 100, 200, 400)
            ],
            prepare=prepare,
        )


def asked(ask: Ask, queries: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ask single queries; return what each found, ``-1`` where a slot stayed empty, and its milliseconds."""
    found = np.full((len(queries), K), -1, dtype=np.int64)
    milliseconds = np.empty(len(queries))
    ask(queries[0])
    for row, query in enumerate(queries):
        started = time.perf_counter()
        answer = ask(query)
        milliseconds[row] = 1000 * (time.perf_counter() - started)
        found[row, : len(answer)] = answer
    return found, milliseconds


def main() -> None:
    """Build and ask one peer; write what it found and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    peers = {"autofaiss": autofaiss, "hnswlib": hnswlib, "usearch": usearch, "scann": scann}
    parser.add_argument("peer", choices=sorted(peers))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--memory-mb", type=float, required=True)
    parser.add_argument("--available-mb", type=int, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True)
    vectors = np.load(given.folder / "vectors" / "vectors.npy")
    queries = {family: np.load(given.folder / f"{family}.npy") for family in FAMILIES}
    report = []
    answers = {}
    for index in peers[given.peer](vectors, given):
        print(f"  {index.name} built in {index.build_seconds:.1f} s", flush=True)
        for place, parameters in enumerate(index.settings):
            ask = index.prepare(parameters)
            for family in FAMILIES:
                found, milliseconds = asked(ask, queries[family])
                answers[f"{len(report)} {place} {family} found"] = found
                answers[f"{len(report)} {place} {family} milliseconds"] = milliseconds
        report.append(
            {
                "index": index.name,
                "version": version(given.peer),
                "build_seconds": round(index.build_seconds, 1),
                "bytes": index.bytes,
                "chosen": index.chosen,
                "settings": index.settings,
            }
        )
    np.savez(given.out / "answers.npz", **answers)
    (given.out / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()
