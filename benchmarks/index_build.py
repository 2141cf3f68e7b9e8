"""What do the plans of ``plan_tier`` cost and find, beside the plain factories they were chosen over?

Vectors come from ``catalogue_vectors``; half of the queries are other pictures, half are text-like.  Every
index is built by ``build_index``, written, loaded as serving loads it, and asked one query at a time by one
thread.  Search parameters come from ``choose_parameters``: the cheapest point of a grid that reaches the
tier's target, or the best there is.  Resident megabytes are measured in a fresh
process, before the first query.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from catalogue_vectors import DIMENSION, Generator
from hardware import hardware
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.build import BuiltFile, build_index
from index_builds.exact import Neighbours, exact_neighbours, pair_scores
from index_builds.ids import ids_digest
from index_builds.index_files import load_index
from index_builds.manifest import IndexFile, is_mapped
from index_builds.open_tier import OpenTier
from index_builds.operating_point import choose_parameters
from index_builds.plans import TierPlan, plan_tier
from index_builds.recall import count_found
from index_builds.settings import TierSettings
from index_builds.tiers import TIERS

OUT = Path(__file__).parent / "out" / "index_build.json"
QUERIES = 500
_RESIDENT = """
import sys
from pathlib import Path
from index_builds.index_files import load_index
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
import faiss
before = resident()
index = load_index(Path(sys.argv[1]), digest=sys.argv[2], mapped=sys.argv[3] == "mapped")
print(resident() - before)
"""


def plain(plan: TierPlan) -> list[TierPlan]:
    """Return the plain factories that the plan's tier might have had."""
    if plan.exact:
        return []
    lists = tuple({"nprobe": probe} for probe in (4, 8, 16, 32, 64, 128, 256, 512))
    graph = tuple({"efSearch": width} for width in (32, 64, 128, 256, 512))
    others = {
        "hot": {"HNSW32,SQ8": graph, "HNSW32,Flat": graph, "IVF2048,SQfp16": lists},
        "warm": {
            "IVF2048,SQ8": lists,
            "IVF2048,PQ128x4fs,Refine(SQfp16)": tuple({**point, "k_factor": 16} for point in lists),
        },
        "cold": {"IVF1024,PQ64": lists},
    }[plan.tier]
    return [
        replace(plan, factory=factory, grid=grid, reason="plain", training_size=min(plan.count, 65_536))
        for factory, grid in others.items()
        if grid
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A plan built, loaded as serving loads it, and open at the parameters that tuning chose."""

    tier: OpenTier
    built: BuiltFile
    mapped: bool
    build_seconds: float
    tuning_seconds: float


def open_tuned(
    plan: TierPlan,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    path: Path,
    settings: TierSettings | None = None,
) -> Tuned:
    """Build a plan's index at ``path``, load it and choose its parameters; keys are sorted."""
    started = time.perf_counter()
    built = build_index(plan, keys, vectors, path)
    build_seconds = time.perf_counter() - started
    mapped = is_mapped(plan.tier, plan.factory)
    file = IndexFile(
        digest=built.digest,
        bytes=built.bytes,
        factory=plan.factory,
        parameters=dict(plan.grid[-1]) if plan.grid else {},
        vectors=len(keys),
        ids_digest=ids_digest(keys),
        recipe="benchmark",
        resident_fraction=plan.resident_fraction,
        reason=plan.reason,
    )
    index = load_index(built.path, digest=built.digest, mapped=mapped)
    opened = OpenTier(tier=plan.tier, index=index, file=file, path=built.path)
    none = np.empty(0, dtype=np.int64)
    started = time.perf_counter()
    parameters = choose_parameters(
        plan, opened, keys, vectors, reserved=none, settings=settings or TierSettings()
    ).parameters
    tuning_seconds = time.perf_counter() - started
    return Tuned(
        tier=OpenTier(
            tier=plan.tier,
            index=index,
            file=file.model_copy(update={"parameters": parameters}),
            path=built.path,
        ),
        built=built,
        mapped=mapped,
        build_seconds=build_seconds,
        tuning_seconds=tuning_seconds,
    )


def measure(
    plan: TierPlan,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    exact: Neighbours,
    folder: Path,
) -> dict[str, object]:
    """Build, load and ask one index."""
    made = open_tuned(plan, keys, vectors, folder / "index")
    tuned, built = made.tier, made.built
    faiss.omp_set_num_threads(1)
    started = time.perf_counter()
    found = np.concatenate([tuned.search(queries[row : row + 1], 10)[1] for row in range(len(queries))])
    seconds = time.perf_counter() - started
    answered = np.where(found >= 0, tuned.keys[np.maximum(found, 0)], -1)
    places = np.searchsorted(keys, answered)
    scores = pair_scores(np.repeat(queries, 10, axis=0), vectors[places.ravel()]).reshape(found.shape)
    counted = count_found(exact, answered, np.where(answered >= 0, scores, -np.inf))
    shares = counted.found / counted.possible
    done = subprocess.run(
        [sys.executable, "-c", _RESIDENT, str(built.path), built.digest, "mapped" if made.mapped else "read"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "vectors": len(keys),
        "tier": plan.tier,
        "factory": plan.factory,
        "chosen": plan.reason != "plain",
        "parameters": tuned.file.parameters,
        "build_seconds": round(made.build_seconds, 1),
        "file_mb": round(built.bytes / 1e6, 1),
        "resident_mb": round(float(done.stdout), 1),
        "resident_fraction": round(float(done.stdout) * 1e6 / vectors.nbytes, 3),
        "recall_at_10": round(float(shares.mean()), 4),
        "recall_at_10_lower": round(
            lower_bound(shares, np.ones(len(shares), dtype=np.int64), samples=1000, confidence=0.95, seed=1),
            4,
        ),
        "queries_per_second": round(len(queries) / seconds),
    }


def main() -> None:
    """Measure every plan at every size, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="5,000 vectors only, for continuous integration")
    sizes = [5_000] if parser.parse_args().small else [20_000, 200_000]
    machine = hardware()
    print(json.dumps(machine))
    results = []
    threads = faiss.omp_get_max_threads()
    for size in sizes:
        generator = Generator()
        drawn = generator.catalogue(size + QUERIES // 2).vectors
        vectors = drawn[:size]
        queries = np.concatenate([drawn[size:], generator.text_queries(QUERIES // 2)])
        keys = np.arange(size, dtype=np.int64) * 7 + 3
        exact = exact_neighbours(queries, vectors, keys, k=10)
        for tier in TIERS:
            plan = plan_tier(tier, size, DIMENSION, TierSettings())
            for candidate in [plan, *plain(plan)]:
                faiss.omp_set_num_threads(threads)
                with tempfile.TemporaryDirectory() as folder:
                    row = measure(candidate, keys, vectors, queries, exact, Path(folder))
                results.append(row)
                print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"hardware": machine, "results": results}, indent=2) + "\n")
    print(f"written to {OUT}")


if __name__ == "__main__":
    main()
