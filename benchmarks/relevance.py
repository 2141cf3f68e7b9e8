"""Do text and pictures find the right pieces?  The table of the model card, with counts and 95 % intervals.

Renders: held-out combinations with a seed that training never drew, as JPEG bytes through the preparation
that every picture takes.  Photographs: ``../shared/real`` where it lies beside the checkout; no one trains
on it or chooses by it, so ask for it (``--real``) once, at the end.  A diamond's imitation counts as one: no
picture tells them apart.
"""

import argparse
import csv
import io
import json
import math
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from hardware import hardware
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from encoder_training import evaluation
from encoder_training.picture_set import Plan, draw_house, draw_stand_in
from encoder_training.selection import select_pieces
from sample_feeds.pieces import Piece
from storage.objects import LocalObjectStore, digest_key, sha256_hex
from vision.colour import reduced
from vision.decoding import decode_fast
from vision.descriptors import colour_descriptor, descriptor_mask, fused_similarity, shape_descriptor
from vision.embedding import embed_shard
from vision.encoders import EncoderSettings
from vision.errors import UnreadableImageError
from vision.open_clip_encoder import OpenClipEncoder, load_encoder
from vision.preparation import prepare

HERE = Path(__file__).parent
OUT = HERE / "out" / "relevance.json"
REAL = HERE.parent.parent / "shared" / "real"
SEED = 1
NEIGHBOURS = 5
# How much each kind counts in the fused similarity; set beforehand, not tried out.
FUSION = {"encoder": 0.6, "shape": 0.25, "colour": 0.15}
REAL_CLASSES = ("ring", "necklace", "earrings", "bracelet", "watch")
# label of images.csv -> class; pendants hang on chains, so they are necklaces; other labels are left out
REAL_LABELS = {
    "ring": "ring",
    "rings": "ring",
    "necklace": "necklace",
    "necklace and chains": "necklace",
    "pendant": "necklace",
    "pendants": "necklace",
    "earring": "earrings",
    "earrings": "earrings",
    "bracelet": "bracelet",
    "bracelets": "bracelet",
    "bangle": "bracelet",
    "watch": "watch",
    "watches": "watch",
    "wristwatch": "watch",
}
BARS = {
    "text to image R@10": 0.80,
    "short query right at 1": 0.90,
    "other view R@1": 0.50,
    "other view R@10": 0.90,
    "zero-shot category (7)": 0.95,
    "zero-shot stone (10)": 0.85,
    "zero-shot metal group (4)": 0.85,
    "photographs, zero-shot category (5)": 0.72,
    "photographs, worst class": 0.62,
    "photographs, 5 nearest neighbours, fused": 0.66,
    "pictures per second": 450.0,
    "text query ms": 3.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; ``low`` and ``high`` bound it with 95 % confidence, None for a time."""

    name: str
    value: float
    count: int
    low: float | None = None
    high: float | None = None


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (https://doi.org/10.1080/01621459.1927.10502953)."""
    if not count:
        return 0.0, 1.0
    z = 1.959964
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)


def share_of(
    name: str, right: NDArray[np.bool_], groups: NDArray[np.int64] | Sequence[str] | None = None
) -> Figure:
    """Return a share with its interval: Wilson's, or a percentile bootstrap over groups where there are any.

    Raises:
        ValueError: If there is no case.
    """
    if not len(right):
        message = f"{name} has no case to measure: take more pieces"
        raise ValueError(message)
    if groups is None:
        low, high = wilson(int(right.sum()), len(right))
    else:
        low, high = np.percentile(resampled(right, groups), (2.5, 97.5)).tolist()
    return Figure(name=name, value=float(right.mean()), count=len(right), low=low, high=high)


def resampled(right: NDArray[np.bool_], groups: NDArray[np.int64] | Sequence[str]) -> NDArray[np.float64]:
    """Return the shares of 2,000 bootstrap samples of whole groups."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(group)
    wins = np.bincount(group, weights=right.astype(np.float64))
    drawn = np.random.default_rng(SEED).integers(len(sizes), size=(2000, len(sizes)))
    shares: NDArray[np.float64] = wins[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return shares


def shares_of(hits: evaluation.Hits, name: str) -> Figure:
    """Return a measure's share with its interval."""
    return share_of(name, hits.right, hits.groups)


