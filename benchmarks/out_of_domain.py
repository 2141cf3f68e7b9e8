"""Can a picture without jewelry be told by its vector alone, and what does that lose of jewelry?

Three ways over the same pictures, by the area under the ROC curve: the encoder's head (``vision.domain``),
words of jewelry against words of other things, and likeness to the nearest renders of jewelry.  Then what the
head's bound makes of them.  Drawn pictures always; photographs where ``--photographs`` names a folder with
``images.csv`` (path, label), whose labels ``distractor_…`` are not jewelry.  Nothing is fitted here.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hardware import hardware
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

from encoder_training.domain import drawn_jewelry, drawn_others, vectors_of
from vision.domain import DomainHead, head_of
from vision.encoders import Encoder, EncoderSettings
from vision.open_clip_encoder import load_encoder
from vision.queries import encode_queries

OUT = Path(__file__).parent / "out" / "out_of_domain.json"
_JEWELRY_WORDS = (
    "a ring",
    "a necklace",
    "a pair of earrings",
    "a bracelet",
    "a pendant",
    "a brooch",
    "a watch",
)
_OTHER_WORDS = ("leather", "a dress", "a person", "a model", "skin", "background", "a hand", "men", "women")
_NEAREST = 10
Vectors = NDArray[np.float32]


def area_under_curve(higher: NDArray[Any], lower: NDArray[Any]) -> float:
    """Return how often one of ``higher`` scores above one of ``lower``; ties count half."""
    ranks = rankdata(np.concatenate((higher, lower)))
    above = ranks[: len(higher)].sum() - len(higher) * (len(higher) + 1) / 2
    return float(above / (len(higher) * len(lower)))


def by_words(encoder: Encoder, vectors: Vectors) -> NDArray[Any]:
    """Return how much nearer vectors are to words of jewelry than to words of other things."""
    jewelry, others = (encode_queries(encoder, words).vectors for words in (_JEWELRY_WORDS, _OTHER_WORDS))
    return (vectors @ jewelry.T).max(axis=1) - (vectors @ others.T).max(axis=1)


def by_neighbours(reference: Vectors, vectors: Vectors) -> NDArray[Any]:
    """Return the mean likeness to the nearest pictures of jewelry."""
    likeness = vectors @ reference.T
    return np.sort(likeness, axis=1)[:, -min(_NEAREST, likeness.shape[1]) :].mean(axis=1)


def figures(
    encoder: Encoder, head: DomainHead, reference: Vectors, jewelry: Vectors, others: Vectors
) -> dict[str, Any]:
    """Return the areas of the three ways, and how many of each kind the head's bound keeps out."""
    lost, told = (int((head.scores(some) < head.bound).sum()) for some in (jewelry, others))
    ways = {
        "head": head.scores,
        "words": lambda some: by_words(encoder, some),
        "neighbours": lambda some: by_neighbours(reference, some),
    }
    areas = {name: round(area_under_curve(way(jewelry), way(others)), 3) for name, way in ways.items()}
    return {
        "jewelry": len(jewelry),
        "others": len(others),
        "area_under_curve": areas,
        "others_kept_out": told,
        "jewelry_lost": lost,
    }


def photographs(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder's jewelry, and of what is none."""
    with (folder / "images.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    is_other = [row["label"].startswith("distractor_") for row in rows]
    return (
        [folder / row["path"] for row, other in zip(rows, is_other, strict=True) if not other],
        [folder / row["path"] for row, other in zip(rows, is_other, strict=True) if other],
    )


def _bytes(paths: list[Path]) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in paths)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=150, help="held-out pieces, four views each")
    parser.add_argument("--others", type=int, default=600, help="drawn pictures of anything else")
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    encoder = load_encoder(EncoderSettings(model="loupe-small"))
    head = head_of(encoder.encoder_id)
    if head is None:
        parser.error("the encoder has no head: fit one with `python -m encoder_training domain`")
    how = {"side_px": 256, "workers": 1}
    reference = vectors_of(encoder, drawn_jewelry("train", given.pieces, **how))
    result: dict[str, Any] = {
        "encoder_id": encoder.encoder_id,
        "drawn": figures(
            encoder,
            head,
            reference,
            vectors_of(encoder, drawn_jewelry("held_out", given.pieces, **how)),
            vectors_of(encoder, drawn_others(0, given.others, **how)),
        ),
    }
    if given.photographs:
        jewelry, others = (vectors_of(encoder, _bytes(paths)) for paths in photographs(given.photographs))
        result["photographs"] = figures(encoder, head, reference, jewelry, others)
    table = Table("pictures", "jewelry", "others", "area: head", "words", "neighbours", "kept out", "lost")
    for name in ("drawn", "photographs"):
        if one := result.get(name):
            areas = [f"{one['area_under_curve'][way]:.3f}" for way in ("head", "words", "neighbours")]
            table.add_row(
                name, str(one["jewelry"]), str(one["others"]), *areas,
                str(one["others_kept_out"]), str(one["jewelry_lost"]),
            )  # fmt: skip
    Console().print(table)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"figures": result, "hardware": hardware()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
