"""Do listings of several sources fall into the right pieces?  Precision and recall by the house's truth.

Every pair of listings of two sources is a case: the truth says whether they are one piece, and so does the
catalogue.  Shops state identifiers, leave them out, mistype them and hold twins, at the rates of
``sample_feeds``.  Community deliveries claim a piece and are left out.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from hardware import hardware
from rich.console import Console
from rich.table import Table
from standardise import deliveries, on_sale

from catalog.joining import join
from catalog.listing import Listing
from catalog.reading import read_delivery
from orchestration.settings import load_settings

HERE = Path(__file__).parent
OUT = HERE / "out" / "identity.json"
BARS = {"precision": 0.99, "recall": 0.90}
Pair = tuple[str, str]


def pairs(groups: Iterable[Iterable[str]]) -> set[Pair]:
    """Return every pair of listings of two sources within a group, each in order."""
    return {
        (one, other)
        for members in groups
        for one, other in combinations(sorted(members), 2)
        if one.partition(":")[0] != other.partition(":")[0]
    }


def listing_rows(pieces: int, seed: int) -> tuple[list[dict], dict[str, str]]:
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
    return rows, {f"{one.feed}:{one.source_id}": one.piece.key for one in on_sale(pieces, seed)}


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    rows, piece_of = listing_rows(given.pieces, given.seed)
    known = [row for row in rows if row["listing_id"] in piece_of]
    by_piece: dict[str, list[str]] = defaultdict(list)
    for row in known:
        by_piece[piece_of[row["listing_id"]]].append(row["listing_id"])
    joined = join(known)
    true, found = pairs(by_piece.values()), pairs(members for members, _ in joined)
    right = true & found
    rules = Counter(rule for _, rules in joined for rule in rules.values())
    result = {
        "question": __doc__.splitlines()[0],
        "listings": len(known),
        "true_pairs": len(true),
        "found_pairs": len(found),
        "precision": round(len(right) / max(1, len(found)), 4),
        "recall": round(len(right) / max(1, len(true)), 4),
        "listings_by_rule": dict(rules),
        "wrong": sorted(found - true)[:10],
        "missed": sorted(true - found)[:10],
        "bars": BARS,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("", "", "bar", title=f"{len(known)} listings, {len(true)} pairs of one piece")
    for name, bar in BARS.items():
        table.add_row(name, f"{result[name]:.4f}", f"{bar}")
    for rule, count in rules.most_common():
        table.add_row(f"listings joined by {rule}", f"{count}", "")
    Console().print(table)
    for name in ("wrong", "missed"):
        for one, other in result[name][:4]:
            print(f"{name}: {one}  {other}")
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
