"""How well do a piece's aspect, symmetry, holes, stones and millimetres follow from its picture?

Pictures are packshots and angled studio views of the sample house at 800 px, as JPEG bytes; the truth is read
off the geometry that they are rendered from, without light, shadow or paper.  Stones count where they cover
half a hundredth of the piece and more; colourless ones (diamond, zirconia, white pearl, opal, moonstone) and
black ones cannot be told from metal, so coloured ones stand apart.  For millimetres one side of the rendered
piece is taken for stated, and the other is predicted.  Cost is of one thread, the best of several rounds.
"""

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import numpy as np
from hardware import hardware
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from catalog.piece_size import piece_size
from sample_feeds.pieces import Piece, piece_catalogue
from vision.decoding import decode_fast
from vision.geometry import Geometry, aspect_ratio, geometry, hole_count, symmetry
from vision.small_view import SmallView, small_view
from vision.stone_blobs import LEAST_STONE_SHARE

OUT = Path(__file__).parent / "out" / "geometry.json"
SIDE_PX = 800
CATALOGUE_SEED = 12  # bounds were read off another catalogue's renders, of seed 11
COLOURED = frozenset(
    {"ruby", "sapphire", "emerald", "amethyst", "citrine", "topaz", "garnet", "peridot", "aquamarine"}
) | {"turquoise", "pearl:golden"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A picture and the truth about it."""

    piece: Piece
    data: bytes
    aspect: float
    symmetry: float
    holes: int
    stones: tuple[str, ...]
    part_px: tuple[int, int]  # of the whole piece, of one earring of a pair
    parts: int


def taken(shot: tuple[Piece, int]) -> Taken:
    """Render one picture, and read its truth."""
    from sample_feeds.rendering.outlines import outline_of
    from sample_feeds.rendering.photograph import Shot, photograph

    piece, seed = shot
    view = Shot(view="angle" if seed % 3 == 2 else "packshot", seed=seed, tinted=False)
    buffer = io.BytesIO()
    photograph(piece, view, size_px=SIDE_PX).save(buffer, "JPEG", quality=90)
    outline = outline_of(piece, view, size_px=SIDE_PX)
    form = geometry(_bare(outline.piece), (SIDE_PX, SIDE_PX))
    assert form is not None  # noqa: S101 - every shot shows its piece
    rows, columns = np.nonzero(outline.piece)
    whole = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    part = round(form.part_width_px), round(form.part_height_px)
    return Taken(
        piece=piece,
        data=buffer.getvalue(),
        aspect=cast(float, aspect_ratio(outline.piece)),
        symmetry=symmetry(outline.piece),
        holes=hole_count(outline.piece),
        stones=outline.stones_seen(LEAST_STONE_SHARE),
        part_px=part if piece.category == "earrings" else whole,
        parts=form.part_count,
    )


def _bare(mask: NDArray[np.bool_]) -> SmallView:
    """Return a silhouette as a view of black on white paper."""
    lab = np.zeros((*mask.shape, 3), dtype=np.float32)
    lab[..., 0] = np.where(mask, 0.0, 100.0)
    paper = np.zeros_like(lab)
    paper[..., 0] = 100.0
    return SmallView(lab=lab, background=(paper, 0.0), mask=mask)


def forms(pictures: Sequence[Taken]) -> dict[str, Any]:
    """Return how far aspect, symmetry and holes are from the truth, by category and over all."""
    figures = {}
    groups = {one.piece.category for one in pictures}
    for name in ("all", *sorted(groups)):
        some = [
            (one, form) for one in pictures if name in ("all", one.piece.category) and (form := _form(one))
        ]
        aspects = [abs(form.aspect_ratio / one.aspect - 1.0) for one, form in some]
        symmetries = [abs(form.symmetry - one.symmetry) for one, form in some]
        figures[name] = {
            "pictures": len(some),
            "aspect_error_median": round(float(np.median(aspects)), 4),
            "aspect_error_p90": round(float(np.percentile(aspects, 90)), 4),
            "symmetry_error_mean": round(float(np.mean(symmetries)), 4),
            "symmetry_rank_correlation": round(
                float(spearmanr([one.symmetry for one, _ in some], [form.symmetry for _, form in some])[0]), 3
            ),
            "holes_exact": _share(form.hole_count == one.holes for one, form in some),
            "has_a_hole_agrees": _share((form.hole_count > 0) == (one.holes > 0) for one, form in some),
            "has_a_hole_in_truth": _share(one.holes > 0 for one, _ in some),
        }
    return figures


def stones(pictures: Sequence[Taken]) -> dict[str, Any]:
    """Return how good the estimate of stones is against the coloured ones, and against all."""
    counted = [(one, form.stone_count) for one in pictures if (form := _form(one))]
    answered = [(one, count) for one, count in counted if count is not None]
    figures: dict[str, Any] = {"pictures": len(counted), "answered": len(answered)}
    truths: dict[str, Callable[[Taken], int]] = {"coloured": _coloured, "all": lambda one: len(one.stones)}
    for name, truth in truths.items():
        errors = np.array([abs(count - truth(one)) for one, count in answered])
        figures[name] = {
            "pictures_with_some": sum(truth(one) > 0 for one, _ in counted),
            "of_them_answered": sum(truth(one) > 0 for one, _ in answered),
            "answered_without_any": sum(truth(one) == 0 for one, _ in answered),
            "mean_absolute_error": round(float(errors.mean()), 3) if len(errors) else None,
            "exact": _share(error == 0 for error in errors),
            "within_one": _share(error <= 1 for error in errors),
        }
    return figures


def millimetres(pictures: Sequence[Taken]) -> dict[str, Any]:
    """Return the error of one side of brooches and earrings where the other one is stated."""
    figures = {}
    for category in ("brooch", "earrings"):
        errors, refused = [], 0
        for one in pictures:
            form = _form(one)
            if one.piece.category != category or form is None or one.parts > 2:
                continue
            measures = {name: getattr(form, name) for name in Geometry.__slots__}
            size = piece_size(category, {"width": float(one.part_px[0])}, measures)
            refused += size is None
            if size is not None:
                errors.append(abs(size.height_mm / one.part_px[1] - 1.0))
        figures[category] = {
            "pieces": len(errors),
            "without_an_answer": refused,
            "error_median": round(float(np.median(errors)), 4) if errors else None,
            "error_p90": round(float(np.percentile(errors, 90)), 4) if errors else None,
        }
    return figures


def cost_ms(pictures: Sequence[Taken], rounds: int) -> dict[str, float]:
    """Return what geometry costs a picture, and what the small view costs that it starts from."""
    images = [decode_fast(one.data, at_least_px=SIDE_PX).image for one in pictures]
    views = [small_view(image) for image in images]
    spent = {
        "geometry": _best(rounds, [lambda view=view: geometry(view, (SIDE_PX, SIDE_PX)) for view in views]),
        "small_view": _best(rounds, [lambda image=image: small_view(image) for image in images]),
    }
    return {name: round(1000.0 * seconds, 3) for name, seconds in spent.items()}


def _best(rounds: int, calls: Sequence[Callable[[], object]]) -> float:
    """Return the mean over calls of each one's best time, in seconds."""
    total = 0.0
    for call in calls:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        total += min(times)
    return total / len(calls)


def _form(one: Taken) -> Geometry | None:
    return geometry(small_view(decode_fast(one.data, at_least_px=SIDE_PX).image), (SIDE_PX, SIDE_PX))


def _coloured(one: Taken) -> int:
    return sum(name in COLOURED or name.partition(":")[0] == "sapphire" for name in one.stones)


def _share(answers: Any) -> float:
    held = [bool(one) for one in answers]
    return round(sum(held) / len(held), 4) if held else 0.0


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5, help="of the cost")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    shots = [(piece, place) for place, piece in enumerate(piece_catalogue(given.pieces, CATALOGUE_SEED))]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        pictures = list(pool.map(taken, shots, chunksize=6))
    result = {
        "hardware": hardware(),
        "forms": forms(pictures),
        "stones": stones(pictures),
        "millimetres": millimetres(pictures),
        "cost_ms": cost_ms(pictures[:60], given.rounds),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    console = Console()
    console.print(result["hardware"])
    table = Table(title="form against what was rendered")
    for heading in ("", *result["forms"]["all"]):
        table.add_column(heading, justify="right")
    for name, row in result["forms"].items():
        table.add_row(name, *(str(value) for value in row.values()))
    console.print(table)
    for name in ("stones", "millimetres", "cost_ms"):
        console.print(name, result[name])


if __name__ == "__main__":
    main()
