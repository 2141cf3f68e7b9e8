"""Who sells which piece, under which id, from when to when, and which pictures show it there.

Everything follows from the pieces, the seed and the number of days; nothing here writes a file.  ``market``
makes prices and stock of it, ``faults`` adds what goes wrong, ``exports`` puts it into a feed's format.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sample_feeds.french import CATEGORIES as FRENCH_CATEGORIES
from sample_feeds.pieces import Piece
from sample_feeds.wording import slug

Feed = Literal["maison", "northgem", "juwelhaus", "atelier"]
FEEDS: tuple[Feed, ...] = ("maison", "northgem", "juwelhaus", "atelier")
# Days from one delivery to the next.  juwelhaus and the community send what changed, the others everything.
DELIVERED_EVERY: Mapping[str, int] = {
    "maison": 1,
    "northgem": 2,
    "juwelhaus": 1,
    "atelier": 7,
    "community": 1,
}
# Shares of the pieces by who sells them: three in five are sold by two or more.
SELLERS: tuple[tuple[tuple[Feed, ...], float], ...] = (
    (("maison", "northgem", "juwelhaus", "atelier"), 0.08),
    (("maison", "northgem", "atelier"), 0.09),
    (("maison", "juwelhaus", "atelier"), 0.09),
    (("maison", "northgem"), 0.09),
    (("northgem", "juwelhaus"), 0.08),
    (("northgem", "atelier"), 0.08),
    (("juwelhaus", "atelier"), 0.09),
    (("maison",), 0.16),
    (("northgem",), 0.12),
    (("juwelhaus",), 0.06),
    (("atelier",), 0.06),
)
# Beside its packshot a listing has each of these with the given probability.
FURTHER_VIEWS: Mapping[Feed, Mapping[str, float]] = {
    "maison": {"angle": 0.25, "closeup": 0.15, "worn": 0.18, "hand": 0.08},
    "northgem": {"angle": 0.25, "card": 0.1, "worn": 0.06},
    "juwelhaus": {"closeup": 0.18, "worn": 0.1, "card": 0.08},
    "atelier": {"angle": 0.2, "closeup": 0.15},
}
CERTIFICATE_SHEETS = 0.35  # of the manufacturer's certified pieces
TURNTABLE_EVERY = 40  # one in so many of the manufacturer's pieces has turned before the camera
TURNTABLE_FRAMES = 8
LAUNCHED = 0.12  # share of pieces that come after the first day
WITHDRAWN = 0.08  # share of pieces whose making ends before the last day
MISTYPED = 0.05  # share of listings whose title has a slip in its first delivery
_FRENCH_VIEWS = {"packshot": "face", "angle": "profil", "closeup": "zoom", "worn": "portee", "hand": "main"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a listing names.

    ``view`` is what it shows the piece as, ``turn`` a turntable's position in degrees, ``fault`` what was
    done to it, ``shows`` the key of the piece it shows where that is another one, ``same_bytes_as`` the
    ``<feed>/<file>`` whose bytes it shares.
    """

    file: str
    view: str
    turn: float = 0.0
    fault: str | None = None
    shows: str | None = None
    same_bytes_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A piece in one source's assortment, from day ``first`` to day ``last``, counted from 0.

    ``gtin`` and ``mpn`` say whether the source states them; ``fineness`` is what it states, right or wrong.
    From day ``ends`` on the piece is no longer made: nothing is restocked (None while it is made).
    """

    feed: Feed
    piece: Piece
    source_id: str
    first: int
    last: int
    ends: int | None
    gtin: bool
    mpn: bool
    fineness: int | None
    pictures: tuple[Picture, ...]
    mistyped: bool  # a slip in the title of its first delivery, put right in the next
    misfiled: str | None = None  # the category that it is filed under by mistake; "" is one nobody knows
    currency: str | None = None  # stated by mistake instead of the shop's
    slip_day: int | None = None  # the day on which its price lacks the decimal mark
    broken_gtin: bool = False

    @property
    def key(self) -> tuple[Feed, str]:
        """What tells it from every other listing."""
        return self.feed, self.piece.key


def delivery_days(feed: str, days: int) -> range:
    """Return the days, counted from 0, on which a feed delivers in a house of so many days."""
    return range(0, days, DELIVERED_EVERY[feed])


def assortment(pieces: Sequence[Piece], *, seed: int, days: int) -> tuple[Sold, ...]:
    """Decide who sells which piece, and for how long."""
    rng = random.Random(f"loupe-assortment-{seed}")  # noqa: S311 - reproducible, not a secret
    shuffled = list(pieces)
    rng.shuffle(shuffled)
    # One hallmarked piece that all sell, always and with its GTIN, is what faults can count on.
    lead = min(shuffled, key=lambda piece: (piece.metal != "gold", piece.fineness is None))
    shuffled.remove(lead)
    shuffled.insert(0, lead)
    sold: list[Sold] = []
    bounds = _bounds(len(pieces))
    for sellers, (start, end) in zip((names for names, _ in SELLERS), bounds, strict=True):
        nameless = _without_identifiers(shuffled[start:end]) if sellers == ("northgem", "atelier") else set()
        for position, piece in enumerate(shuffled[start:end]):
            sold += _sell(rng, piece, sellers, position, days, identified=piece.key not in nameless)
    feeds = {feed: number for number, feed in enumerate(FEEDS)}
    return tuple(sorted(sold, key=lambda one: (feeds[one.feed], one.piece.key)))


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
    return {piece.key for piece in fitting[: 2 + len(pieces) // 50]}


def _sell(
    rng: random.Random,
    piece: Piece,
    sellers: tuple[Feed, ...],
    position: int,
    days: int,
    *,
    identified: bool,
) -> list[Sold]:
    # The first piece of every group stays from the first day to the last: faults are planted on it.
    stays = position == 0 or days < 2
    launched = not stays and rng.random() < LAUNCHED
    withdrawn = not stays and not launched and rng.random() < WITHDRAWN
    launch = rng.randrange(1, days) if launched else 0
    ends = rng.randrange(days // 2, days) if withdrawn else None
    stated: dict[Feed, tuple[bool, bool]] = {feed: (feed == "atelier", feed == "atelier") for feed in sellers}
    if identified:
        stated = _identifiers(rng, sellers, always=position == 0)
    sold: list[Sold] = []
    for feed in sellers:
        gtin, mpn = stated[feed]
        # No shop lists a piece on the day it is launched, and none after its last delivery.
        lag = rng.randrange(4) if launched and feed != "atelier" else 0
        sells_out = rng.randrange(1, 6)
        sold.append(
            Sold(
                feed=feed,
                piece=piece,
                source_id=_source_id(feed, piece),
                first=min(launch + lag, delivery_days(feed, days)[-1]),
                last=days - 1 if ends is None else min(ends + sells_out, days - 1),
                ends=ends,
                gtin=gtin,
                mpn=mpn,
                fineness=piece.fineness,
                pictures=_pictures(rng, feed, piece, sellers),
                mistyped=not stays and rng.random() < MISTYPED,
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
    match feed:
        case "maison":
            return slug(f"{FRENCH_CATEGORIES[piece.category][0]} {piece.name} {number}")
        case "northgem":
            return f"NG-{number}"
        case "juwelhaus":
            return f"JH{int(number) * 3 + 100_000}"
        case _:
            return f"A{number}"


def _pictures(rng: random.Random, feed: Feed, piece: Piece, sellers: tuple[Feed, ...]) -> tuple[Picture, ...]:
    views = ["packshot", *(view for view, share in FURTHER_VIEWS[feed].items() if rng.random() < share)]
    pictures = [Picture(file=_file(feed, piece, view), view=view) for view in views]
    borrowing = feed in ("northgem", "juwelhaus") and "atelier" in sellers
    if borrowing and rng.random() < 0.35:  # some shops show the manufacturer's own picture
        theirs = f"atelier/{_file('atelier', piece, 'packshot')}"
        pictures.append(
            Picture(file=_file(feed, piece, "manufacturer"), view="packshot", same_bytes_as=theirs)
        )
    if feed == "atelier":
        if piece.certificate and rng.random() < CERTIFICATE_SHEETS:
            pictures.append(Picture(file=_file(feed, piece, "certificate"), view="certificate"))
        if rng.randrange(TURNTABLE_EVERY) == 0:
            pictures += [
                Picture(
                    file=f"{piece.mpn}/turntable_{frame + 1:02d}.jpg",
                    view="turntable",
                    turn=360.0 * frame / TURNTABLE_FRAMES,
                )
                for frame in range(TURNTABLE_FRAMES)
            ]
    return tuple(pictures)


def _file(feed: Feed, piece: Piece, view: str) -> str:
    number = piece.article_number
    match feed:
        case "maison":
            return f"{slug(piece.name)}-{number}-{_FRENCH_VIEWS.get(view, view)}.jpg"
        case "northgem":
            return f"{number}_{view}.jpg"
        case "juwelhaus":
            return f"bilder/{_source_id(feed, piece)}/{view}.jpg"
        case _:
            return f"{piece.mpn}/{view}.jpg"
