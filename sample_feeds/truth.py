"""The truth about a sample house, in its ``truth/`` folder: for tests and measurements, for no pipeline.

JSON lines, one file a kind: what every piece is, who lists it under which id, what every picture file shows
and what was done to it, when and why a price changed, what customers sent in, what visitors like, what was
broken; and ``market.json``, the parameters of the market.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sample_feeds.assortments import Sold
from sample_feeds.community import Contribution
from sample_feeds.faults import Fault
from sample_feeds.market import Market, Offer
from sample_feeds.pieces import Piece

Row = dict[str, Any]
KINDS = ("pieces", "listings", "pictures", "offers", "contributions", "visitors", "faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of a house; each list holds the rows of one file."""

    market: Mapping[str, Any]
    pieces: list[Row]
    listings: list[Row]
    pictures: list[Row]
    offers: list[Row]
    contributions: list[Row]
    visitors: list[Row]
    faults: list[Row]

    def listings_of(self, piece: str) -> dict[str, Row]:
        """Return a piece's listings by feed."""
        return {row["feed"]: row for row in self.listings if row["piece"] == piece}

    def faults_of(self, kind: str) -> list[Row]:
        """Return the planted cases of one kind."""
        return [row for row in self.faults if row["kind"] == kind]


def read_truth(house: Path) -> Truth:
    """Return the truth about a house, all of it in memory.

    Raises:
        FileNotFoundError: If there is no complete house in the folder.
    """
    folder = house / "truth"
    rows = {kind: list(_read(folder / f"{kind}.jsonl")) for kind in KINDS}
    return Truth(market=json.loads((folder / "market.json").read_text(encoding="utf-8")), **rows)


def write_rows(house: Path, kind: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one file of the truth and return how many rows it holds.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind not in KINDS:
        message = f"the truth has no {kind!r}: one of {', '.join(KINDS)}"
        raise ValueError(message)
    path = house / "truth" / f"{kind}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def piece_row(piece: Piece) -> Row:
    """Return what a piece is, with what follows from its attributes."""
    return {**asdict(piece), "shown_colour": piece.shown_colour, "stones": list(piece.stones)}


def listing_row(sold: Sold, market: Market) -> Row:
    """Return who lists which piece from when to when, and what that source states of its identity."""
    return {
        "feed": sold.feed,
        "source_id": sold.source_id,
        "piece": sold.piece.key,
        "first_day": market.day(sold.first).isoformat(),
        "last_day": market.day(sold.last).isoformat(),
        "discontinued_day": None if sold.ends is None else market.day(sold.ends).isoformat(),
        "states": [name for name, stated in (("gtin", sold.gtin), ("mpn", sold.mpn)) if stated],
        "pictures": [picture.file for picture in sold.pictures],
        "title_corrected": sold.mistyped,
    }


def offer_row(offer: Offer, day: str) -> Row:
    """Return a change of price or availability, and why the price is what it is."""
    return {
        "feed": offer.sold.feed,
        "source_id": offer.sold.source_id,
        "day": day,
        "price_minor": offer.price_minor,
        "list_price_minor": offer.list_price_minor,
        "currency": offer.currency,
        "availability": offer.availability,
        "why": offer.why,
    }


def contribution_row(one: Contribution, market: Market) -> Row:
    """Return what a customer sent in: what it claims to show and what it shows, and the consent to it."""
    return {
        "source_id": one.source_id,
        "contributor": one.contributor,
        "claims": {"feed": one.claims.feed, "source_id": one.claims.source_id, "piece": one.claims.piece.key},
        "shows": one.shows,
        "claim_holds": one.claims.piece.key == one.shows,
        "states_gtin": one.scanned,
        "consented": one.consented,
        "sent_day": market.day(one.sent).isoformat(),
        "withdrawn_day": None if one.withdrawn is None else market.day(one.withdrawn).isoformat(),
        "pictures": [picture.file for picture in one.pictures],
    }


def fault_row(fault: Fault, market: Market) -> Row:
    """Return what was broken, where, and what a careful reader makes of it."""
    return {**asdict(fault), "day": None if fault.day is None else market.day(fault.day).isoformat()}


def _read(path: Path) -> Iterable[Row]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
