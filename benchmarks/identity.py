"""Do listings of several sources fall into the right pieces?  Precision and recall by the house's truth.

Every pair of listings of two sources is a case: the truth says whether they are one piece, and so does the
catalogue.  Shops state identifiers, leave them out, mistype them and hold twins, at the rates of
``sample_feeds``.  Community deliveries claim a piece and are left out.

Asked three times: with everything that the shops state, with GTIN, part number and certificate withheld, and
with the brand withheld too.  First of many pieces by what is stated alone, then of a smaller house whose
pictures went through the whole pipeline: what photographs join, and what a person would be asked.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hardware import hardware
from rich.console import Console
from rich.table import Table
from standardise import FIRST_DAY, deliveries, on_sale

from catalog.join_proposals import listing_facts, stored_ties
from catalog.joining import Tie, join
from catalog.listing import Listing
from catalog.reading import read_delivery
from catalog.vector_proposals import vector_proposals
from orchestration.refresh import refresh
from orchestration.resources import encoder_loader, engine_for, open_objects
from orchestration.settings import load_settings
from sample_feeds.house import write_house
from sample_feeds.truth import read_truth
from vision.embedding_parts import EmbeddingParts

HERE = Path(__file__).parent
OUT = HERE / "out" / "identity.json"
BARS = {"precision": 0.99, "recall": 0.90}
WITHHELD: Mapping[str, tuple[str, ...]] = {
    "everything stated": (),
    "identifiers withheld": ("gtin", "mpn", "certificate"),
    "identifiers and brand withheld": ("gtin", "mpn", "certificate", "brand"),
}
Pair = tuple[str, str]
Row = dict[str, Any]


def pairs(groups: Iterable[Iterable[str]]) -> set[Pair]:
    """Return every pair of listings of two sources within a group, each in order."""
    return {
        (one, other)
        for members in groups
        for one, other in combinations(sorted(members), 2)
        if one.partition(":")[0] != other.partition(":")[0]
    }


def of_pieces(piece_of: Mapping[str, str]) -> set[Pair]:
    """Return the pairs that are one piece."""
    members: dict[str, list[str]] = defaultdict(list)
    for listing_id, piece in piece_of.items():
        members[piece].append(listing_id)
    return pairs(members.values())


def listing_rows(pieces: int, seed: int) -> tuple[list[Row], dict[str, str]]:
    """Return the house's listings as the catalogue stores them, and the piece of each by the truth."""
    settings = load_settings(HERE.parent / "loupe.yaml", {})
    declared = {feed.name: feed for each in settings.collections.values() for feed in each.feeds}
    rows = []
    with TemporaryDirectory() as folder:
        for feed, path in deliveries(Path(folder), pieces, seed).items():
            for one in read_delivery(path, declared[feed]):
                if isinstance(one, Listing):
                    values = asdict(one) | {"stones": list(one.stones)}
                    rows.append({**values, "listing_id": f"{feed}:{one.source_id}", "feed": feed})
    piece_of = {f"{one.feed}:{one.source_id}": one.piece.key for one in on_sale(pieces, seed)}
    return [row for row in rows if row["listing_id"] in piece_of], piece_of


def without(rows: Sequence[Row], fields: Sequence[str]) -> list[Row]:
    """Return listings that do not state some fields."""
    return [{**row, **dict.fromkeys(fields)} for row in rows]


def judged(rows: Sequence[Row], true: set[Pair], ties: Iterable[Tie] = ()) -> dict[str, Any]:
    """Join listings and compare with the truth."""
    joined = join(rows, ties=ties)
    found = pairs(members for members, _ in joined)
    right = true & found
    return {
        "found_pairs": len(found),
        "precision": round(len(right) / max(1, len(found)), 4),
        "recall": round(len(right) / max(1, len(true)), 4),
        "listings_by_rule": dict(Counter(rule for _, rules in joined for rule in rules.values())),
        "wrong": sorted(found - true)[:10],
        "missed": sorted(true - found)[:10],
    }


