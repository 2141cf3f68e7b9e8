"""How many images per second become stored vectors, from JPEG bytes in the object store?

Baseline: float32, one picture after another, decoded in full and encoded alone.  Ours: ``embed_shard``:
decoding, model and writing overlap, in the precision that ``auto`` takes here.  Decode-only and model-only
show the limit: beside a GPU it is the slower of the two; on a processor both share the cores, and their times
add up.  Random weights do the same work as trained ones.  Rounds alternate and the best of each counts, so
that a busy neighbour costs both the same.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
from vision.encoders import SEEDED_SMALL, SHIPPED, EncoderSettings
from vision.errors import EncoderError
from vision.open_clip_encoder import OpenClipEncoder, agreement, load_encoder
from vision.preparation import PreparationProcesses, prepare, prepare_all

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


def settings_of(model: str, batch_size: int | None) -> EncoderSettings:
    """Return settings for a shipped encoder by name, a hub model, a folder, or any architecture."""
    brings_weights = model in SHIPPED or model.startswith(("hf-hub:", "local-dir:"))
    return EncoderSettings(model=model, seed=None if brings_weights else 7, batch_size=batch_size)


def limit_of(end_to_end: float, decode: float, model: float, *, on_gpu: bool) -> tuple[float, str]:
    """Return the share that end to end reaches of what decoding and the model allow together, and of what."""
    if on_gpu:
        return end_to_end / min(decode, model), "the slower of the two"
    return end_to_end * (1.0 / decode + 1.0 / model), "both on the same cores, one after the other"


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the small model and few images, for CI")
    parser.add_argument(
        "--model",
        help=f"{', '.join(SHIPPED)}, hf-hub:…, local-dir:…, an architecture's name or JSON; default ViT-B-32",
    )
    parser.add_argument("--images", type=int, help="how many images")
    parser.add_argument("--side", type=int, default=500, help="their size in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="that decode")
    parser.add_argument("--batch-size", type=int)
    given = parser.parse_args()
    model = given.model or (str(SEEDED_SMALL) if given.small else "ViT-B-32")

    settings = settings_of(model, given.batch_size)
    try:
        exact = load_encoder(settings.model_copy(update={"precision": "float32"}))
    except EncoderError as error:
        sys.exit(str(error))
    ours = load_encoder(settings)
    bfloat16 = load_encoder(settings.model_copy(update={"precision": "bfloat16"}))
    count = given.images or (64 if given.small else 4096 if ours.on_gpu else 192)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        objects = LocalObjectStore(Path(folder))
        distinct = [photograph(number, given.side) for number in range(min(count, 256))]
        # Bytes after the end of a JPEG change its digest and not its pixels.
        files = [
            distinct[number % len(distinct)] + number.to_bytes(4, "big") + b"\xff\xd9"
            for number in range(count)
        ]
        wanted = []
        for data in files:
            image_id = sha256_hex(data)
            objects.put(digest_key("images", image_id), data)
            wanted.append((int(image_id[:16], 16) >> 1, image_id))
        pixels = np.stack([prepare(data, ours.preprocess) for data in files[: 2 * ours.batch_size]])
        alone = wanted[: min(count, 192)]
        preparation = (
            stack.enter_context(PreparationProcesses(ours.preprocess, given.workers)) if ours.on_gpu else None
        )

        def pipeline() -> None:
            for key in list(objects.keys("embeddings/")):
                objects.delete(key)
            report = embed_shard(objects, ours, 0, wanted, workers=given.workers, preparation=preparation)
            assert report.embedded == count, report  # noqa: S101 - a benchmark of failures would be fast

        def decode_only() -> None:
            """Prepare as ``embed_shard`` does: in threads, or beside a GPU in processes."""
            tasks = [files[start : start + 4] for start in range(0, count, 4)]
            with ThreadPoolExecutor(given.workers if preparation is None else 2 * given.workers) as pool:
                if preparation is None:
                    list(pool.map(lambda task: prepare_all(task, ours.preprocess), tasks))
                else:
                    list(pool.map(preparation.prepare_all, tasks))

        def model_only(encoder: OpenClipEncoder) -> Callable[[], None]:
            batches = []
            for start in range(0, len(pixels), encoder.batch_size):
                batch = encoder.empty_batch(pixels[start : start + encoder.batch_size].shape)
                batch[:] = pixels[start : start + encoder.batch_size]
                batches.append(batch)

            def run() -> None:
                for batch in batches:
                    encoder.encode_images(batch)

            return run

        ways = [model_only(encoder) for encoder in (exact, ours, bfloat16)]
        for warm_up in (*ways, decode_only):
            warm_up()
        baseline_s, pipeline_s = best(given.rounds, lambda: one_by_one(objects, exact, alone), pipeline)
        decode_s, exact_s, ours_s, bfloat16_s = best(given.rounds, decode_only, *ways)

    end_to_end, decode, model_alone = count / pipeline_s, count / decode_s, len(pixels) / ours_s
    share, of_what = limit_of(end_to_end, decode, model_alone, on_gpu=ours.on_gpu)
    result = {
        "question": __doc__.splitlines()[0],
        "model": Path(model).name,
        "images": count,
        "side_px": given.side,
        "batch_size": ours.batch_size,
        "workers": given.workers,
        "torch_threads": torch.get_num_threads(),
        "device": str(ours.device),
        "precision": str(ours.precision).removeprefix("torch."),
        "bfloat16_least_cosine": round(agreement(exact, bfloat16), 6),
        "images_per_second": {
            "float32 one by one": round(len(alone) / baseline_s, 1),
            "ours, end to end": round(end_to_end, 1),
            "ours, decode only": round(decode, 1),
            "ours, model only": round(model_alone, 1),
            "float32 model only": round(len(pixels) / exact_s, 1),
            "bfloat16 model only": round(len(pixels) / bfloat16_s, 1),
        },
        "ratio": round(end_to_end * baseline_s / len(alone), 2),
        "share_of_limit": round(share, 2),
        "limit": of_what,
        "hardware": hardware(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("images per second", "", title=f"{result['model']}, {given.side} px, {result['precision']}")
    for name, value in result["images_per_second"].items():
        table.add_row(name, f"{value}")
    table.add_row("ratio, ours to one by one", f"{result['ratio']}")
    table.add_row(f"end to end, share of {of_what}", f"{share:.0%}")
    console = Console()
    console.print(table)
    if not ours.on_gpu:
        console.print("No GPU was there: these are figures of a processor, and the CUDA path was not run.")
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
