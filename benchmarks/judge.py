"""How many pictures per second are judged, and does every measure rank its ladder of degradation?

Pictures are renders of the sample house at 800 px, as JPEG bytes.  Judging is decoding, all measures, the
geometry and the verdict, in threads, without GrabCut.  A ladder makes one picture worse step by step, and
each step is measured where the first one showed the piece; Spearman's rank correlation between step and
measure is 1 where every step answers in the right direction.
"""

import argparse
import io
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from hardware import hardware
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from encoder_training.picture_set import draw_house
from quality.image_rules import judge_image
from sample_feeds.pieces import Piece, piece_catalogue
from vision.decoding import decode_fast
from vision.foreground import border_mask
from vision.geometry import geometry
from vision.measures import measure, tone_mask
from vision.small_view import small_view

OUT = Path(__file__).parent / "out" / "judge.json"
RATE_BAR = 60
SPEARMAN_BAR = 0.98
Pixels = NDArray[np.float32]


def _gain(pixels: Pixels, step: float) -> Pixels:
    return pixels * step


def _shifted(pixels: Pixels, step: float) -> Pixels:
    return pixels + step


def _noisy(pixels: Pixels, step: float) -> Pixels:
    noise = np.random.default_rng(3).standard_normal(pixels.shape).astype(np.float32)
    return pixels + step * noise


def _tinted(pixels: Pixels, step: float) -> Pixels:
    return pixels * np.array([1.0 + step, 1.0, 1.0 - step], dtype=np.float32)


def _flat(pixels: Pixels, step: float) -> Pixels:
    return 128.0 + (pixels - 128.0) * step


def _rippled(pixels: Pixels, step: float) -> Pixels:
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    return pixels + step * np.sin(2.0 * np.pi * (0.19 * columns + 0.13 * rows))[..., None]


