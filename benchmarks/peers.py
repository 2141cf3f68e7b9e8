"""Are Loupe's plans on the front of plain FAISS factories, and how far from autofaiss and other libraries?

Vectors come from ``catalogue_vectors``; queries are pictures that no index holds and text-like vectors, asked
one at a time on one thread, and every index is judged by the same exact truth.  Loupe's plans are built,
loaded and tuned as the product does it, each tier over all vectors.  Plain factories are swept over their
search parameters; where one might be a plan's rival (no more bytes, no less recall: ``fronts``), both are
asked in turn.  Other libraries run in environments of their own (``--install``); the plans are asked again
beside each.

At 200,000 vectors on two cores autofaiss alone takes a quarter of an hour.  The JSON is written anew after
every part.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from catalogue_vectors import DIMENSION, Generator
from fronts import Point, fastest_rival, standing, tolerances
from hardware import hardware
from index_build import Tuned, open_tuned
from million import figures, recall_of
from numpy.typing import NDArray
from peer_libraries import PINS, Judge, measure_peer, write_inputs
from plain_factories import Built, K, Search, build, factories, one_by_one, settings_of, speed_in_turn

from index_builds.exact import exact_neighbours
from index_builds.plans import plan_tier
from index_builds.settings import TierSettings
from index_builds.tiers import TIERS

OUT = Path(__file__).parent / "out" / "peers.json"
AUTOFAISS_MB_PER_VECTOR = 120 / 200_000
_WORTH_ASKING = 0.5  # of the plan's speed in the sweep: slower ones are no rivals whatever the noise

Families = dict[str, NDArray[np.float32]]


def judge_of(families: Families, vectors: NDArray[np.float32]) -> Judge:
    """Return what turns rows found and milliseconds into figures; rows are keys."""
    keys = np.arange(len(vectors), dtype=np.int64)
    truths = {name: exact_neighbours(rows, vectors, keys, k=K) for name, rows in families.items()}

    def judge(family: str, found: NDArray[np.int64], milliseconds: NDArray[np.float64]) -> dict[str, float]:
        shares = recall_of(truths[family], found, families[family], keys, vectors)
        speed = 1000 * len(milliseconds) / float(milliseconds.sum())
        return {**figures(shares, milliseconds), "queries_per_second": round(speed, 1)}

    return judge


def search_of(made: Tuned) -> Search:
    """Return the search of a plan: one query in, keys out; keys are rows here, and so are positions."""
    return lambda query: made.tier.search(query, K)[1]


def measured(search: Search, families: Families, judge: Judge) -> dict[str, Any]:
    """Return the figures of every family."""
    return {family: judge(family, *one_by_one(search, queries)) for family, queries in families.items()}


def own_plans(
    vectors: NDArray[np.float32], families: Families, judge: Judge, settings: TierSettings, folder: Path
) -> tuple[list[dict[str, Any]], dict[str, Search]]:
    """Build and ask the plan of every tier; return their rows, and each one's search for asking it again."""
    keys = np.arange(len(vectors), dtype=np.int64)
    rows, searches = [], {}
    for tier in TIERS:
        plan = plan_tier(tier, len(vectors), DIMENSION, settings)
        made = open_tuned(plan, keys, vectors, folder / f"{tier}.index", settings)
        searches[tier] = search_of(made)
        row = {
            "tier": tier,
            "index": plan.factory,
            "reason": plan.reason,
            "build_seconds": round(made.build_seconds, 1),
            "tuning_seconds": round(made.tuning_seconds, 1),
            "bytes_per_vector": round(made.built.bytes / len(vectors), 1),
            "resident_fraction": plan.resident_fraction,
            "points": [
                {"parameters": made.tier.file.parameters, **measured(searches[tier], families, judge)}
            ],
        }
        rows.append(row)
        show(row)
    return rows, searches


def asked_again(
    own: list[dict[str, Any]], searches: dict[str, Search], families: Families, judge: Judge
) -> list[dict[str, Any]]:
    """Return the rows of all plans with the figures of now, for a comparison with what was just measured."""
    return [
        {
            **plan,
            "points": [
                {
                    "parameters": plan["points"][0]["parameters"],
                    **measured(searches[plan["tier"]], families, judge),
                }
            ],
        }
        for plan in own
    ]


