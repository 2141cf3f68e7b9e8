"""Who sells which piece, under which id, from when to when, and at what price on a delivery's day.

Everything follows from the pieces, the seed and the number of deliveries; nothing here writes a file.
``faults`` adds what goes wrong, ``exports`` puts offers into a feed's format.
"""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sample_feeds.pieces import Piece
from sample_feeds.wording import FRENCH_CATEGORIES, slug

Feed = Literal["maison", "northgem", "atelier"]
FEEDS: tuple[Feed, ...] = ("maison", "northgem", "atelier")
# Shares of the pieces by who sells them: three in five are sold by two or more.
SELLERS: tuple[tuple[tuple[Feed, ...], float], ...] = (
    (("maison", "northgem", "atelier"), 0.20),
    (("maison", "northgem"), 0.14),
    (("maison", "atelier"), 0.14),
    (("northgem", "atelier"), 0.12),
    (("maison",), 0.17),
    (("northgem",), 0.12),
    (("atelier",), 0.11),
)
VIEWS: dict[Feed, tuple[str, ...]] = {
    "maison": ("front", "angle", "detail"),
    "northgem": ("table", "studio_angle"),
    "atelier": ("studio", "studio_detail"),
}
DOLLARS_PER_EURO = 1.12
WHOLESALE_SHARE = 0.46
SALE_SHARE = 0.2  # taken off the price of what is on sale
GOLD_RISE = 0.04  # the last delivery's rise of everything in gold


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a listing names: its file, the view it shows, and whose bytes it shares, if any."""

    file: str
    view: str
    same_bytes_as: str | None = None  # "<feed>/<file>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A piece in one source's assortment.  It is in the deliveries ``first`` to ``last``, counted from 0.

    ``gtin`` and ``mpn`` say whether the source states them; ``fineness`` is what it states, right or wrong.
    """

    feed: Feed
    piece: Piece
    source_id: str
    first: int
    last: int
    gtin: bool
    mpn: bool
    fineness: int | None
    pictures: tuple[Picture, ...]
    typo: bool  # a slip in the title, put right from the second delivery on
    misfiled: bool = False  # under a word that is no category


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a source says of a piece in one delivery.  Money in minor units of the source's currency."""

    sold: Sold
    price_minor: int
    list_price_minor: int | None
    availability: Literal["in_stock", "out_of_stock", "preorder", "discontinued"]
    stock: int
    typo: bool


def assortment(pieces: Sequence[Piece], *, seed: int, drops: int) -> tuple[Sold, ...]:
    """Decide who sells which piece, and for how long."""
    rng = random.Random(f"loupe-assortment-{seed}")  # noqa: S311 - reproducible, not a secret
    shuffled = list(pieces)
    rng.shuffle(shuffled)
    # One hallmarked piece that all three sell, always and with its GTIN, is what faults can count on.
    lead = min(shuffled, key=lambda piece: (piece.metal != "gold", piece.fineness is None))
    shuffled.remove(lead)
    shuffled.insert(0, lead)
    sold: list[Sold] = []
    bounds = _bounds(len(pieces))
    for sellers, (start, end) in zip((names for names, _ in SELLERS), bounds, strict=True):
        nameless = _without_identifiers(shuffled[start:end]) if sellers == ("northgem", "atelier") else set()
        for position, piece in enumerate(shuffled[start:end]):
            sold += _sell(rng, piece, sellers, position, drops, identified=piece.key not in nameless)
    feeds = {feed: number for number, feed in enumerate(FEEDS)}
    return tuple(sorted(sold, key=lambda one: (feeds[one.feed], one.piece.key)))


def offer(sold: Sold, *, drop: int, drops: int, seed: int) -> Offer:
    """Return what a source says of a piece in delivery ``drop``."""
    steady = random.Random(f"{seed}-{sold.feed}-{sold.piece.key}")  # noqa: S311
    now = random.Random(f"{seed}-{sold.feed}-{sold.piece.key}-{drop}")  # noqa: S311
    share = {"maison": 1.0, "northgem": DOLLARS_PER_EURO, "atelier": WHOLESALE_SHARE}[sold.feed]
    price = sold.piece.price_minor * share * steady.uniform(0.94, 1.08)
    if drop > 0 and drop == drops - 1 and sold.piece.metal == "gold":
        price *= 1 + GOLD_RISE
    on_sale = sold.feed != "atelier" and drop == 1 and steady.random() < 0.28
    full = _charming(price)
    state: Literal["in_stock", "out_of_stock", "preorder", "discontinued"] = "in_stock"
    luck = now.random()
    if luck > 0.95:
        state = "preorder"
    elif luck > 0.84:
        state = "out_of_stock"
    if sold.feed == "atelier" and steady.random() < 0.08 and drop == drops - 1:
        state = "discontinued"
    return Offer(
        sold=sold,
        price_minor=_charming(price * (1 - SALE_SHARE)) if on_sale else full,
        list_price_minor=full if on_sale else None,
        availability=state,
        stock=now.randint(1, 24) if state == "in_stock" else 0,
        typo=sold.typo and drop == 0,
    )


