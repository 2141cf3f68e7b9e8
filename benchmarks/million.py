"""What does a snapshot of a million pictures cost and find: its build, its tiers, its filters, its refresh?

Vectors come from ``catalogue_vectors``.  The snapshot is built, judged and published as the pipeline does
it, then opened as serving opens it.  Single queries are asked on one thread, one at a time, of held-out
pictures (their own piece left out) and of text-like vectors; the truth is exact.  Filters follow chance or
position, at five selectivities.  A refresh replaces a share of the pictures and is compared with the full
build.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
from catalogue_vectors import DIMENSION, SELECTIVITIES, Catalogue, Generator, tiers_of
from hardware import hardware
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.exact import exact_neighbours, pair_scores
from index_builds.faiss_threads import searching_threads
from index_builds.filters import SnapshotFilter, satisfying_rows
from index_builds.manifest import Manifest
from index_builds.pipeline import build_candidate
from index_builds.queries import HELD_OUT, TEXT, free_queries, held_out_queries
from index_builds.reading import open_snapshot
from index_builds.recall import count_found
from index_builds.search import OpenSnapshot
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS, Tier
from storage.database import open_database
from storage.objects import LocalObjectStore

OUT = Path(__file__).parent / "out" / "million.json"
SETTINGS = IndexSettings()
_RESIDENT = """
import json, sys
from pathlib import Path
from index_builds.index_files import load_index
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    anonymous = next(line for line in lines if line.startswith("RssAnon"))
    return int(anonymous.split()[1]) / 1e3
