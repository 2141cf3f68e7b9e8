"""The sample house on disk: three feeds with their deliveries and pictures, and beside them the truth.

``truth.json`` is for tests and measurements; no feed and no pipeline reads it.  ``house.json`` is written
last and says that the house is complete.
"""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sample_feeds.assortments import FEEDS, Feed, Offer, Sold, assortment, offer
from sample_feeds.drawing import draw_piece, jpeg_bytes, view_of
from sample_feeds.exports import google_merchant_xml, maker_json, shopify_csv
from sample_feeds.faults import PICTURE_FAULTS, Fault, Strays, plant, spoilt
from sample_feeds.pieces import Piece, piece_catalogue

HOUSE_VERSION = 3  # raise it when the same parameters give other bytes
DAYS_BETWEEN_DROPS = 20
_SUFFIXES: Mapping[Feed, str] = {"maison": "csv", "northgem": "xml", "atelier": "json"}


class SampleHouseError(Exception):
    """A sample house cannot be written there; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseReport:
    """A sample house.  ``listings`` counts by feed what its last delivery holds and can be read."""

    folder: Path
    pieces: int
    pieces_of_several_sources: int
    listings: Mapping[str, int]
    deliveries: int
    pictures: int
    faults: int
    written: bool  # false when the house stood already


def write_house(
    out: Path, *, pieces: int = 72, seed: int = 7, drops: int = 3, first_day: date
) -> HouseReport:
    """Write the house, or leave it alone when it stands complete with the same parameters.

    The same parameters give the same bytes.  A house with other parameters is replaced as a whole; what was
    in its folder besides is lost with it.

    Args:
        out: The house's folder; new, empty, or an earlier house.
        pieces: Designs in the catalogue, at least 12.
        seed: What everything random follows from.
        drops: Deliveries per feed, 20 days apart, each the whole assortment of its day.
        first_day: The day of the first delivery.

    Raises:
        SampleHouseError: If ``out`` holds something that is no sample house.
        ValueError: If the numbers are too small.
    """
    if drops < 1:
        message = f"a house with {drops} deliveries delivers nothing: ask for at least 1"
        raise ValueError(message)
    parameters = {
        "version": HOUSE_VERSION,
        "pieces": pieces,
        "seed": seed,
        "drops": drops,
        "first_day": first_day.isoformat(),
    }
    standing = _standing(out)
    if standing is not None and standing["parameters"] == parameters and _complete(out, standing):
        return _report(out, standing["counts"], written=False)
    designs = piece_catalogue(pieces, seed)
    sold, strays, faults = plant(assortment(designs, seed=seed, drops=drops))
    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        files = _write_feeds(staged, sold, strays, seed=seed, days=_days(first_day, drops))
        pictures = _write_pictures(staged, sold)
        truth = _truth(designs, sold, strays, faults, _days(first_day, drops))
        _write_json(staged / "truth.json", truth)
        counts = {
            "pieces": pieces,
            "pieces_of_several_sources": sum(len(one["listings"]) > 1 for one in truth["pieces"]),
            "listings": {
                feed: sum(one.feed == feed and one.last == drops - 1 for one in sold) for feed in FEEDS
            },
            "deliveries": len(files),
            "pictures": pictures,
            "faults": len(faults),
        }
        _write_json(staged / "house.json", {"parameters": parameters, "counts": counts, "deliveries": files})
        if out.exists():
            shutil.rmtree(out)
        staged.rename(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return _report(out, counts, written=True)


def _standing(out: Path) -> dict[str, Any] | None:
    """Return the house.json of an earlier house, None when there is none; refuse any other folder."""
    if not out.exists():
        return None
    try:
        standing: dict[str, Any] = json.loads((out / "house.json").read_text(encoding="utf-8"))
        parameters = standing["parameters"]
    except (OSError, ValueError, KeyError, TypeError):
        if not out.is_dir() or any(out.iterdir()):
            message = (
                f"{out} holds something that is no sample house: name a new or empty folder, or remove it"
            )
            raise SampleHouseError(message) from None
        return None
    return standing if isinstance(parameters, dict) else None


def _complete(out: Path, standing: Mapping[str, Any]) -> bool:
    return all((out / name).is_file() for name in standing["deliveries"])


def _report(out: Path, counts: Mapping[str, Any], *, written: bool) -> HouseReport:
    return HouseReport(folder=out, written=written, **counts)


def _days(first_day: date, drops: int) -> list[date]:
    return [first_day + timedelta(days=DAYS_BETWEEN_DROPS * drop) for drop in range(drops)]


def _write_feeds(
    folder: Path, sold: Sequence[Sold], strays: Strays, *, seed: int, days: Sequence[date]
) -> list[str]:
    files = []
    for drop, day in enumerate(days):
        offers: dict[Feed, list[Offer]] = {feed: [] for feed in FEEDS}
        for one in sold:
            if one.first <= drop <= one.last:
                offers[one.feed].append(offer(one, drop=drop, drops=len(days), seed=seed))
        odd = {
            name: offer(getattr(strays, name), drop=drop, drops=len(days), seed=seed)
            for name in ("without_id", "unreadable_price", "duplicate")
        }
        content: dict[Feed, bytes] = {
            "maison": shopify_csv(offers["maison"], odd["unreadable_price"]),
            "northgem": google_merchant_xml(offers["northgem"], odd["without_id"], odd["duplicate"], day=day),
            "atelier": maker_json(offers["atelier"], day=day),
        }
        for feed, data in content.items():
            path = folder / feed / f"{day.isoformat()}.{_SUFFIXES[feed]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            files.append(path.relative_to(folder).as_posix())
    return files


def _write_pictures(folder: Path, sold: Sequence[Sold]) -> int:
    """Draw every picture once, copy those that share another's bytes, and return how many files there are."""
    kinds = {kind for kind, _, _ in PICTURE_FAULTS}
    for one in sold:
        for picture in one.pictures:
            if picture.same_bytes_as is not None:
                continue
            if picture.view in kinds:
                drawn = draw_piece(one.piece, view_of(one.piece, one.pictures[0].view))
                data = spoilt(picture.view, drawn)
            else:
                data = jpeg_bytes(draw_piece(one.piece, view_of(one.piece, picture.view)))
            if data is not None:
                _write_bytes(folder / one.feed / "images" / picture.file, data)
    for one in sold:
        for picture in one.pictures:
            if picture.same_bytes_as is not None:
                feed, _, file = picture.same_bytes_as.partition("/")
                _write_bytes(
                    folder / one.feed / "images" / picture.file,
                    (folder / feed / "images" / file).read_bytes(),
                )
    return sum(1 for feed in FEEDS for path in (folder / feed / "images").rglob("*") if path.is_file())


def _truth(
    designs: Sequence[Piece],
    sold: Sequence[Sold],
    strays: Strays,
    faults: Sequence[Fault],
    days: Sequence[date],
) -> dict[str, Any]:
    return {
        "format_version": 1,
        "days": [day.isoformat() for day in days],
        "pieces": [
            {
                **asdict(piece),
                "listings": {
                    one.feed: {
                        "source_id": one.source_id,
                        "first_day": days[one.first].isoformat(),
                        "last_day": days[one.last].isoformat(),
                        "states": [name for name, stated in (("gtin", one.gtin), ("mpn", one.mpn)) if stated],
                        "pictures": [asdict(picture) for picture in one.pictures],
                        "title_corrected": one.typo,
                    }
                    for one in sold
                    if one.piece.key == piece.key
                },
            }
            for piece in designs
        ],
        "broken": [asdict(fault) for fault in faults],
        "stray_rows": {
            name: getattr(strays, name).piece.key for name in ("without_id", "unreadable_price", "duplicate")
        },
    }


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    _write_bytes(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