def _bounds(count: int) -> list[tuple[int, int]]:
    ends, total = [0], 0.0
    for _, share in SELLERS:
        total += share
        ends.append(round(total * count))
    return list(itertools.pairwise(ends))


def _without_identifiers(pieces: Sequence[Piece]) -> set[str]:
    """Choose the few pieces that only brand and attributes join: both sellers can state all of those."""
    fitting = [
        piece
        for piece in pieces[1:]
        if piece.stones and piece.fineness and "diameter" not in piece.dimensions_mm
    ]
    return {piece.key for piece in fitting[:2]}


def _sell(
    rng: random.Random,
    piece: Piece,
    sellers: tuple[Feed, ...],
    position: int,
    drops: int,
    *,
    identified: bool,
) -> list[Sold]:
    # The first piece of every group stays from the first delivery to the last: faults are planted on it.
    launched = position > 0 and drops > 1 and rng.random() < 0.12
    withdrawn = position > 0 and drops > 1 and not launched and rng.random() < 0.1
    first = rng.randrange(1, drops) if launched else 0
    last = rng.randrange(drops - 1) if withdrawn else drops - 1
    stated: dict[Feed, tuple[bool, bool]] = {"northgem": (False, False), "atelier": (True, True)}
    if identified:
        stated = _identifiers(rng, sellers, always=position == 0)
    sold: list[Sold] = []
    for feed in sellers:
        gtin, mpn = stated[feed]
        sold.append(
            Sold(
                feed=feed,
                piece=piece,
                source_id=_source_id(feed, piece),
                first=first,
                last=last,
                gtin=gtin,
                mpn=mpn,
                fineness=piece.fineness,
                pictures=_pictures(rng, feed, piece, sellers),
                typo=drops > 1 and position > 0 and rng.random() < 0.06,
            )
        )
    return sold


def _identifiers(
    rng: random.Random, sellers: tuple[Feed, ...], *, always: bool
) -> dict[Feed, tuple[bool, bool]]:
    """Say per seller whether it states (GTIN, MPN); all sellers of one piece share at least one of them.

    With ``always``, the GTIN is what they share.
    """
    by_gtin = always or rng.random() < 0.65
    stated: dict[Feed, tuple[bool, bool]] = {"atelier": (True, True)}
    for feed in sellers:
        if feed != "atelier":
            both = rng.random() < 0.5
            stated[feed] = (by_gtin or both, not by_gtin or both)
    return stated


def _source_id(feed: Feed, piece: Piece) -> str:
    number = piece.article_number
    if feed == "maison":
        return slug(f"{FRENCH_CATEGORIES[piece.category][0]} {piece.name} {number}")
    return f"NG-{number}" if feed == "northgem" else f"A{number}"


def _pictures(rng: random.Random, feed: Feed, piece: Piece, sellers: tuple[Feed, ...]) -> tuple[Picture, ...]:
    views = list(VIEWS[feed])
    if feed == "maison" and rng.random() < 0.5:
        views = views[:2]
    stem = slug(piece.name)
    pictures = [Picture(file=_file(feed, piece, stem, view), view=view) for view in views]
    if feed == "northgem" and "atelier" in sellers and rng.random() < 0.45:
        theirs = _file("atelier", piece, stem, "studio")
        mine = _file(feed, piece, stem, "studio")
        pictures[-1] = Picture(file=mine, view="studio", same_bytes_as=f"atelier/{theirs}")
    return tuple(pictures)


def _file(feed: Feed, piece: Piece, stem: str, view: str) -> str:
    number = piece.article_number
    match feed:
        case "maison":
            french = {"front": "face", "angle": "profil", "detail": "zoom"}
            return f"{stem}-{number}-{french[view]}.jpg"
        case "northgem":
            return f"{number}_{view}.jpg"
        case _:
            return f"{piece.mpn}/{view}.jpg"


def _charming(price_minor: float) -> int:
    """Round a price as shops do: to whole units, and above 200 to the next lower ten less one."""
    units = int(price_minor / 100)
    return (units if units < 200 else units // 10 * 10 + 9 - 10 * (units % 10 < 5)) * 100
