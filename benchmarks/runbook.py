"""Does a snapshot keep finding while pictures come, go and change?  A runbook in the manner of big-ann's.

The streaming track of the big-ann benchmarks (NeurIPS 2023) inserts, deletes and searches in turn, with exact
truth at every checkpoint.  Here every step is a refresh as the pipeline does it: insert, delete, replace (the
same keys with other vectors) and a drift (new pictures of one kind only).  After each step held-out pictures
and text-like vectors are asked of all tiers, and what is found is compared with exact search over what is
live.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from catalogue_vectors import Catalogue, Generator, tiers_of
from hardware import hardware
from million import recall_of
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.exact import exact_neighbours
from index_builds.pipeline import build_candidate
from index_builds.queries import HELD_OUT, TEXT, free_queries, held_out_queries
from index_builds.reading import open_snapshot
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS
from storage.database import open_database
from storage.objects import LocalObjectStore

OUT = Path(__file__).parent / "out" / "runbook.json"
TOMBSTONED = "tombstoned keys found"


@dataclass(frozen=True, kw_only=True)
class Live:
    """The catalogue, which of its rows are live, and their vectors of now."""

    catalogue: Catalogue
    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]  # of every row of the catalogue


def steps(catalogue: Catalogue, count: int, seed: int) -> Iterator[tuple[str, Live]]:
    """Give what is live after each step; the catalogue has a fifth more pictures than ``count``."""
    random = np.random.default_rng(seed)
    live = Live(
        catalogue=catalogue, rows=np.arange(count * 9 // 10, dtype=np.int64), vectors=catalogue.vectors
    )
    yield "first build", live
    some = count // 100
    new = np.arange(count * 9 // 10, count * 9 // 10 + some)
    live = replace(live, rows=np.sort(np.concatenate([live.rows, new])))
    yield f"insert {some}", live
    live = replace(live, rows=np.sort(random.permutation(live.rows)[:-some]))
    yield f"delete {some}", live
    chosen, others = random.permutation(live.rows)[: 2 * some].reshape(2, -1)
    vectors = live.vectors.copy()
    vectors[chosen] = live.vectors[others] + 0.02 * random.normal(size=(some, vectors.shape[1]))
    vectors[chosen] /= np.linalg.norm(vectors[chosen], axis=1, keepdims=True)
    live = replace(live, vectors=vectors)
    yield f"replace {some}", live
    waiting = np.setdiff1d(np.arange(len(catalogue.keys)), live.rows)
    alike = waiting[np.argsort(-(catalogue.vectors[waiting] @ catalogue.vectors[waiting[0]]))[: 2 * some]]
    live = replace(live, rows=np.sort(np.concatenate([live.rows, alike])))
    yield f"insert {2 * some} of one kind", live
    live = replace(live, rows=np.sort(random.permutation(live.rows)[: -count // 10]))
    yield f"delete {count // 10}", live
    waiting = np.setdiff1d(np.arange(len(catalogue.keys)), live.rows)
    live = replace(live, rows=np.sort(np.concatenate([live.rows, waiting[: count // 10]])))
    yield f"insert {count // 10}", live


def checkpoint(
    store: SnapshotStore, live: Live, tiers: NDArray[np.str_], settings: IndexSettings, queries: int
) -> dict[str, Any]:
    """Refresh, open and ask; return what was found and what it took."""
    rows = live.rows
    keys, vectors = live.catalogue.keys[rows], live.vectors[rows]
    groups = live.catalogue.groups[rows]
    gate = held_out_queries(keys, vectors, groups, count=settings.gate.queries_per_family, seed=1)
    started = time.perf_counter()
    manifest = build_candidate(
        store,
        collection="runbook",
        encoder_id="synthetic",
        keys=keys,
        vectors=vectors,
        metadata=live.catalogue.metadata.take(pa.array(rows)),
        tier_of=tiers[rows],
        queries={HELD_OUT: gate, TEXT: free_queries(Generator().text_queries(queries, seed=5))},
        settings=settings,
        upstream={},
    )
    seconds = time.perf_counter() - started
    opened = open_snapshot(store, "runbook", manifest.snapshot_id)
    recalls = {}
    stale = 0
    asked = {
        "pictures": held_out_queries(keys, vectors, groups, count=queries, seed=2),
        "text": free_queries(Generator().text_queries(queries, seed=6)),
    }
    for name, family in asked.items():
        exact = exact_neighbours(family.vectors, vectors, keys, k=10, excluding=family.excluding)
        found = opened.search(family.vectors, 10, tiers=TIERS, excluding=family.excluding).keys
        shares = recall_of(exact, found, family.vectors, keys, vectors)
        ones = np.ones(len(shares), dtype=np.int64)
        recalls[name] = round(float(shares.mean()), 4)
        recalls[f"{name} lower"] = round(lower_bound(shares, ones, samples=1000, confidence=0.95, seed=1), 4)
        stale += int((~np.isin(found, keys)).sum())
    on_top = [file["visual"] for file in manifest.content.tiers.values() if file["visual"].changed_ids_digest]
    return {
        "live": len(rows),
        "seconds": round(seconds, 1),
        "passed": manifest.gate.passed,
        "tiers with a delta": len(on_top),
        TOMBSTONED: stale,
        **recalls,
    }


def main() -> None:
    """Run the runbook, print every checkpoint, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument(
        "--exact-below", type=int, default=20_000, help="vectors of a tier compared one by one"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    machine = hardware()
    print(json.dumps(machine))
    plans = {"exact_below": given.exact_below}
    settings = IndexSettings.model_validate(
        {
            "tiers": {tier: IndexSettings().tiers.plan(tier).model_dump() | plans for tier in TIERS},
            "gate": {"queries_per_family": min(given.queries, 200)},
        }
    )
    catalogue = Generator().catalogue(given.count * 6 // 5)
    tiers = tiers_of(len(catalogue.keys))
    checkpoints = []
    with tempfile.TemporaryDirectory() as folder:
        store = SnapshotStore(
            open_database(f"sqlite:///{folder}/loupe.db"),
            LocalObjectStore(Path(folder) / "objects"),
            Path(folder) / "cache",
        )
        for step, live in steps(catalogue, given.count, seed=3):
            checkpoints.append({"step": step, **checkpoint(store, live, tiers, settings, given.queries)})
            print("  ".join(f"{label} {value}" for label, value in checkpoints[-1].items()), flush=True)
        store.engine.dispose()
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps({"hardware": machine, "checkpoints": checkpoints}, indent=2) + "\n")
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
