"""The sample house on disk: what shops, a manufacturer and customers publish, and beside it the truth.

``truth/`` and ``events/`` are for tests and measurements; no feed names them.  ``house.json`` is written last
and says that the house is complete.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sample_feeds import truth
from sample_feeds.assortments import FEEDS, Feed, assortment, delivery_days
from sample_feeds.community import Contribution, community_ndjson, contributions
from sample_feeds.drawings import drawing_name, technical_drawing
from sample_feeds.events import as_json_lines, events_of_day, tastes, visitors
from sample_feeds.exports import Extra, german_csv, google_merchant_xml, maker_json, shopify_csv
from sample_feeds.faults import TRIPPED_SHARE, Planted, plant, tripped
from sample_feeds.market import Market, Offer, offers, open_market
from sample_feeds.pictures import forget_notes, picture_tasks, take_pictures
from sample_feeds.pieces import piece_catalogue

HOUSE_VERSION = 6  # raise it when the same parameters give other bytes
LONGEST_DAYS = 1100
LARGEST_PIECES = 200_000
SIZES_PX = (192, 2048)
_SUFFIXES: Mapping[str, str] = {
    "maison": "csv",
    "northgem": "xml",
    "juwelhaus": "csv",
    "atelier": "json",
    "community": "ndjson",
}

Announce = Callable[[str, int, int], None]  # stage, done, total


class SampleHouseError(Exception):
    """A sample house cannot be written; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseReport:
    """A sample house.  ``listings`` counts by feed what is sold on the last day."""

    folder: Path
    pieces: int
    pieces_of_several_sources: int
    listings: Mapping[str, int]
    contributions: int
    deliveries: int
    pictures: int
    events: int
    faults: int
    written: bool  # false when the house stood already


def write_house(
    out: Path,
    *,
    pieces: int = 300,
    days: int = 30,
    seed: int = 7,
    first_day: date,
    size_px: int = 640,
    workers: int | None = None,
    announce: Announce = lambda *_: None,
) -> HouseReport:
    """Write the house, or leave it alone when it stands complete with the same parameters.

    The same parameters give the same bytes, however many processes take the pictures.  A house with other
    parameters is replaced as a whole; what was in its folder besides is lost with it.  It is written beside
    its folder and moved there when complete; the next call takes up what an interrupted one has written.

    Args:
        out: The house's folder; new, empty, or an earlier house.
        pieces: Designs in the catalogue, at least 12.
        days: How long the house's feeds deliver; each source has its own rhythm (``DELIVERED_EVERY``).
        seed: What everything random follows from.
        first_day: The day of the first delivery.
        size_px: Side of the largest pictures; some shops show smaller ones.
        workers: Processes that take pictures; None is one for each core.
        announce: Told of every stage how much of it is done.

    Raises:
        SampleHouseError: If a number is out of bounds, or ``out`` holds something that is no sample house or
            cannot be written.
    """
    _check(pieces=pieces, days=days, size_px=size_px, workers=workers)
    parameters = {
        "version": HOUSE_VERSION,
        "pieces": pieces,
        "days": days,
        "seed": seed,
        "first_day": first_day.isoformat(),
        "size_px": size_px,
    }
    standing = _standing(out)
    if standing is not None and standing["parameters"] == parameters and _complete(out, standing):
        return _report(out, standing["counts"], written=False)
    name = hashlib.sha256(json.dumps(parameters).encode()).hexdigest()[:12]
    out = out.resolve()
    if not out.name or out == Path.cwd():
        message = f"{out} is the folder you stand in: name a folder inside it, such as {out / 'house'}"
        raise SampleHouseError(message)
    staged = out.with_name(f".{out.name}.{name}.part")
    try:
        staged.mkdir(parents=True, exist_ok=True)
        cores = workers or os.cpu_count() or 1
        counts = _write(staged, parameters, announce=announce, workers=cores, first_day=first_day)
        if out.exists():
            shutil.rmtree(out)
        staged.rename(out)
    except OSError as error:
        message = (
            f"{out} cannot be written ({error.strerror or error}): name a folder with room that can be "
            "written to; what is there is taken up by the next call"
        )
        raise SampleHouseError(message) from error
    for abandoned in out.parent.glob(f".{out.name}.*.part"):  # of interrupted calls with other parameters
        shutil.rmtree(abandoned, ignore_errors=True)
    return _report(out, counts, written=True)


def _check(*, pieces: int, days: int, size_px: int, workers: int | None) -> None:
    bounds = (
        ("pieces", pieces, 12, LARGEST_PIECES, "fewer have no place for every category and fault"),
        ("days", days, 1, LONGEST_DAYS, "a house without a day delivers nothing"),
        ("size_px", size_px, *SIZES_PX, "smaller pictures are refused by every rule, larger ones never end"),
        ("workers", 1 if workers is None else workers, 1, 512, "leave it out for one on each core"),
    )
    for name, value, low, high, reason in bounds:
        if not low <= value <= high:
            message = f"no sample house has {name} = {value}: {reason}; ask for {low} to {high}"
            raise SampleHouseError(message)


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
    if not all((out / name).is_file() for name in standing["deliveries"]):
        return False
    pictures = sum(1 for folder in out.glob("*/images") for path in folder.rglob("*") if path.is_file())
    return pictures == standing["counts"]["pictures"]


def _report(out: Path, counts: Mapping[str, Any], *, written: bool) -> HouseReport:
    return HouseReport(folder=out, written=written, **counts)