def swept(plain: Built, families: Families, judge: Judge, count: int) -> dict[str, Any]:
    """Ask a plain index at all of its settings."""
    return {
        "index": plain.factory,
        "build_seconds": round(plain.build_seconds, 1),
        "bytes_per_vector": round(plain.bytes / count, 1),
        "points": [
            {"parameters": parameters, **measured(plain.at(parameters), families, judge)}
            for parameters in settings_of(plain.factory, plain.index)
        ],
    }


def rivals_of(
    own: list[dict[str, Any]],
    searches: dict[str, Search],
    plain: Built,
    row: dict[str, Any],
    families: Families,
) -> list[dict[str, Any]]:
    """Return a plain index's fastest rival of each plan and family, asked in turn with the plan."""
    rivals = []
    for plan in own:
        for family, queries in families.items():
            mine = points_of([plan], family)[0]
            rival = fastest_rival(mine, points_of([row], family))
            if rival is None:
                continue
            speed = rival.queries_per_second / mine.queries_per_second
            in_turn = speed >= _WORTH_ASKING
            if in_turn:
                speed = speed_in_turn(plain.at(rival.parameters), searches[plan["tier"]], queries)
            rivals.append(
                {
                    "tier": plan["tier"],
                    "queries": family,
                    **described(rival),
                    "speed": round(speed, 3),
                    "in_turn": in_turn,
                }
            )
    return rivals


def verdicts(
    own: list[dict[str, Any]], rivals: list[dict[str, Any]], families: Families
) -> list[dict[str, Any]]:
    """Return where every plan stands beside the plain factories within its bytes, and its fastest rival."""
    given = []
    for plan in own:
        for family in families:
            mine = points_of([plan], family)[0]
            against = [one for one in rivals if (one["tier"], one["queries"]) == (plan["tier"], family)]
            best = max(against, key=lambda one: float(one["speed"]), default=None)
            place = standing(None if best is None else float(best["speed"]))
            row = {"tier": plan["tier"], "queries": family, "front": place, **described(mine)}
            given.append({**row, "fastest_rival": best})
            against_it = (
                "no rival" if best is None else f"{best['index']} {best['parameters']} at {best['speed']}"
            )
            print(f"{plan['tier']} {family}: {place} the front ({against_it})", flush=True)
    return given


def beside_peer(own: list[dict[str, Any]], peer: dict[str, Any], families: Families) -> list[dict[str, Any]]:
    """Compare plans with a library's fastest point that finds no less: within their bytes, and at any."""
    compared = []
    for plan in own:
        for family in families:
            mine, theirs = points_of([plan], family)[0], points_of(peer["indexes"], family)
            row: dict[str, Any] = {"tier": plan["tier"], "queries": family, "peer": peer["peer"]}
            for name, any_size in (("within_bytes", False), ("any_size", True)):
                rival = fastest_rival(mine, theirs, any_size=any_size)
                row[name] = rival and {
                    **described(rival),
                    "speed": round(rival.queries_per_second / mine.queries_per_second, 2),
                }
            compared.append(row)
            show(row)
    return compared


def beside_choice(
    own: list[dict[str, Any]], peer: dict[str, Any], families: Families
) -> list[dict[str, Any]]:
    """Compare every plan with each setting of autofaiss: times as fast to build (tuned) and to search."""
    compared = []
    for plan in own:
        for index in peer["indexes"]:
            for place, point in enumerate(index["points"]):
                row: dict[str, Any] = {"tier": plan["tier"], "parameters": point["parameters"]}
                row["chosen"] = place == index["chosen"]
                seconds = plan["build_seconds"] + plan["tuning_seconds"]
                row["build"] = round(index["build_seconds"] / max(seconds, 0.1), 1)
                for family in families:
                    mine, theirs = plan["points"][0][family], point[family]
                    row[family] = {
                        "search": round(mine["queries_per_second"] / theirs["queries_per_second"], 1),
                        "recall": mine["recall"],
                        "recall_of_autofaiss": theirs["recall"],
                        "no_less_recall": mine["recall"] >= theirs["recall"],
                    }
                compared.append(row)
                show(row)
    return compared