def by_statements(pieces: int, seed: int) -> dict[str, Any]:
    """Measure joins by what is stated alone."""
    rows, piece_of = listing_rows(pieces, seed)
    known = {row["listing_id"]: piece_of[row["listing_id"]] for row in rows}
    true = of_pieces(known)
    cases = {name: judged(without(rows, fields), true) for name, fields in WITHHELD.items()}
    return {"listings": len(rows), "true_pairs": len(true), "cases": cases}


def with_pictures(
    folder: Path, pieces: int, seed: int, size_px: int, standing: Path | None
) -> dict[str, Any]:
    """Run a small house through the pipeline, then measure joins and proposals."""
    document = yaml.safe_load((HERE.parent / "loupe.yaml").read_text())
    config = folder / "loupe.yaml"
    config.write_text(yaml.safe_dump({**document, "home": str(folder / ".loupe")}))
    settings = load_settings(config, {})
    house = folder / ".loupe" / "sample"
    if standing is None:
        write_house(house, pieces=pieces, days=1, seed=seed, size_px=size_px, first_day=FIRST_DAY)
    else:
        house.parent.mkdir()
        house.symlink_to(standing.resolve())
    refresh(settings, ["sample"], lambda *_: None)
    engine, objects = engine_for(settings.database_url), open_objects(settings)
    facts = listing_facts(engine, "sample")
    rows = [row for row in facts.rows if row["feed"] != "community"]
    truth = {f"{row['feed']}:{row['source_id']}": row["piece"] for row in read_truth(house).listings}
    true = of_pieces({row["listing_id"]: truth[row["listing_id"]] for row in rows})
    encoder_id = encoder_loader(settings).load().encoder_id
    vectors = facts.vectors(EmbeddingParts(objects, encoder_id, settings.embedding_shards).read)
    cases = {}
    for name, fields in WITHHELD.items():
        stated = without(rows, fields)
        with engine.connect() as connection:
            ties, by_photograph = stored_ties(connection, "sample", stated)
        result = judged(stated, true, ties)
        piece_of = {
            listing_id: members[0] for members, _ in join(stated, ties=ties) for listing_id in members
        }
        asked = {(one.first, one.second) for one in vector_proposals(stated, vectors, piece_of)}
        asked |= {
            (one.first, one.second)
            for one in by_photograph
            if "community" not in one.first + one.second and piece_of[one.first] != piece_of[one.second]
        }
        confirmed = [Tie(first=one, second=other, rule="decided") for one, other in sorted(asked & true)]
        decided = judged(stated, true, [*ties, *confirmed])
        cases[name] = {
            **result,
            "ties_by_pictures": len(ties),
            "right_ties": sum((tie.first, tie.second) in true for tie in ties),
            "proposed": len(asked),
            "proposed_right": len(asked & true),
            "recall_when_decided": decided["recall"],
            "precision_when_decided": decided["precision"],
        }
    return {"listings": len(rows), "true_pairs": len(true), "cases": cases}


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=3000)
    parser.add_argument("--picture-pieces", type=int, default=200)
    parser.add_argument("--size-px", type=int, default=384)
    parser.add_argument("--house", type=Path, help="a sample house that stands already, instead of a new one")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    stated = by_statements(given.pieces, given.seed)
    with TemporaryDirectory() as folder:
        pictured = with_pictures(Path(folder), given.picture_pieces, given.seed, given.size_px, given.house)
    everything = stated["cases"]["everything stated"]
    result = {
        "question": __doc__.splitlines()[0],
        "precision": everything["precision"],
        "recall": everything["recall"],
        "bars": BARS,
        "stated": stated,
        "with_pictures": pictured,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    console = Console()
    for title, part in (("by what is stated", stated), ("with pictures", pictured)):
        head = f"{title}: {part['listings']} listings, {part['true_pairs']} pairs of one piece"
        table = Table("", "precision", "recall", "asked", "of them right", "recall when decided", title=head)
        for name, case in part["cases"].items():
            asked = [str(case.get(key, "")) for key in ("proposed", "proposed_right", "recall_when_decided")]
            table.add_row(name, f"{case['precision']:.4f}", f"{case['recall']:.4f}", *asked)
        console.print(table)
        for name, case in part["cases"].items():
            print(name, case["listings_by_rule"])
            for one, other in case["wrong"][:4]:
                print(f"  wrong: {one}  {other}")
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