def _write(
    staged: Path, parameters: Mapping[str, Any], *, announce: Announce, workers: int, first_day: date
) -> dict[str, Any]:
    """Write everything into ``staged`` and return the counts."""
    seed, days, size_px = parameters["seed"], parameters["days"], parameters["size_px"]
    designs = piece_catalogue(parameters["pieces"], seed)
    market = open_market(seed=seed, first_day=first_day, days=days)
    planted = plant(assortment(designs, seed=seed, days=days), seed=seed, days=days)
    sold = planted.sold
    sent = contributions(sold, market)
    people = visitors(len(designs), seed)

    files: list[str] = []
    truth.write_rows(staged, "offers", _write_deliveries(staged, planted, sent, market, files, announce))
    for one in sold:
        if one.feed == "atelier":
            drawn = technical_drawing(one.piece, one.source_id)
            _write_bytes(staged / "atelier" / drawing_name(one.source_id), drawn)
    events = 0
    for number in range(days):
        announce("events", number, days)
        data = as_json_lines(events_of_day(people, sold, market, number))
        events += data.count(b"\n")
        _write_bytes(staged / "events" / f"{market.day(number).isoformat()}.jsonl", data)

    tasks = picture_tasks(sold, sent, seed=seed, size_px=size_px)
    taken = take_pictures(
        tasks, staged, workers=workers, progress=lambda done, total: announce("pictures", done, total)
    )
    truth.write_rows(staged, "pictures", taken)
    truth.write_rows(staged, "pieces", map(truth.piece_row, designs))
    truth.write_rows(staged, "listings", (truth.listing_row(one, market) for one in sold))
    truth.write_rows(staged, "contributions", (truth.contribution_row(one, market) for one in sent))
    truth.write_rows(staged, "visitors", tastes(people))
    truth.write_rows(staged, "faults", (truth.fault_row(one, market) for one in planted.faults))
    _write_json(staged / "truth" / "market.json", market.parameters())
    forget_notes(staged)

    by_piece: dict[str, int] = {}
    for one in sold:
        by_piece[one.piece.key] = by_piece.get(one.piece.key, 0) + 1
    counts = {
        "pieces": len(designs),
        "pieces_of_several_sources": sum(number > 1 for number in by_piece.values()),
        "listings": {feed: sum(one.feed == feed and one.last == days - 1 for one in sold) for feed in FEEDS},
        "contributions": len(sent),
        "deliveries": len(files),
        "pictures": len(tasks) - sum(task.fault == "missing_picture" for task in tasks),
        "events": events,
        "faults": len(planted.faults),
    }
    _write_json(staged / "house.json", {"parameters": parameters, "counts": counts, "deliveries": files})
    return counts


def _write_deliveries(
    folder: Path,
    planted: Planted,
    sent: Sequence[Contribution],
    market: Market,
    files: list[str],
    announce: Announce,
) -> Iterator[truth.Row]:
    """Write every delivery, day by day, note its name in ``files``, and yield what changed, for the truth."""
    running = {one.key: offers(one, market) for one in planted.sold}
    strays = [(stray.kind, offers(stray.sold, market), stray.sold.feed) for stray in planted.strays]
    last_truth: dict[tuple[Feed, str], tuple[object, ...]] = {}
    last_said: dict[tuple[Feed, str], tuple[object, ...]] = {}
    for number in range(market.days):
        announce("deliveries", number, market.days)
        day = market.day(number)
        today: dict[Feed, list[Offer]] = {feed: [] for feed in FEEDS}
        for one in planted.sold:
            if not one.first <= number <= one.last:
                continue
            offer = next(running[one.key])
            today[one.feed].append(offer)
            state = (offer.price_minor, offer.list_price_minor, offer.availability, offer.why)
            if last_truth.get(one.key) != state:
                last_truth[one.key] = state
                yield truth.offer_row(offer, day.isoformat())
        extras: dict[Feed, list[Extra]] = {feed: [] for feed in FEEDS}
        for kind, offered, feed in strays:
            extras[feed].append((kind, next(offered)))
        for feed in FEEDS:
            if number not in delivery_days(feed, market.days):
                continue
            said, more = today[feed], extras[feed]
            if tripped(planted.faults, feed, number):
                said, more = said[: max(1, int(len(said) * TRIPPED_SHARE))], []
            if feed == "juwelhaus" and number > 0:
                said, more = [one for one in said if last_said.get(one.sold.key) != one.stated], []
                if not said:
                    continue
            last_said.update((one.sold.key, one.stated) for one in said)
            _deliver(folder, feed, day, _exported(feed, said, more, day), files)
        _deliver_community(folder, sent, market, number, files)


def _exported(feed: Feed, said: Sequence[Offer], extras: Sequence[Extra], day: date) -> bytes:
    match feed:
        case "maison":
            return shopify_csv(said, extras)
        case "northgem":
            return google_merchant_xml(said, extras, day=day)
        case "juwelhaus":
            return german_csv(said, extras)
        case _:
            return maker_json(said, extras, day=day)


def _deliver_community(
    folder: Path, sent: Sequence[Contribution], market: Market, number: int, files: list[str]
) -> None:
    schedule = delivery_days("community", market.days)
    if number not in schedule:
        return
    data = community_ndjson(sent, since=number - schedule.step if number else -1, day=number, market=market)
    if data:
        _deliver(folder, "community", market.day(number), data, files)


def _deliver(folder: Path, feed: str, day: date, data: bytes, files: list[str]) -> None:
    path = folder / feed / f"{day.isoformat()}.{_SUFFIXES[feed]}"
    _write_bytes(path, data)
    files.append(path.relative_to(folder).as_posix())


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    _write_bytes(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
