"""How many images per second become stored vectors, from JPEG bytes in the object store?

Baseline: float32, one picture after another, decoded in full and encoded alone.  Ours: ``embed_shard``, with
    decoding,
model and writing overlapping, in the precision that ``auto`` takes here.  Random weights do the same work as
trained ones.  Rounds alternate and the best of each counts, so that a busy neighbour costs both the same.
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from hardware import hardware
from PIL import Image, ImageDraw, ImageFilter
from rich.console import Console
from rich.table import Table

from storage.objects import LocalObjectStore, digest_key, sha256_hex
from vision.decoding import decode
from vision.embedding import embed_shard
from vision.encoders import SEEDED_SMALL, EncoderSettings
from vision.open_clip_encoder import OpenClipEncoder, agreement, load_encoder
from vision.preparation import prepare

OUT = Path(__file__).parent / "out" / "embed.json"


def photograph(number: int, side: int) -> bytes:
    """Return a JPEG that takes as long to decode as a packshot: a drawn ring on slightly uneven paper."""
    random = np.random.default_rng(number)
    paper = (235 + 15 * random.random((side, side, 3))).astype(np.uint8)
    image = Image.fromarray(paper).filter(ImageFilter.GaussianBlur(1))
    pen = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = random.integers(side // 8, 7 * side // 8, 2)
        radius = int(random.integers(side // 50, side // 6))
        colour = tuple(int(value) for value in random.integers(20, 235, 3))
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius), outline=colour, width=max(2, side // 80)
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def best(rounds: int, *ways: Callable[[], None]) -> list[float]:
    """Run the ways in turn, several times, and return the least seconds of each."""
    seconds = [float("inf")] * len(ways)
    for _ in range(rounds):
        for place, way in enumerate(ways):
            started = time.perf_counter()
            way()
            seconds[place] = min(seconds[place], time.perf_counter() - started)
    return seconds


def one_by_one(objects: LocalObjectStore, encoder: OpenClipEncoder, wanted: list[tuple[int, str]]) -> None:
    """Embed as a straightforward loop does."""
    for _, image_id in wanted:
        decoded = decode(objects.get(digest_key("images", image_id)))
        encoder.encode_images(encoder.preprocess(decoded.image)[None])


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the small model and few images, for CI")
    parser.add_argument("--model", help="an OpenCLIP architecture; ViT-B-32 by default")
    parser.add_argument("--images", type=int, help="how many images")
    parser.add_argument("--side", type=int, default=500, help="their size in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="threads that decode")
    parser.add_argument("--batch-size", type=int)
    given = parser.parse_args()
    model = given.model or (str(SEEDED_SMALL) if given.small else "ViT-B-32")
    count = given.images or (64 if given.small else 192)

    settings = EncoderSettings(model=model, seed=7, batch_size=given.batch_size)
    exact = load_encoder(settings.model_copy(update={"precision": "float32"}))
    ours = load_encoder(settings)
    bfloat16 = load_encoder(settings.model_copy(update={"precision": "bfloat16"}))

    with tempfile.TemporaryDirectory() as folder:
        objects = LocalObjectStore(Path(folder))
        files = [photograph(number, given.side) for number in range(count)]
        wanted = []
        for data in files:
            image_id = sha256_hex(data)
            objects.put(digest_key("images", image_id), data)
            wanted.append((int(image_id[:16], 16) >> 1, image_id))
        pixels = np.stack([prepare(data, ours.preprocess) for data in files[: 2 * ours.batch_size]])

        def pipeline() -> None:
            for key in list(objects.keys("embeddings/")):
                objects.delete(key)
            report = embed_shard(objects, ours, 0, wanted, workers=given.workers)
            assert report.embedded == count, report  # noqa: S101 - a benchmark of failures would be fast

        def decode_only() -> None:
            with ThreadPoolExecutor(given.workers) as pool:
                list(pool.map(lambda data: prepare(data, ours.preprocess), files))

        def model_only(encoder: OpenClipEncoder) -> Callable[[], None]:
            def run() -> None:
                for start in range(0, len(pixels), encoder.batch_size):
                    encoder.encode_images(pixels[start : start + encoder.batch_size])

            return run

        for warm_up in (model_only(exact), model_only(ours), model_only(bfloat16)):
            warm_up()
        baseline_s, pipeline_s = best(given.rounds, lambda: one_by_one(objects, exact, wanted), pipeline)
        decode_s, exact_s, bfloat16_s = best(
            given.rounds, decode_only, model_only(exact), model_only(bfloat16)
        )

    result = {
        "question": __doc__.splitlines()[0],
        "model": Path(model).name,
        "images": count,
        "side_px": given.side,
        "batch_size": ours.batch_size,
        "workers": given.workers,
        "torch_threads": torch.get_num_threads(),
        "precision": str(ours.precision).removeprefix("torch."),
        "bfloat16_least_cosine": round(agreement(exact, bfloat16), 6),
        "images_per_second": {
            "float32 one by one": round(count / baseline_s, 1),
            "ours, end to end": round(count / pipeline_s, 1),
            "ours, decode only": round(count / decode_s, 1),
            "float32 model only": round(len(pixels) / exact_s, 1),
            "bfloat16 model only": round(len(pixels) / bfloat16_s, 1),
        },
        "ratio": round(baseline_s / pipeline_s, 2),
        "hardware": hardware(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("images per second", "", title=f"{result['model']}, {given.side} px, {result['precision']}")
    for name, value in result["images_per_second"].items():
        table.add_row(name, f"{value}")
    table.add_row("ratio, ours to one by one", f"{result['ratio']}")
    Console().print(table)
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
