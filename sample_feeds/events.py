"""What visitors of the house's shop window do: views, clicks, favourites and purchases, day by day.

Every visitor has a planted taste: one or two colours of metal, some stones, a style.  What a visitor is shown
follows popularity and position alone, what is clicked follows taste: a reader who takes clicks for taste
without regard to what was shown learns popularity.
"""

import hashlib
import json
import math
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from sample_feeds.assortments import Sold
from sample_feeds.market import Market
from sample_feeds.pieces import STONES, STYLES, Piece

VISITORS_PER_PIECE = 0.4
VISITS_PER_DAY = 0.16  # of one visitor; a few come far more often than the others
SHOWN = 8  # pieces on a page
POPULARITY_POWER = 0.8  # a piece's chance to be shown grows with its popularity to this power
POSITION_DECAY = 0.82  # what stands further down a page is looked at less
COLOUR_WEIGHT, STONE_WEIGHT, STYLE_WEIGHT, BASE = 1.3, 1.6, 1.0, -3.6
FAVOURITE_AFTER_CLICK, PURCHASE_AFTER_FAVOURITE = 0.3, 0.2
COLOURS = ("yellow", "white", "rose", "silver", "grey", "black")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody with a taste; ``visits_per_day`` is how often they come."""

    visitor: str
    colours: tuple[str, ...]
    stones: tuple[str, ...]
    style: str
    visits_per_day: float

    def liking(self, piece: Piece) -> float:
        """Return the logarithm of the odds that a piece is clicked once it is looked at."""
        return (
            BASE
            + COLOUR_WEIGHT * (piece.shown_colour in self.colours)
            + STONE_WEIGHT * (piece.stone is not None and piece.stone.name in self.stones)
            + STYLE_WEIGHT * (piece.style == self.style)
        )


def visitors(pieces: int, seed: int) -> tuple[Visitor, ...]:
    """Draw the visitors of a house of so many pieces, at least a dozen."""
    rng = random.Random(f"loupe-visitors-{seed}")  # noqa: S311 - reproducible, not a secret
    return tuple(
        Visitor(
            visitor=f"v-{hashlib.sha256(f'{seed}-visitor-{number}'.encode()).hexdigest()[:10]}",
            colours=tuple(sorted(rng.sample(COLOURS[:4], rng.choice((1, 1, 2))))),
            stones=tuple(sorted(rng.sample(list(STONES), rng.randint(1, 3)))),
            style=rng.choice(STYLES),
            visits_per_day=round(VISITS_PER_DAY * rng.paretovariate(2.0), 4),
        )
        for number in range(max(12, round(VISITORS_PER_PIECE * pieces)))
    )


def events_of_day(
    people: Sequence[Visitor], sold: Sequence[Sold], market: Market, number: int
) -> Iterator[dict[str, str | int]]:
    """Yield what happens on one day, in the order of the clock.

    A ``view`` is a listing that stood on a page before the visitor's eyes, with its ``position`` from 0.
    """
    rng = random.Random(f"loupe-events-{market.seed}-{number}")  # noqa: S311 - reproducible, not a secret
    window = [one for one in sold if one.feed != "atelier" and one.first <= number <= one.last]
    if not window:
        return
    chances = list(
        accumulate(
            (market.popularity(one.piece) * market.mood(one.piece, number)) ** POPULARITY_POWER
            for one in window
        )
    )
    midnight = datetime.combine(market.day(number), time(), UTC)
    visits = [
        (rng.randrange(6 * 3600, 23 * 3600), person)
        for person in people
        for _ in range(_count(rng, person.visits_per_day))
    ]
    for second, person in sorted(visits, key=lambda visit: (visit[0], visit[1].visitor)):
        clock = midnight + timedelta(seconds=second)
        for position in range(SHOWN):
            one = window[min(bisect(chances, rng.random() * chances[-1]), len(window) - 1)]
            clock += timedelta(seconds=rng.randint(1, 9))
            if rng.random() > POSITION_DECAY**position:
                continue
            yield _event(clock, person, "view", one, position)
            if rng.random() > 1 / (1 + math.exp(-person.liking(one.piece))):
                continue
            for kind, share in (
                ("click", 1.0),
                ("favourite", FAVOURITE_AFTER_CLICK),
                ("purchase", PURCHASE_AFTER_FAVOURITE),
            ):
                if rng.random() >= share:
                    break
                clock += timedelta(seconds=rng.randint(2, 90))
                yield _event(clock, person, kind, one, position)


def as_json_lines(events: Iterator[dict[str, str | int]]) -> bytes:
    """Return events as JSON lines."""
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()


def tastes(people: Sequence[Visitor]) -> list[dict[str, object]]:
    """Return what was planted, for the truth."""
    return [asdict(person) for person in people]


def _event(clock: datetime, person: Visitor, kind: str, one: Sold, position: int) -> dict[str, str | int]:
    return {
        "at": clock.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "visitor": person.visitor,
        "event": kind,
        "listing": f"{one.feed}:{one.source_id}",
        "position": position,
    }


def _count(rng: random.Random, mean: float) -> int:
    """How many visits a day brings: geometric around ``mean``."""
    count = 0
    while rng.random() < mean / (1 + mean):
        count += 1
    return count