def points_of(rows: list[dict[str, Any]], family: str) -> list[Point]:
    """Return every measured point of some indexes, as one family of queries saw it."""
    return [
        Point(
            index=row["index"],
            parameters=point["parameters"],
            bytes_per_vector=row["bytes_per_vector"],
            recall=point[family]["recall"],
            queries_per_second=point[family]["queries_per_second"],
        )
        for row in rows
        for point in row["points"]
    ]


def described(point: Point) -> dict[str, Any]:
    """Return a point as JSON has it."""
    return {name: getattr(point, name) for name in Point.__slots__}


def show(row: dict[str, Any]) -> None:
    """Print one row; the points of an index each on a line of its own."""
    print("  ".join(f"{name} {value}" for name, value in row.items() if name != "points"), flush=True)
    for point in row.get("points", ()):
        print("    " + "  ".join(f"{name} {value}" for name, value in point.items()), flush=True)


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=500, help="of each family")
    parser.add_argument(
        "--exact-below", type=int, default=20_000, help="vectors of a tier compared one by one"
    )
    parser.add_argument(
        "--factory", action="append", help="plain factory to try; again for more (default: all)"
    )
    parser.add_argument("--peers-env", type=Path, default=OUT.parent / "peers-env")
    parser.add_argument("--install", action="store_true", help="install the peers that are missing")
    parser.add_argument("--skip-autofaiss", action="store_true")
    parser.add_argument("--autofaiss-mb", type=float, help="memory budget (default: 120 per 200,000 vectors)")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


def main() -> None:
    """Measure Loupe's plans, the plain factories and the peers; print every figure and write JSON."""
    given = arguments()
    machine = hardware()
    print(json.dumps(machine))
    plans = {"exact_below": given.exact_below}
    settings = TierSettings.model_validate(
        {tier: TierSettings().plan(tier).model_dump() | plans for tier in TIERS}
    )
    generator = Generator()
    drawn = generator.catalogue(given.count + given.queries).vectors
    vectors = np.ascontiguousarray(drawn[: given.count])
    families = {"pictures": drawn[given.count :].copy(), "text": generator.text_queries(given.queries)}
    del drawn
    judge = judge_of(families, vectors)
    result: dict[str, Any] = {
        "hardware": machine,
        "build_threads": faiss.omp_get_max_threads(),
        "vectors": given.count,
        "queries_per_family": given.queries,
        "tolerances": tolerances(),
    }

    def write() -> None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=2) + "\n")

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        own, searches = own_plans(vectors, families, judge, settings, folder)
        result |= {"loupe": own, "plain": [], "not_built": {}}
        rivals: list[dict[str, Any]] = []
        for factory in given.factory or factories(given.count):
            try:
                plain = build(factory, vectors, folder / "plain.index")
            except RuntimeError as error:
                result["not_built"][factory] = str(error).strip().splitlines()[-1]
                print(f"{factory} not built: {result['not_built'][factory]}", flush=True)
                continue
            row = swept(plain, families, judge, given.count)
            show(row)
            rivals += rivals_of(own, searches, plain, row, families)
            result["plain"].append(row)
            result |= {"rivals": rivals}
            write()
        result["verdicts"] = verdicts(own, rivals, families)
        write()
        write_inputs(folder / "peers", vectors, families)
        result |= {"peers": [], "beside_peers": [], "beside_autofaiss": []}
        for peer in PINS:
            if peer == "autofaiss" and given.skip_autofaiss:
                continue
            found = measure_peer(
                peer,
                folder / "peers",
                judge,
                environments=given.peers_env,
                install=given.install,
                threads=faiss.omp_get_max_threads(),
                memory_mb=given.autofaiss_mb or AUTOFAISS_MB_PER_VECTOR * given.count,
            )
            result["peers"].append(found)
            for index in found["indexes"]:
                show(index)
            if found["indexes"]:
                now = asked_again(own, searches, families, judge)
                if peer == "autofaiss":
                    result["beside_autofaiss"] = beside_choice(now, found, families)
                else:
                    result["beside_peers"] += beside_peer(now, found, families)
            write()
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
