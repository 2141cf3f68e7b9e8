"""What does a run over unchanged deliveries cost, and does it write anything?

The sample house is written once; then everything runs on it twice, each time as a process of its own.
Compared are seconds, processor seconds, and what stands in the catalogue and the object store after each.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from hardware import hardware
from rich.console import Console
from rich.table import Table

from catalog.tables import metadata
from orchestration.resources import engine_for
from orchestration.settings import load_settings
from sample_feeds.house import write_house

HERE = Path(__file__).parent
OUT = HERE / "out" / "rerun.json"
BARS = {"share of the first run's seconds": 0.10, "rows changed": 0, "objects written": 0}
LOOKED = {("feeds", "checked_at")}  # that somebody looked is the one thing that a run without news notes


def run(config: Path) -> dict[str, float]:
    """Run everything; return its seconds and processor seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "orchestration.cli.main", "--config", str(config), "run", "--json"]
    subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - started, "processor seconds": used}


def rows(config: Path) -> dict[str, set[str]]:
    """Return a digest of every row of the catalogue, by table."""
    held = {}
    with engine_for(load_settings(config, {}).database_url).connect() as connection:
        for table in metadata.sorted_tables:
            columns = [column for column in table.c if (table.name, column.name) not in LOOKED]
            held[table.name] = {
                hashlib.sha256(repr(tuple(row)).encode()).hexdigest()
                for row in connection.execute(sa.select(*columns))
            }
    return held


def objects(home: Path) -> dict[str, int]:
    """Return when each object was written; hand-offs between steps name what stands and are no product."""
    folder = home / "objects"
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "handoffs" not in path.parts
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=300)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--size-px", type=int, default=512)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = root / "loupe.yaml"
        config.write_text((HERE.parent / "loupe.yaml").read_text())
        settings = load_settings(config, {})
        write_house(
            Path(settings.sample.folder),
            pieces=given.pieces,
            days=given.days,
            seed=7,
            size_px=given.size_px,
            first_day=settings.first_day,
        )
        first = run(config)
        rows_before, objects_before = rows(config), objects(root / ".loupe")
        second = run(config)
        rows_after, objects_after = rows(config), objects(root / ".loupe")
    changed = {name: len(rows_before[name] ^ rows_after[name]) for name in rows_after}
    figures = {
        "first run, seconds": round(first["seconds"], 1),
        "second run, seconds": round(second["seconds"], 1),
        "first run, processor seconds": round(first["processor seconds"], 1),
        "second run, processor seconds": round(second["processor seconds"], 1),
        "share of the first run's seconds": round(second["seconds"] / first["seconds"], 3),
        "rows": sum(map(len, rows_before.values())),
        "rows changed": sum(changed.values()),
        "objects": len(objects_before),
        "objects written": sum(objects_before.get(path) != at for path, at in objects_after.items()),
    }
    result = {
        "question": __doc__.splitlines()[0],
        "figures": figures,
        "changed": {name: count for name, count in changed.items() if count},
        "bars": BARS,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("", "", "bar", title="a run over unchanged deliveries")
    for name, value in figures.items():
        table.add_row(name, f"{value:,}", f"{BARS[name]:g}" if name in BARS else "")
    Console().print(table)
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