import faiss
before = resident()
index = load_index(Path(sys.argv[1]), digest=sys.argv[2], mapped=sys.argv[3] == "mapped")
print(resident() - before)
"""


def build(
    store: SnapshotStore, catalogue: Catalogue, tiers: NDArray[np.str_], rows: NDArray[np.int64], text: Any
) -> tuple[Manifest, float]:
    """Build, judge and publish some rows of the catalogue; return the manifest and the seconds it took."""
    keys, vectors = catalogue.keys[rows], catalogue.vectors[rows]
    held_out = held_out_queries(
        keys, vectors, catalogue.groups[rows], count=SETTINGS.gate.queries_per_family, seed=SETTINGS.gate.seed
    )
    metadata = catalogue.metadata.take(pa.array(rows))
    started = time.perf_counter()
    manifest = build_candidate(
        store,
        collection="million",
        encoder_id="synthetic",
        keys=keys,
        vectors=vectors,
        metadata=metadata,
        tier_of=tiers[rows],
        queries={HELD_OUT: held_out, TEXT: free_queries(text)},
        settings=SETTINGS,
        upstream={},
    )
    return manifest, time.perf_counter() - started


def ask_tiers(
    opened: OpenSnapshot, catalogue: Catalogue, rows: NDArray[np.int64], tiers: NDArray[np.str_], queries: int
) -> list[dict[str, Any]]:
    """Measure every tier with single queries on one thread, and in one batch on all.

    Other pictures are asked for first: a server's pages are there when its customers come.
    """
    keys, vectors, groups = catalogue.keys[rows], catalogue.vectors[rows], catalogue.groups[rows]
    text = Generator().text_queries(queries, seed=99)
    families = {
        "pictures": held_out_queries(keys, vectors, groups, count=queries, seed=12_345),
        "text": free_queries(text),
    }
    others = held_out_queries(keys, vectors, groups, count=queries, seed=98_765)
    measured = []
    for tier in TIERS:
        own = np.flatnonzero(tiers[rows] == tier)
        if not len(own):
            continue
        one_by_one(opened, others.vectors, 10, (tier,), None, others.excluding)
        for name, family in families.items():
            for k in (10, 100):
                exact = exact_neighbours(
                    family.vectors, vectors, keys, k=k, rows=own, excluding=family.excluding
                )
                found, milliseconds = one_by_one(opened, family.vectors, k, (tier,), None, family.excluding)
                shares = recall_of(exact, found, family.vectors, keys, vectors)
                faiss.omp_set_num_threads(os.cpu_count() or 1)
                started = time.perf_counter()
                opened.search(family.vectors, k, tiers=(tier,), excluding=family.excluding)
                batch = len(family) / (time.perf_counter() - started)
                measured.append(
                    {
                        "tier": tier,
                        "vectors": len(own),
                        "queries": name,
                        "k": k,
                        **figures(shares, milliseconds),
                        "batched_per_second": round(batch),
                    }
                )
                print("  ".join(f"{label} {value}" for label, value in measured[-1].items()), flush=True)
    return measured


def ask_filters(
    opened: OpenSnapshot, catalogue: Catalogue, rows: NDArray[np.int64], queries: int
) -> list[dict[str, Any]]:
    """Measure filters of five selectivities that follow chance or position: one thread, and tiers at once."""
    tier_threads = searching_threads(len(TIERS) - 1)
    at_once = OpenSnapshot(
        content=opened.content,
        snapshot_id=opened.snapshot_id,
        tiers=opened.tiers,
        metadata=opened.metadata,
        at_once=tier_threads,
    )
    keys, vectors, groups = catalogue.keys[rows], catalogue.vectors[rows], catalogue.groups[rows]
    family = held_out_queries(keys, vectors, groups, count=queries, seed=54_321)
    measured = []
    for kind in ("free", "near"):
        for share in SELECTIVITIES:
            where = SnapshotFilter(style=(f"{kind} {share:g}",))
            eligible = np.flatnonzero(satisfying_rows(opened.metadata, where))
            if not len(eligible):
                continue
            allowed = set(opened.row_keys[eligible].tolist())
            own = np.flatnonzero(np.isin(keys, opened.row_keys[eligible]))
            exact = exact_neighbours(
                family.vectors, vectors, keys, k=10, rows=own, excluding=family.excluding
            )
            found, milliseconds = one_by_one(opened, family.vectors, 10, TIERS, where, family.excluding)
            again, together = one_by_one(at_once, family.vectors, 10, TIERS, where, family.excluding)
            if not np.array_equal(found, again):
                message = "tiers searched at once answer otherwise than one after another"
                raise AssertionError(message)
            shares = recall_of(exact, found, family.vectors, keys, vectors)
            given = found[found >= 0].tolist()
            measured.append(
                {
                    "filter": "by position" if kind == "near" else "by chance",
                    "selectivity": share,
                    "eligible": len(own),
                    **figures(shares, milliseconds),
                    **{
                        f"at_once_{name}": round(float(np.quantile(together, part)), 2)
                        for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
                    },
                    "purity": round(sum(key in allowed for key in given) / max(len(given), 1), 6),
                }
            )
            print("  ".join(f"{label} {value}" for label, value in measured[-1].items()), flush=True)
    tier_threads.shutdown()
    return measured


def one_by_one(
    opened: OpenSnapshot,
    queries: NDArray[np.float32],
    k: int,
    tiers: tuple[Tier, ...],
    where: SnapshotFilter | None,
    excluding: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ask single queries on one thread; return what was found and the milliseconds of each."""
    faiss.omp_set_num_threads(1)
    opened.search(queries[:1], k, tiers=tiers, where=where)  # the first one reads pages and plans the filter
    found = np.empty((len(queries), k), dtype=np.int64)
    milliseconds = np.empty(len(queries))
    for row in range(len(queries)):
        started = time.perf_counter()
        answer = opened.search(
            queries[row : row + 1], k, tiers=tiers, where=where, excluding=excluding[row : row + 1]
        )
        milliseconds[row] = (time.perf_counter() - started) * 1000
        found[row] = answer.keys[0]
    return found, milliseconds


