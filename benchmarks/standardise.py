"""How many rows per second does one core standardise, and how much memory does a large delivery take?

Rows are what the sample house's shops export of many pieces (Shopify CSV, Google Merchant XML, a German
CSV, a manufacturer's JSON): every spelling that the house knows, every field filled.  Counted is a
processor's time for reading and standardising; nothing is stored.  Memory is the peak of a process of its
own that reads NDJSON of ``--mib`` mebibytes.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from hardware import hardware
from rich.console import Console
from rich.table import Table

from catalog.declarations import FeedDeclaration
from catalog.listing import Listing, Reject
from catalog.reading import read_delivery
from orchestration.settings import load_settings
from sample_feeds.assortments import Sold, assortment
from sample_feeds.exports import german_csv, google_merchant_xml, maker_json, shopify_csv
from sample_feeds.faults import plant
from sample_feeds.market import Offer, offers, open_market
from sample_feeds.pieces import piece_catalogue

HERE = Path(__file__).parent
OUT = HERE / "out" / "standardise.json"
FIRST_DAY = date(2026, 1, 5)
DAYS = 30
BARS = {"rows per second": 10_000, "peak MiB": 400}


def deliveries(folder: Path, pieces: int, seed: int) -> dict[str, Path]:
    """Write the first delivery of each of the house's shops, faults and all; return their files by feed."""
    market = open_market(seed=seed, first_day=FIRST_DAY, days=DAYS)
    said: dict[str, list[Offer]] = {}
    for sold in on_sale(pieces, seed):
        said.setdefault(sold.feed, []).append(next(offers(sold, market)))
    data = {
        "maison": shopify_csv(said["maison"], []),
        "northgem": google_merchant_xml(said["northgem"], [], day=FIRST_DAY),
        "juwelhaus": german_csv(said["juwelhaus"], []),
        "atelier": maker_json(said["atelier"], [], day=FIRST_DAY),
    }
    files = {}
    for feed, content in data.items():
        files[feed] = folder / f"{feed}-{seed}"
        files[feed].write_bytes(content)
    return files


def on_sale(pieces: int, seed: int) -> list[Sold]:
    """Return what the house's shops sell on its first day, with the faults that it plants."""
    sold = assortment(piece_catalogue(pieces, seed), seed=seed, days=DAYS)
    return [one for one in plant(sold, seed=seed, days=DAYS).sold if one.first == 0]


def rows_per_second(path: Path, declaration: FeedDeclaration) -> tuple[int, float]:
    """Return how many rows a delivery has, and how many of them a processor second reads."""
    started = time.process_time()
    rows = sum(isinstance(one, Listing | Reject) for one in read_delivery(path, declaration))
    return rows, rows / (time.process_time() - started)


def ndjson(path: Path, mib: int) -> None:
    """Write an NDJSON delivery of distinct rows."""
    row = {
        "title": "Rose gold ring with an emerald and diamonds, 18k, prong setting",
        "description": "A ring. " * 60,
        "price": "1,299.00",
        "images": [f"https://pictures.example/{number}.jpg" for number in range(6)],
    }
    rest = json.dumps(row)[1:]
    number = written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < mib << 20:
            written += file.write(f'{{"id": "ring-{number:09d}", {rest}\n')
            number += 1


def peak_memory(path: str, answers: "multiprocessing.Queue[tuple[int, int, float]]") -> None:
    """Read a delivery in this process; answer with its rows, peak MiB and seconds."""
    declaration = FeedDeclaration(
        name="large",
        kind="retailer",
        format="jsonl",
        location=path,
        currency="USD",
        mapping={
            "source_id": "id",
            "title": "title",
            "description": "description",
            "price": "price",
            "images": "images[]",
        },
    )
    started = time.perf_counter()
    rows = sum(isinstance(one, Listing) for one in read_delivery(Path(path), declaration))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    answers.put((rows, peak, time.perf_counter() - started))


def large_delivery(mib: int) -> Iterator[tuple[str, float]]:
    """Yield what a large delivery took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.ndjson"
        ndjson(path, mib)
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        process = context.Process(target=peak_memory, args=(str(path), answers))
        process.start()
        rows, peak, seconds = answers.get()
        process.join()
    yield "NDJSON MiB", mib
    yield "NDJSON rows", rows
    yield "peak MiB", peak
    yield "NDJSON seconds", round(seconds, 1)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=2048, help="size of the large delivery")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()

    settings = load_settings(HERE.parent / "loupe.yaml", {})
    declared = {feed.name: feed for each in settings.collections.values() for feed in each.feeds}
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        best: dict[str, tuple[int, float]] = {}
        for seed in range(given.rounds + 1):  # other pieces each time, so that no round knows the last one's
            for feed, path in deliveries(Path(folder), given.pieces, seed).items():
                measured = rows_per_second(path, declared[feed])
                if seed:  # the first reads the vocabulary too
                    best[feed] = max(best.get(feed, (0, 0.0)), measured, key=lambda one: one[1])
        for feed, (rows, rate) in best.items():
            figures[f"{feed} ({declared[feed].format}), {rows} rows"] = round(rate)
        seconds = sum(rows / rate for rows, rate in best.values())
    figures["rows per second"] = round(sum(rows for rows, _ in best.values()) / seconds)
    figures.update(large_delivery(given.mib))
    result = {
        "question": __doc__.splitlines()[0],
        "figures": figures,
        "bars": BARS,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("", "", "bar", title="standardisation, one core")
    for name, value in figures.items():
        table.add_row(name, f"{value:,}", f"{BARS[name]:,}" if name in BARS else "")
    Console().print(table)
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
