"""How often is a suggested attribute right, and do confidences hold?  By the sample house's truth.

Suggestions of pieces of the half that nothing was fitted on are held against what each piece is, as if no
feed had stated it.  Then what became of all pieces: what pictures add to what feeds state.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from hardware import hardware
from rich.console import Console
from rich.table import Table

from assets.enrichment import Enrichment, enrich
from catalog.attributes.ledger import attribute_rows
from catalog.attributes.suggestions import AttributeRow
from catalog.review.calibration import wilson_interval
from catalog.tables import piece_listings
from orchestration.refresh import refresh
from orchestration.resources import encoder_loader, engine_for, feed_registry, open_objects
from orchestration.settings import Settings, load_settings
from sample_feeds.house import write_house
from sample_feeds.truth import read_truth
from storage.database import reading
from vision.attribute_calibration import is_fitted_on
from vision.calibration import reliability
from vision.embedding_parts import EmbeddingParts

HERE = Path(__file__).parent
OUT = HERE / "out" / "enrichment.json"
COLLECTION = "sample"
TRUE_FIELD = {"motif": "motif", "setting": "setting", "material_look": "finish"}


def deployed(folder: Path, pieces: int, seed: int, size_px: int) -> Settings:
    """Write a house and run it through the pipeline, with the settings of the demo."""
    config = folder / "loupe.yaml"
    config.write_text((HERE.parent / "loupe.yaml").read_text())
    settings = load_settings(config, {})
    write_house(
        house_of(settings), pieces=pieces, days=1, seed=seed, size_px=size_px,
        first_day=settings.first_day,
    )  # fmt: skip
    refresh(settings, [COLLECTION], lambda *_: None)
    return settings


def house_of(settings: Settings) -> Path:
    """Return the folder of a deployment's sample house."""
    if settings.sample is None:
        message = "the settings have no sample house: take the demo's loupe.yaml"
        raise SystemExit(message)
    return Path(settings.sample.folder)


def enriched(settings: Settings) -> tuple[Enrichment, list[AttributeRow]]:
    """Bring a deployment's attributes up to date; return what came of it, and the rows."""
    catalogue, objects = engine_for(settings.database_url), open_objects(settings)
    encoder = encoder_loader(settings).load()
    done = enrich(
        catalogue,
        objects,
        EmbeddingParts(objects, encoder.encoder_id, settings.embedding_shards),
        COLLECTION,
        lambda: encoder,
        feed_registry(settings).languages(COLLECTION),
        settings.enrichment,
    )
    with reading(catalogue) as connection:
        return done, attribute_rows(connection, COLLECTION)


def true_values(settings: Settings) -> Mapping[str, Mapping[str, str | None]]:
    """Return what each piece is, by attribute: of the piece that most of its listings are of."""
    truth = read_truth(house_of(settings))
    pieces = {row["key"]: row for row in truth.pieces}
    of_listing = {f"{row['feed']}:{row['source_id']}": row["piece"] for row in truth.listings}
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    with reading(engine_for(settings.database_url)) as connection:
        for row in connection.execute(sa.select(piece_listings)):
            if row.listing_id in of_listing:
                votes[row.piece_id][of_listing[row.listing_id]] += 1
    return {
        piece_id: {name: pieces[some.most_common(1)[0][0]][field] for name, field in TRUE_FIELD.items()}
        for piece_id, some in votes.items()
    }


def figures_of(
    name: str, rows: list[AttributeRow], truth: Mapping[str, Mapping[str, str | None]], floor: float
) -> dict[str, Any]:
    """Return how suggestions of one attribute do by the truth."""
    mine = [row for row in rows if row.attribute == name and row.piece_id in truth]
    held = [row for row in mine if row.suggested and not is_fitted_on(row.piece_id)]
    sure = np.array([row.confidence for row in held])
    right = np.array([row.suggested == truth[row.piece_id][name] for row in held])
    above = sure >= floor
    used = [row for row in mine if row.state == "suggested"]
    against = [row for row in mine if row.state == "contradicts"]
    stated = [row for row in mine if row.stated]
    return {
        "suggestions": len(held),
        "right": float(right.mean()),
        "reliability": asdict(reliability(sure, right)),
        "above_floor": int(above.sum()),
        "above_floor_right": int(right[above].sum()),
        "above_floor_interval": wilson_interval(int(right[above].sum()), int(above.sum())),
        "stated": len(stated),
        "stated_as_it_is": sum(list(row.stated) == [truth[row.piece_id][name]] for row in stated),
        "used": len(used),
        "used_right": sum(row.suggested == truth[row.piece_id][name] for row in used),
        "contradictions": len(against),
        "contradictions_right": sum(row.suggested == truth[row.piece_id][name] for row in against),
        "states": dict(Counter(row.state for row in mine)),
    }


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11, help="of the house; templates were chosen on 7")
    parser.add_argument("--size-px", type=int, default=320)
    parser.add_argument("--config", type=Path, help="of a sample house that has run, instead of a new one")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = (
            load_settings(given.config, {})
            if given.config
            else deployed(Path(folder), given.pieces, given.seed, given.size_px)
        )
        done, rows = enriched(settings)
        truth = true_values(settings)
    floor = settings.enrichment.floor
    figures = {name: figures_of(name, rows, truth, floor) for name in done.calibrations if name in TRUE_FIELD}
    result = {
        "question": (__doc__ or "").splitlines()[0],
        "pieces": len(truth),
        "floor": floor,
        "figures": figures,
        "calibrations": {name: asdict(one) for name, one in done.calibrations.items()},
        "left_out": done.left_out,
        "questions": done.questions,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table(
        "attribute", "answers right", "suggestions", "right", "ECE by truth", "ECE by feeds", f">= {floor}",
        "right", "95 %", "used", "right", "against feeds", "right", "note",
    )  # fmt: skip
    for name, one in figures.items():
        calibration = done.calibrations[name]
        table.add_row(
            name,
            "" if calibration.answered is None else f"{calibration.answered:.3f}",
            str(one["suggestions"]),
            f"{one['right']:.3f}",
            f"{one['reliability']['error']:.3f}",
            "" if calibration.measured is None else f"{calibration.measured.error:.3f}",
            str(one["above_floor"]),
            str(one["above_floor_right"]),
            "{:.2f} to {:.2f}".format(*one["above_floor_interval"]),
            str(one["used"]),
            str(one["used_right"]),
            str(one["contradictions"]),
            str(one["contradictions_right"]),
            calibration.why_not or "calibrated",
        )
    Console(width=180).print(table)
    for name, why in done.left_out.items():
        print(f"{name} is not asked: {why}")
    print({name: one["states"] for name, one in figures.items()}, f"{done.questions} questions")
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
