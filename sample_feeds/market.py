"""What pieces cost from day to day, and whether they are there: the processes behind prices and stock.

Metal prices wander, and shops pass them on once they have moved far enough; seasons bring demand and sales;
what nobody buys is marked down; what sells out comes back, or does not.  All of it follows from the seed, and
``Market.parameters`` is the truth about it.
"""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any, Literal

from sample_feeds.assortments import Feed, Sold, delivery_days
from sample_feeds.pieces import METALS, STONES, STYLES, Piece

Availability = Literal["in_stock", "out_of_stock", "preorder", "discontinued"]
CURRENCIES: Mapping[Feed, str] = {"maison": "EUR", "northgem": "USD", "juwelhaus": "CHF", "atelier": "EUR"}
PER_EURO: Mapping[str, float] = {"EUR": 1.0, "USD": 1.12, "CHF": 0.95}
MARGINS: Mapping[Feed, float] = {"maison": 1.0, "northgem": 0.97, "juwelhaus": 1.06, "atelier": 0.46}
# Yearly drift and volatility of the logarithm of a metal's price; steel and titanium stand still.
METAL_WALKS: Mapping[str, tuple[float, float]] = {
    "gold": (0.30, 0.17),
    "silver": (0.15, 0.30),
    "platinum": (-0.05, 0.24),
}
REPRICE_ABOVE = 0.01  # change of a piece's cost that makes its shop write a new price
REPRICE_WEEKDAY = 0  # Mondays
MARKDOWN_AFTER_DAYS = 18  # days without a sale after which a shop marks a piece down
MARKDOWN = 0.15
PRICE_SLIP = 100  # a lost decimal mark makes 129.00 into 12900
SALES_PER_DAY = 0.09  # of a piece of middling popularity in one shop
RETURN_SHARE = 0.06  # of what was sold comes back within a week or two
PREORDER_SHARE = 0.25  # of what is sold out can be ordered ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A stretch of the calendar: how demand changes in it, and which shops take how much off.

    ``categories`` says which pieces the demand is for; empty means all.  ``share`` of a shop's listings take
    part in its sale.
    """

    name: str
    demand: float
    categories: tuple[str, ...] = ()
    shops: tuple[Feed, ...] = ()
    discount: float = 0.0
    share: float = 0.0


WINTER_SALE = Season(name="soldes d'hiver", demand=1.25, shops=("maison",), discount=0.25, share=0.3)
VALENTINE = Season(
    name="valentine",
    demand=1.8,
    categories=("necklace", "pendant", "earrings", "ring"),
    shops=("northgem", "juwelhaus"),
    discount=0.15,
    share=0.25,
)
MOTHERS_DAY = Season(name="mother's day", demand=1.4, categories=("necklace", "bracelet", "brooch"))
SUMMER_SALE = Season(name="soldes d'été", demand=1.15, shops=("maison",), discount=0.25, share=0.3)
BLACK_FRIDAY = Season(
    name="black friday", demand=2.2, shops=("maison", "northgem", "juwelhaus"), discount=0.3, share=0.4
)
CHRISTMAS = Season(name="christmas", demand=2.0)


@lru_cache(maxsize=4096)
def seasons(day: date) -> tuple[Season, ...]:
    """Return the seasons that a day lies in."""
    friday = _fourth_thursday_of_november(day.year) + timedelta(days=1)
    spans = (
        (date(day.year, 1, 7), date(day.year, 2, 3), WINTER_SALE),
        (date(day.year, 1, 26), date(day.year, 2, 14), VALENTINE),
        (date(day.year, 4, 28), date(day.year, 5, 12), MOTHERS_DAY),
        (date(day.year, 6, 24), date(day.year, 7, 21), SUMMER_SALE),
        (friday - timedelta(days=4), friday + timedelta(days=3), BLACK_FRIDAY),
        (date(day.year, 12, 1), date(day.year, 12, 24), CHRISTMAS),
    )
    return tuple(season for start, end, season in spans if start <= day <= end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a source says of a piece on one day.  Money in minor units of ``currency``.

    ``why`` is what made the price what it is: launch, metal, sale, markdown, slip.  It is truth, no feed's.
    """

    sold: Sold
    price_minor: int
    list_price_minor: int | None
    currency: str
    availability: Availability
    stock: int
    mistyped: bool
    why: str

    @property
    def stated(self) -> tuple[object, ...]:
        """What a feed says that can change from day to day."""
        return (self.price_minor, self.list_price_minor, self.availability, self.stock, self.mistyped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The house's weather.

    ``metals`` holds each metal's price relative to the first day, day by day; ``rising`` and ``falling`` name
    a stone and a style whose demand changes by ``trend_per_day``.
    """

    seed: int
    first_day: date
    days: int
    metals: Mapping[str, tuple[float, ...]]
    rising: Mapping[str, str]
    falling: Mapping[str, str]
    trend_per_day: float

    def day(self, number: int) -> date:
        """Return the date of a day counted from 0."""
        return self.first_day + timedelta(days=number)

    def popularity(self, piece: Piece) -> float:
        """Return how much a piece is wanted: log-normal around 1, whatever its attributes are."""
        return _popularity(self.seed, piece.key)

    def mood(self, piece: Piece, number: int) -> float:
        """Return what seasons and trends make of the demand for a piece on a day; 1 is an ordinary day."""
        growth = (1 + self.trend_per_day) ** number
        trend = growth ** (_matches(piece, self.rising) - _matches(piece, self.falling))
        return trend * math.prod(
            season.demand
            for season in seasons(self.day(number))
            if not season.categories or piece.category in season.categories
        )

    def parameters(self) -> dict[str, Any]:
        """Return everything the market follows, for the truth."""
        return {
            "metals": {name: [round(value, 5) for value in walk] for name, walk in self.metals.items()},
            "metal_walks_per_year": {name: list(walk) for name, walk in METAL_WALKS.items()},
            "rising": dict(self.rising),
            "falling": dict(self.falling),
            "trend_per_day": self.trend_per_day,
            "seasons": {
                self.day(number).isoformat(): [asdict(season) for season in seasons(self.day(number))]
                for number in range(self.days)
                if seasons(self.day(number))
            },
            "margins": dict(MARGINS),
            "per_euro": dict(PER_EURO),
            "reprice_above": REPRICE_ABOVE,
            "markdown": {"after_days": MARKDOWN_AFTER_DAYS, "share": MARKDOWN},
            "sales_per_day": SALES_PER_DAY,
            "return_share": RETURN_SHARE,
        }


def open_market(*, seed: int, first_day: date, days: int) -> Market:
    """Draw the market of a house."""
    rng = random.Random(f"loupe-market-{seed}")  # noqa: S311 - reproducible, not a secret
    stones = rng.sample(list(STONES), 2)
    styles = rng.sample(STYLES, 2)
    return Market(
        seed=seed,
        first_day=first_day,
        days=days,
        metals={metal: _walk(rng, days, *METAL_WALKS.get(metal, (0.0, 0.0))) for metal in METALS},
        rising={"stone": stones[0], "style": styles[0]},
        falling={"stone": stones[1], "style": styles[1]},
        trend_per_day=0.012,
    )


def offers(sold: Sold, market: Market) -> Iterator[Offer]:
    """Yield what a source says of a piece on each day from ``sold.first`` to ``sold.last``."""
    rng = random.Random(f"{market.seed}-{sold.feed}-{sold.piece.key}")  # noqa: S311 - reproducible, not a secret
    piece = sold.piece
    usual = CURRENCIES[sold.feed]
    share = MARGINS[sold.feed] * PER_EURO[usual] * rng.uniform(0.94, 1.08)
    in_metal = metal_share(piece)
    full = piece.price_minor * share
    luck = rng.random()  # below a season's share, the listing takes part in its sale
    popularity = market.popularity(piece)
    shelf = _Shelf(rng, full_stock=rng.randint(2, 9))
    posted, why, unsold = market.metals[piece.metal][sold.first], "launch", 0
    marked_down = False
    slip = sold.slip_day
    typo_until = _second_delivery(sold, market.days)
    for number in range(sold.first, sold.last + 1):
        day = market.day(number)
        index = market.metals[piece.metal][number]
        if day.weekday() == REPRICE_WEEKDAY and abs(index / posted - 1) * in_metal > REPRICE_ABOVE:
            posted, why = index, "metal"
        regular = full * (1 + in_metal * (posted / market.metals[piece.metal][sold.first] - 1))
        wanted = popularity * SALES_PER_DAY * market.mood(piece, number) * (1.6 if marked_down else 1.0)
        bought = shelf.pass_day(wanted, restocked=sold.ends is None or number < sold.ends)
        unsold = 0 if bought else unsold + 1
        marked_down = marked_down or (sold.feed != "atelier" and unsold >= MARKDOWN_AFTER_DAYS)
        off, reason = _sale(sold.feed, day, luck)
        if marked_down and off < MARKDOWN:
            off, reason = MARKDOWN, "markdown"
        price = charming(regular * (1 - off), sold.feed)
        list_price = charming(regular, sold.feed) if off else None
        if slip == number:
            price, list_price, reason = price * PRICE_SLIP, None, "slip"
        ended = sold.feed in ("atelier", "juwelhaus") and sold.ends is not None and number >= sold.ends
        yield Offer(
            sold=sold,
            price_minor=price,
            list_price_minor=list_price,
            currency=sold.currency or usual,
            availability="discontinued" if ended else shelf.availability,
            stock=0 if ended else shelf.stock,
            mistyped=sold.mistyped and number < typo_until,
            why=reason or why,
        )


def metal_share(piece: Piece) -> float:
    """Return the share of a piece's price that is its metal, at most 0.8."""
    per_gram = METALS[piece.metal][3] * (piece.fineness or 1000) / 1000
    return min(piece.weight_g * per_gram * 100 / piece.price_minor, 0.8)


def charming(price_minor: float, feed: Feed) -> int:
    """Round a price as its seller does: 129 euro, 128.99 dollars, 128.90 francs; wholesale to the cent."""
    units = max(int(price_minor / 100), 1)
    if units >= 200:
        units = units // 10 * 10 + 9 - 10 * (units % 10 < 5)
    match feed:
        case "maison":
            return units * 100
        case "northgem":
            return units * 100 - 1
        case "juwelhaus":
            return units * 100 - 10
        case _:
            return max(round(price_minor), 1)


class _Shelf:
    """What one shop has of one piece."""

    def __init__(self, rng: random.Random, *, full_stock: int) -> None:
        self.rng = rng
        self.full_stock = full_stock
        self.stock = rng.randint(1, full_stock)
        self.waits = 0  # days until the next parcel, while there is none
        self.ahead = rng.random() < PREORDER_SHARE
        self.coming_back: list[int] = []  # days until each returned piece is on the shelf again

    @property
    def availability(self) -> Availability:
        if self.stock:
            return "in_stock"
        return "preorder" if self.ahead else "out_of_stock"

    def pass_day(self, wanted: float, *, restocked: bool) -> int:
        """Let a day pass and return how many were bought."""
        self.coming_back = [days - 1 for days in self.coming_back]
        self.stock += self.coming_back.count(0)
        self.coming_back = [days for days in self.coming_back if days > 0]
        if self.stock == 0 and restocked:
            self.waits -= 1
            if self.waits <= 0:
                self.stock = self.rng.randint(1, self.full_stock)
        bought = min(_poisson(self.rng, wanted), self.stock)
        for _ in range(bought):
            if self.rng.random() < RETURN_SHARE:
                self.coming_back.append(self.rng.randint(4, 14))
        self.stock -= bought
        if bought and self.stock == 0:
            self.waits = self.rng.randint(3, 12)
            self.ahead = self.rng.random() < PREORDER_SHARE
        return bought


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's way, good for small means (The Art of Computer Programming, 3.4.1)."""
    bound, product, count = math.exp(-min(mean, 30.0)), rng.random(), 0
    while product > bound:
        product *= rng.random()
        count += 1
    return count


def _sale(feed: Feed, day: date, luck: float) -> tuple[float, str]:
    """Return the largest share that the seasons of a day take off, and what it is called."""
    running = [season for season in seasons(day) if feed in season.shops and luck < season.share]
    if not running:
        return 0.0, ""
    best = max(running, key=lambda season: season.discount)
    return best.discount, f"sale: {best.name}"


def _second_delivery(sold: Sold, days: int) -> int:
    """Return the day of the second delivery that holds the listing; past the last day where there is none."""
    holding = [number for number in delivery_days(sold.feed, days) if number >= sold.first]
    return holding[1] if len(holding) > 1 else days


def _matches(piece: Piece, attributes: Mapping[str, str]) -> int:
    return (piece.stone is not None and piece.stone.name == attributes["stone"]) + (
        piece.style == attributes["style"]
    )


@cache
def _popularity(seed: int, key: str) -> float:
    rng = random.Random(f"{seed}-popularity-{key}")  # noqa: S311 - reproducible, not a secret
    return math.exp(rng.gauss(0.0, 1.0))


def _walk(rng: random.Random, days: int, drift: float, volatility: float) -> tuple[float, ...]:
    """A geometric Brownian motion in daily steps, from 1."""
    level, walk = 0.0, [1.0]
    for _ in range(days - 1):
        level += drift / 365 + volatility / math.sqrt(365) * rng.gauss(0.0, 1.0)
        walk.append(math.exp(level))
    return tuple(walk)


def _fourth_thursday_of_november(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)