def on_renders(encoder: OpenClipEncoder, pieces: int, side: int, drawing: str) -> list[Figure]:
    """Measure on held-out renders.

    Texts look for held-out pieces in a gallery whose other half has the combinations that training saw: among
    held-out combinations alone, category and metal would often leave one stone to choose from.
    """
    pieces //= 2
    plan = Plan(part="held_out", pieces=pieces, per_piece=3, seed=SEED, drawing=drawing)
    house = select_pieces("held_out", pieces, SEED)
    files = draw_all(plan, house, side)
    pixels = np.stack([prepare(data, encoder.preprocess) for data in files])
    vectors = encode(encoder, pixels).reshape(pieces, 3, -1)
    views = np.array([[view for view, _, _ in plan.views(piece)] for piece in range(pieces)])
    mixed = vectors[np.arange(pieces), np.arange(pieces) % 3]
    everything = (*house, *select_pieces("train", pieces, SEED))
    gallery = np.concatenate((mixed, _competitors(encoder, pieces, side, drawing)))
    texts = texts_of(encoder)
    figures = [
        shares_of(evaluation.text_to_image(everything, gallery, texts, asked=pieces), "text to image R@10"),
        shares_of(evaluation.first_hits(everything, gallery, texts, asked=pieces), "short query right at 1"),
    ]
    half = min(1000, pieces)
    packshots = vectors[:half, 0]
    # Half of the queries are taken in the studio, half outside.
    place = 1 + np.arange(half) % 2
    queries = vectors[np.arange(half), place]
    for k in (1, 10):
        right = evaluation.other_view(packshots, queries, k=k).right
        figures.append(share_of(f"other view R@{k}", right))
        for view in sorted(set(views[np.arange(half), place])):
            of_view = views[np.arange(half), place] == view
            figures.append(share_of(f"  {view} R@{k}", right[of_view]))
    for name, attribute in (
        ("zero-shot category (7)", "category"),
        ("zero-shot stone (10)", "stone"),
        ("zero-shot metal group (4)", "metal"),
    ):
        figures.append(share_of(name, evaluation.zero_shot(house, mixed, texts_of(encoder), attribute).right))
        figures += [
            share_of(
                f"  {place}", evaluation.zero_shot(house, vectors[:, at], texts_of(encoder), attribute).right
            )
            for at, place in enumerate(("packshot", "studio", "outside"))
        ]
    return figures


def _competitors(encoder: OpenClipEncoder, pieces: int, side: int, drawing: str) -> NDArray[np.float32]:
    """Return a vector of one picture each of fresh pieces with combinations that training saw."""
    plan = Plan(part="train", pieces=pieces, per_piece=3, seed=SEED, drawing=drawing)
    house = select_pieces("train", pieces, SEED)
    files = draw_all(plan, house, side, one_each=True)
    return encode(encoder, np.stack([prepare(data, encoder.preprocess) for data in files]))


def on_photographs(encoder: OpenClipEncoder, folder: Path) -> list[Figure]:
    """Measure on real photographs: the nearest prompt, and the neighbours' vote from other shops."""
    names, shops, products, files = real_photographs(folder)
    prepared, kept, fused = [], [], []
    for place, file in enumerate(files):
        data = file.read_bytes()
        try:
            prepared.append(prepare(data, encoder.preprocess))
        except UnreadableImageError as error:
            print(f"left out: {file}: {error}")
            continue
        kept.append(place)
        fused.append(classical(data))
    classes = np.array([REAL_CLASSES.index(names[place]) for place in kept])
    shop = np.array([shops[place] for place in kept])
    product = np.array([products[place] for place in kept])
    vectors = encode(encoder, np.stack(prepared))
    # A pendant's own prompt counts for the necklaces, as its label does.
    asked = (*REAL_CLASSES, "pendant")
    answers = np.array([REAL_CLASSES.index(REAL_LABELS[name]) for name in asked])
    prompts = evaluation.class_vectors(evaluation.category_prompts(asked), texts_of(encoder))
    right = answers[(vectors @ prompts.T).argmax(axis=1)] == classes
    per_class = [
        share_of(f"  {name}", right[classes == place], product[classes == place])
        for place, name in enumerate(REAL_CLASSES)
        if (classes == place).any()
    ]
    worst = min(per_class, key=lambda figure: figure.value)
    # The least of five varies otherwise than one class that was named beforehand.
    least = np.min(
        [resampled(right[classes == place], product[classes == place]) for place in np.unique(classes)],
        axis=0,
    )
    shapes, colours = (np.stack(column) for column in zip(*fused, strict=True))
    parts = {"encoder": vectors, "shape": shapes, "colour": colours}
    similar = fused_similarity(parts, parts, FUSION)
    return [
        share_of("photographs, zero-shot category (5)", right, product),
        *per_class,
        Figure(
            name="photographs, worst class",
            value=worst.value,
            count=worst.count,
            low=float(np.percentile(least, 2.5)),
            high=float(np.percentile(least, 97.5)),
        ),
        *(
            share_of(f"  zero-shot in {name}", right[shop == name], product[shop == name])
            for name in sorted(set(shop.tolist()))
        ),
        share_of(
            "photographs, 5 nearest neighbours, fused", neighbours_right(similar, classes, shop), product
        ),
        *(
            share_of(f"  neighbours by {name} alone", neighbours_right(alone(part), classes, shop), product)
            for name, part in parts.items()
        ),
    ]


