"""Are copies of a photograph found, and look-alikes left alone?  What does looking among many cost?

Every picture is changed as copies are (compressed, halved, padded, cut, lightened, text beside the piece or
across it, mirrored); counted is how many copies the hashes propose and the pixels confirm.  Then all pictures
are looked at together: how many pairs are proposed, how many of them confirmed.  Pictures are renders of the
sample house, or those of ``--pictures FOLDER``.  Last, the search among so many random hashes is timed.
"""

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from hardware import hardware
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps
from rich.console import Console
from rich.table import Table

from catalog.hash_search import pairs_within
from catalog.picture_relations import LOOK_ALIKE, PROPOSED_WITHIN_BITS, Way, propose, relation_of
from encoder_training.picture_set import draw_house
from sample_feeds.pieces import Piece, piece_catalogue
from vision.colour import reduced
from vision.decoding import decode
from vision.errors import UnreadableImageError
from vision.perceptual_hash import MIRROR_BITS, perceptual_hashes
from vision.photograph_comparison import PreparedPhotograph, compare_photographs, prepare_photograph
from vision.small_view import small_view

OUT = Path(__file__).parent / "out" / "duplicates.json"
LARGEST_SIDE_PX = 1000
Change = Callable[[Image.Image], Image.Image]


def compressed(picture: Image.Image) -> Image.Image:
    """Save as a small JPEG and read it back."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def padded(picture: Image.Image) -> Image.Image:
    """Put a picture on a wider sheet of its own corner's colour."""
    return ImageOps.expand(picture, border=picture.width // 5, fill=picture.getpixel((0, 0)))


def cut(picture: Image.Image) -> Image.Image:
    """Take some per cent away on every side."""
    width, height = picture.size
    return picture.crop((int(width * 0.04), int(height * 0.02), int(width * 0.97), int(height * 0.96)))


def text_beside(picture: Image.Image) -> Image.Image:
    """Write a shop's address into the lower corner."""
    copy, font = picture.copy(), ImageFont.load_default(max(10, picture.width / 22))
    place = (picture.width * 0.97, picture.height * 0.95)
    ImageDraw.Draw(copy).text(place, "www.shop.example", fill=(120, 120, 120), anchor="rs", font=font)
    return copy


def text_across(picture: Image.Image) -> Image.Image:
    """Lay a shop's name over the piece, a third of it showing."""
    copy, font = picture.copy(), ImageFont.load_default(max(12, picture.width / 6))
    place = (picture.width / 2, picture.height / 2)
    ImageDraw.Draw(copy).text(place, "SHOPNAME", fill=(90, 90, 90), anchor="mm", font=font)
    return Image.blend(picture, copy, 0.35)


CHANGES: dict[str, Change] = {
    "JPEG quality 40": compressed,
    "half size": lambda one: one.resize((one.width // 2, one.height // 2), Image.Resampling.LANCZOS),
    "padded": padded,
    "cut": cut,
    "lightened": lambda one: ImageEnhance.Brightness(one).enhance(1.12),
    "text beside": text_beside,
    "text across": text_across,
    "mirrored": ImageOps.mirror,
}


def hashes_of(pictures: Iterable[Image.Image]) -> dict[str, tuple[int, int]]:
    """Return the pictures' hashes by their places."""
    found = (perceptual_hashes(small_view(picture)) for picture in pictures)
    return {f"{place:06d}": (one.piece, one.frame) for place, one in enumerate(found)}


def related(one: PreparedPhotograph, other: PreparedPhotograph, ways: Iterable[Way]) -> str:
    """Return what two pictures are to each other, by the way that fits best."""
    tried = [
        asdict(
            compare_photographs(
                getattr(one, way.cut_to), getattr(other, way.cut_to), is_mirrored=way.is_mirrored
            )
        )
        for way in ways
    ]
    return relation_of(max(tried, key=lambda found: found["detail_correlation"]))


def copies(pictures: list[Image.Image], change: Change) -> dict[str, float]:
    """Return the shares of changed copies that are proposed, related at all, and told to be the same."""
    counts = {"proposed": 0, "related": 0, "same": 0}
    for picture in pictures:
        copy = change(picture)
        ways = propose(hashes_of((picture, copy)), mirror_bits=MIRROR_BITS).get(("000000", "000001"), {})
        if ways:
            relation = related(prepare_photograph(picture), prepare_photograph(copy), ways)
            counts["proposed"] += 1
            counts["related"] += relation != LOOK_ALIKE
            counts["same"] += relation == "same_photograph"
    return {name: round(count / len(pictures), 3) for name, count in counts.items()}


def among(pictures: list[Image.Image]) -> dict[str, float]:
    """Return how many pairs of different pictures are proposed, and what their pixels say of them."""
    proposed = propose(hashes_of(pictures), mirror_bits=MIRROR_BITS)
    prepared = {f"{place:06d}": prepare_photograph(picture) for place, picture in enumerate(pictures)}
    started = time.perf_counter()
    relations = [related(prepared[one], prepared[other], ways) for (one, other), ways in proposed.items()]
    seconds = time.perf_counter() - started
    pairs = len(pictures) * (len(pictures) - 1) // 2
    return {
        "pictures": len(pictures),
        "pairs": pairs,
        "proposed": len(proposed),
        "altered_photograph": relations.count("altered_photograph"),
        "same_photograph": relations.count("same_photograph"),
        "ms_per_comparison": round(1000 * seconds / max(1, len(proposed)), 1),
    }


def search_seconds(count: int) -> dict[str, float]:
    """Return how long it takes to find near pairs among random hashes, by radius in bits."""
    hashes = np.random.default_rng(1).integers(0, 2**64, count, dtype=np.uint64)
    seconds = {}
    for radius in (3, 7, PROPOSED_WITHIN_BITS):
        started = time.perf_counter()
        pairs_within(hashes, hashes, radius)
        seconds[str(radius)] = round(time.perf_counter() - started, 1)
    return seconds


def _drawn(shot: tuple[Piece, str, int]) -> Image.Image:
    piece, view, seed = shot
    return Image.fromarray(draw_house(piece, view, seed, 0.0, 512))


def renders(count: int) -> list[Image.Image]:
    """Return packshots, angles and pictures worn of that many pieces."""
    views = ("packshot", "angle", "worn")
    shots = [(piece, views[place % 3], place) for place, piece in enumerate(piece_catalogue(count, 11))]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(_drawn, shots, chunksize=8))


def read(folder: Path) -> list[Image.Image]:
    """Return the readable pictures below a folder, by name."""
    pictures = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            pictures.append(reduced(decode(path.read_bytes()).image, LARGEST_SIDE_PX))
        except UnreadableImageError:
            continue
    return pictures


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="folder of pictures to take instead of renders")
    parser.add_argument("--renders", type=int, default=300)
    parser.add_argument("--copied", type=int, default=120, help="pictures that are changed in every way")
    parser.add_argument("--hashes", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    pictures = read(given.pictures) if given.pictures else renders(given.renders)
    step = max(1, len(pictures) // given.copied)
    chosen = pictures[::step][: given.copied]
    with ThreadPoolExecutor(2) as pool:
        found = dict(
            zip(CHANGES, pool.map(lambda change: copies(chosen, change), CHANGES.values()), strict=True)
        )
    result = {
        "question": __doc__.splitlines()[0],
        "copies": found,
        "among_all": among(pictures),
        "hashes": given.hashes,
        "search_seconds": search_seconds(given.hashes),
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("copies", "proposed", "related", "the same", title=f"{len(chosen)} pictures")
    for name, shares in found.items():
        table.add_row(name, *(f"{shares[key]:.3f}" for key in ("proposed", "related", "same")))
    Console().print(table)
    print(json.dumps({key: result[key] for key in ("among_all", "hashes", "search_seconds", "hardware")}))


if __name__ == "__main__":
    main()