def _uneven_border(pixels: Pixels, step: float) -> Pixels:
    """Lay a rim of grey paper around a picture, whose tone wanders."""
    grain = np.random.default_rng(5).standard_normal((40, 40)).astype(np.float32)
    wander = cv2.resize(grain, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(border_mask(*pixels.shape[:2])[..., None], 150.0 + step * wander[..., None], pixels)


def _written(image: Image.Image, lines: int, size: int) -> Image.Image:
    """Write lines of sizes and article numbers down a margin of paper beside a picture."""
    sheet = Image.new("RGB", image.size, (250, 250, 250))
    sheet.paste(image.resize((image.width // 2, image.height // 2)), (image.width // 2, image.height // 2))
    pen = ImageDraw.Draw(sheet)
    for place in range(lines):
        words = ("Length: 38.5cm", "Weight 33.12g", "JDN2308063", "Stainless Steel")[place % 4]
        at = (20, 20 + round(1.6 * size) * place)
        pen.text(at, words, fill=(30, 30, 32), font=ImageFont.load_default(size=size))
    return sheet


# name -> measure, its direction along the ladder, the steps, and what a step does to pixels
LADDERS: dict[str, tuple[str, int, tuple[float, ...], Callable[[Pixels, float], Pixels] | None]] = {
    "blur": ("sharpness", -1, (0.0, 1.0, 2.0, 3.0, 4.5, 7.0), None),
    "blown highlights": ("highlights_clipped_share", 1, (20.0, 45.0, 70.0, 95.0, 125.0, 160.0), _shifted),
    "underexposure": ("mean_lightness", -1, (1.0, 0.7, 0.5, 0.3, 0.15, 0.06), _gain),
    "crushed shadows": ("shadows_clipped_share", 1, (-40.0, -75.0, -105.0, -135.0, -165.0, -195.0), _shifted),
    "cast": ("colour_cast_ab", 1, (0.0, 0.05, 0.1, 0.17, 0.25, 0.35), _tinted),
    "contrast": ("contrast_lightness", -1, (1.0, 0.75, 0.5, 0.3, 0.15, 0.05), _flat),
    "noise": ("noise_lightness", 1, (0.0, 3.0, 6.0, 10.0, 16.0, 26.0), _noisy),
    "compression": ("blockiness", 1, (95.0, 60.0, 35.0, 20.0, 10.0, 4.0), None),
    "more writing": ("overlay_text_share", 1, (0.0, 1.0, 2.0, 4.0, 6.0, 9.0), None),
    "larger writing": ("overlay_text_share", 1, (14.0, 18.0, 24.0, 30.0, 38.0, 46.0), None),
    "moiré": ("moire_lightness", 1, (0.0, 4.0, 8.0, 14.0, 22.0, 32.0), _rippled),
    "uneven border": ("border_lightness_spread", 1, (0.0, 4.0, 8.0, 15.0, 25.0, 40.0), _uneven_border),
    "scale": ("sharpness", -1, (800.0, 400.0, 260.0, 170.0, 110.0, 70.0), None),
}


def step_of(image: Image.Image, ladder: str, step: float) -> bytes:
    """Return a picture one step down a ladder, as JPEG."""
    change = LADDERS[ladder][3]
    quality = 95
    if ladder == "blur":
        image = image.filter(ImageFilter.GaussianBlur(step)) if step else image
    elif ladder == "more writing":
        image = _written(image, int(step), 24)
    elif ladder == "larger writing":
        image = _written(image, 3, int(step))
    elif ladder == "compression":
        quality = int(step)
    elif ladder == "scale":
        side = int(step)
        image = image.resize((side, side), Image.Resampling.LANCZOS).resize(
            image.size, Image.Resampling.BICUBIC
        )
    elif change is not None:
        changed = change(np.asarray(image, dtype=np.float32), step)
        image = Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def answers(picture: Image.Image, ladder: str) -> list[float]:
    """Return the measure of each step of a ladder."""
    field, _, steps, _ = LADDERS[ladder]
    files = [step_of(picture, ladder, step) for step in steps]
    mask = tone_mask(decode_fast(files[0] if "writing" in ladder else step_of(picture, "blur", 0.0), 800))
    measured = [measure(decode_fast(data, at_least_px=800), mask=mask) for data in files]
    return [getattr(one, field) for one in measured]


def judged(data: bytes) -> str:
    """Decode, measure and judge one picture, as the asset does."""
    decoded = decode_fast(data, at_least_px=800)
    view = small_view(decoded.image)
    geometry(view, (decoded.width, decoded.height))
    return judge_image(asdict(measure(decoded, view=view)), feed_kind="retailer").verdict


def drawn(shot: tuple[Piece, str, int]) -> NDArray[np.uint8]:
    """Render one picture at 800 px."""
    piece, view, seed = shot
    return draw_house(piece, view, seed, 0.0, 800)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=120, help="whose speed is measured")
    parser.add_argument("--ladders", type=int, default=24, help="pictures that walk down every ladder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    pieces = piece_catalogue(given.pictures, 11)
    views = ("packshot", "angle", "worn", "phone")
    shots = [(piece, views[place % 4], place) for place, piece in enumerate(pieces)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        pictures = [Image.fromarray(pixels) for pixels in pool.map(drawn, shots, chunksize=8)]
    files = [step_of(picture, "blur", 0.0) for picture in pictures]

    best = 0.0
    for _ in range(given.rounds):
        started = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(judged, files))
        best = max(best, len(files) / (time.perf_counter() - started))

    ranks: dict[str, float] = {}
    for name, (field, direction, steps, _) in LADDERS.items():
        found = []
        for picture in pictures[: 2 * given.ladders : 2]:  # packshots and pictures worn
            values = answers(picture, name)
            if len(set(values)) > 1:
                found.append(direction * float(spearmanr(range(len(steps)), values).statistic))
            else:
                found.append(0.0)
        ranks[f"{name}: {field}"] = round(float(np.mean(found)), 4)
    result = {
        "question": __doc__.splitlines()[0],
        "pictures per second": round(best, 1),
        "bar": RATE_BAR,
        "spearman": ranks,
        "spearman_bar": SPEARMAN_BAR,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("", "", "bar", title=f"judging {len(files)} pictures of 800 px, two threads")
    table.add_row("pictures per second", f"{best:.0f}", f"{RATE_BAR}")
    for name, value in ranks.items():
        table.add_row(f"Spearman, {name}", f"{value:.3f}", f"{SPEARMAN_BAR}")
    Console().print(table)
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