def alone(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return similarities by one kind of vector; what has none is like nothing."""
    described = np.abs(part).sum(axis=1) > 0
    similar: NDArray[np.float32] = np.where(described[:, None] & described[None, :], part @ part.T, -np.inf)
    return similar


def neighbours_right(
    similar: NDArray[np.float32], classes: NDArray[np.int64], shops: NDArray[np.str_]
) -> NDArray[np.bool_]:
    """Tell for each picture whether its five nearest from other shops vote for its class.

    Votes are weighed by similarity, so that three far neighbours do not outvote two near ones; a picture with
    no neighbour elsewhere is wrong.
    """
    allowed = np.where(shops[:, None] != shops[None, :], similar, -np.inf)
    nearest = np.argsort(-allowed, axis=1, kind="stable")[:, :NEIGHBOURS]
    weights = np.take_along_axis(allowed, nearest, axis=1)
    weights = np.where(np.isfinite(weights), np.exp(10 * np.clip(weights, -1, 1)), 0.0)
    votes = np.zeros((len(similar), int(classes.max()) + 1))
    np.add.at(votes, (np.arange(len(similar))[:, None], classes[nearest]), weights)
    voted: NDArray[np.bool_] = (votes.argmax(axis=1) == classes) & (votes.max(axis=1) > 0)
    return voted


def real_photographs(folder: Path) -> tuple[list[str], list[str], list[str], list[Path]]:
    """Return class, shop, product and file of every photograph that is labelled with one of the five classes.

    Raises:
        FileNotFoundError: If one that is listed is missing.
    """
    names, shops, products, files = [], [], [], []
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = Path(row["path"])
            if row["label"] in REAL_LABELS:
                if not (folder / path).exists():
                    message = f"{folder / path} is listed in images.csv and missing: restore it"
                    raise FileNotFoundError(message)
                products.append(row["product_group"] or row["path"])
                names.append(REAL_LABELS[row["label"]])
                shops.append("/".join(path.parts[:2]) if path.parts[0] == "shops" else path.parts[0])
                files.append(folder / path)
    return names, shops, products, files


def classical(data: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the unit shape and colour descriptors of a picture; zeros where it has none."""
    rgb = np.asarray(reduced(decode_fast(data, at_least_px=256).image, 256), dtype=np.uint8)
    mask = descriptor_mask(rgb)
    # Without a mask there is no silhouette; an empty one gives the zeros that stand for none.
    shape = shape_descriptor(np.zeros(rgb.shape[:2], dtype=np.bool_) if mask is None else mask)
    return shape, colour_descriptor(rgb, mask)


def on_clock(encoder: OpenClipEncoder, count: int, drawing: str) -> list[Figure]:
    """Measure pictures per second from 500 px JPEG to stored vectors, and milliseconds per text query."""
    house = select_pieces("held_out", max(12, count // 6), SEED)
    plan = Plan(part="held_out", pieces=len(house), per_piece=3, seed=SEED, drawing=drawing)
    files = draw_all(plan, house, 500)
    while len(files) < count:  # a comment's worth of difference makes a file another one
        files += [data + len(files).to_bytes(4) for data in files]
    files = files[:count]
    rates = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            objects = LocalObjectStore(Path(folder))
            wanted = []
            for data in files:
                image_id = sha256_hex(data)
                objects.put(digest_key("images", image_id), data)
                wanted.append((int(image_id[:16], 16) >> 1, image_id))
            started = time.perf_counter()
            report = embed_shard(objects, encoder, 0, wanted, workers=2)
            rates.append(report.embedded / (time.perf_counter() - started))
    queries = [caption.text for caption in map(evaluation.short_query, house)]
    times = []
    for query in (queries * (1 + 200 // len(queries)))[:200]:
        started = time.perf_counter()
        encoder.encode_texts([query])
        times.append(1000 * (time.perf_counter() - started))
    return [
        Figure(name="pictures per second", value=float(np.median(rates)), count=count),
        Figure(name="text query ms", value=float(np.median(times)), count=len(times)),
    ]


def draw_all(plan: Plan, house: Sequence[Piece], side: int, *, one_each: bool = False) -> list[bytes]:
    """Return the JPEG bytes of a plan's pictures, those of one piece in a row, or one of each in turn."""
    shots = [
        (plan.drawing, piece, view, seed, turn, side)
        for index, piece in enumerate(house)
        for place, (view, seed, turn) in enumerate(plan.views(index))
        if not one_each or place == index % plan.per_piece
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return list(pool.map(draw_one, shots, chunksize=16))


def draw_one(shot: tuple[str, Piece, str, int, float, int]) -> bytes:
    """Return one picture as JPEG."""
    drawing, piece, view, seed, turn, side = shot
    draw = draw_house if drawing == "house" else draw_stand_in
    buffer = io.BytesIO()
    Image.fromarray(draw(piece, view, seed, turn, side)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def encode(encoder: OpenClipEncoder, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return unit vectors of prepared pictures."""
    size = 64
    return np.concatenate(
        [encoder.encode_images(pixels[at : at + size]) for at in range(0, len(pixels), size)]
    )


def texts_of(encoder: OpenClipEncoder) -> evaluation.EncodeTexts:
    """Return serving's way with texts, in batches: known words, then vectors."""

    def encode_texts(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.concatenate(
            [
                encoder.encode_texts([encoder.read_text(text).text for text in texts[at : at + 256]])
                for at in range(0, len(texts), 256)
            ]
        )

    return encode_texts


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="loupe-small", help="as the setting encoder.model")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--pieces", type=int, default=2000)
    parser.add_argument("--side", type=int, default=320, help="side of the renders in pixels")
    parser.add_argument("--drawing", choices=("house", "stand_in"), default="house")
    parser.add_argument("--clock-pictures", type=int, default=600)
    parser.add_argument("--real", action="store_true", help="also the real photographs: once, at the end")
    parser.add_argument("--real-folder", type=Path, default=REAL)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    if given.real and not (given.real_folder / "images.csv").is_file():
        parser.error(f"{given.real_folder} holds no images.csv: name the folder with --real-folder")
    encoder = load_encoder(EncoderSettings(model=given.model, checkpoint=given.checkpoint))
    figures = on_renders(encoder, given.pieces, given.side, given.drawing)
    figures += on_clock(encoder, given.clock_pictures, given.drawing)
    if given.real:
        figures += on_photographs(encoder, given.real_folder)
    result = {
        "question": __doc__.splitlines()[0],
        "model": Path(given.model).name,
        "encoder_id": encoder.encoder_id,
        "torch_threads": torch.get_num_threads(),
        "figures": [
            {
                "name": figure.name.strip(),
                "value": round(figure.value, 4),
                "low": None if figure.low is None else round(figure.low, 4),
                "high": None if figure.high is None else round(figure.high, 4),
                "count": figure.count,
                "bar": BARS.get(figure.name),
            }
            for figure in figures
        ],
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("measure", "value", "95 % interval", "count", "bar", title=f"{result['model']}")
    for figure in figures:
        interval = (
            "" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"
        )
        bar = BARS.get(figure.name)
        table.add_row(
            figure.name, f"{figure.value:.3f}", interval, str(figure.count), "" if bar is None else f"{bar:g}"
        )
    Console().print(table)
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