def recall_of(
    exact: Any,
    found: NDArray[np.int64],
    queries: NDArray[np.float32],
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return each query's share of its exact neighbours that were found."""
    places = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    scores = np.full(found.shape, -np.inf)
    row, slot = np.nonzero(found >= 0)
    scores[row, slot] = pair_scores(queries[row], vectors[places[row, slot]])
    counted = count_found(exact, found, scores)
    shares: NDArray[np.float64] = counted.found / np.maximum(counted.possible, 1)
    return shares


def figures(shares: NDArray[np.float64], milliseconds: NDArray[np.float64]) -> dict[str, float]:
    """Return recall with its bound, and the percentiles of latency."""
    ones = np.ones(len(shares), dtype=np.int64)
    low = lower_bound(shares, ones, samples=1000, confidence=0.95, seed=1)
    p50, p95, p99 = (round(float(one), 2) for one in np.quantile(milliseconds, [0.5, 0.95, 0.99]))
    return {
        "recall": round(float(shares.mean()), 4),
        "lower": round(low, 4),
        "p50": p50,
        "p95": p95,
        "p99": p99,
    }


def files(store: SnapshotStore, manifest: Manifest) -> list[dict[str, Any]]:
    """Return each tier's plan, its bytes, and what a fresh process keeps resident of it."""
    listed = []
    for tier, channels in manifest.content.tiers.items():
        file = channels["visual"]
        mapped = "read" if (tier, file.factory) == ("hot", "Flat") else "mapped"
        done = subprocess.run(
            [sys.executable, "-c", _RESIDENT, str(store.file(file.digest)), file.digest, mapped],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[1],
        )
        whole = 4 * DIMENSION * file.vectors
        listed.append(
            {
                "tier": tier,
                "vectors": file.vectors,
                "factory": file.factory,
                "parameters": file.parameters,
                "bytes_per_vector": round(file.bytes / file.vectors),
                "resident_mb": round(float(done.stdout), 1),
                "resident_of_float32": round(float(done.stdout) * 1e6 / whole, 3),
                "filters": None if file.filters is None else file.filters.model_dump(),
            }
        )
        print("  ".join(f"{label} {value}" for label, value in listed[-1].items()), flush=True)
    return listed


def refresh(
    store: SnapshotStore,
    catalogue: Catalogue,
    tiers: NDArray[np.str_],
    count: int,
    text: Any,
    full_seconds: float,
) -> list[dict[str, Any]]:
    """Replace a share of the pictures by new ones, and compare the refresh with the full build."""
    measured = []
    for share in (0.001, 0.01, 0.1):
        half = int(count * share / 2)
        random = np.random.default_rng(int(share * 1e6))
        kept = np.sort(random.permutation(count)[: count - half])
        rows = np.concatenate([kept, np.arange(count, count + half)])
        manifest, seconds = build(store, catalogue, tiers, rows, text)
        delta = sum(file["visual"].delta is not None for file in manifest.content.tiers.values())
        measured.append(
            {
                "changed": share,
                "seconds": round(seconds, 1),
                "share_of_full_build": round(seconds / full_seconds, 4),
                "tiers_with_a_delta": delta,
                "passed": manifest.gate.passed,
                "stages": {name: round(value, 2) for name, value in manifest.build_seconds.items()},
            }
        )
        print("  ".join(f"{label} {value}" for label, value in measured[-1].items()), flush=True)
    return measured


def main() -> None:
    """Build, ask, filter and refresh; print every figure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--shares", default="0.2,0.5,0.3", help="of hot, warm and cold")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    machine = hardware()
    print(json.dumps(machine))
    shares = tuple(float(one) for one in given.shares.split(","))
    extra = given.count // 20
    catalogue = Generator().catalogue(given.count + extra)
    tiers = tiers_of(given.count + extra, (shares[0], shares[1], shares[2]))
    text = Generator().text_queries(SETTINGS.gate.queries_per_family)
    with tempfile.TemporaryDirectory(dir=given.out.parent if given.out.parent.is_dir() else None) as folder:
        store = SnapshotStore(
            open_database(f"sqlite:///{folder}/loupe.db"),
            LocalObjectStore(Path(folder) / "objects"),
            Path(folder) / "cache",
        )
        rows = np.arange(given.count)
        manifest, seconds = build(store, catalogue, tiers, rows, text)
        built = {
            "seconds": round(seconds, 1),
            "stages": {name: round(value, 2) for name, value in manifest.build_seconds.items()},
            "passed": manifest.gate.passed,
            "failures": manifest.gate.failures,
        }
        print("  ".join(f"{label} {value}" for label, value in built.items()), flush=True)
        plans = files(store, manifest)
        opened = open_snapshot(store, "million", manifest.snapshot_id)
        result = {
            "hardware": machine,
            "build": built,
            "plans": plans,
            "tiers": ask_tiers(opened, catalogue, rows, tiers, given.queries),
            "filters": ask_filters(opened, catalogue, rows, max(given.queries // 2, 1)),
        }
        del opened
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        result["refresh"] = refresh(store, catalogue, tiers, given.count, text, seconds)
        store.engine.dispose()
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
