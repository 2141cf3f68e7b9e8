"""Circuit breakers: is a delivery like those that its feed sent before?

A feed is measured against itself.  A delivery that shrinks, changes the level of its prices, loses a field,
renames its products or is mostly refused is held before it changes anything; a person releases it.  Shares
are compared with the median of the feed's last deliveries: a feed that never stated brands may go on so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from catalog.listing import Listing

HISTORY = 8  # deliveries that a feed is compared with
FROM_DELIVERIES = 2  # one alone is no habit
FROM_ROWS = 20  # below, shares say little and a person reads the whole file faster
WATCHED = ("price_minor", "category", "metal", "brand", "images", "url", "description")
MOST_PRICES = 10_000
MOST_OTHER_CURRENCY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a delivery may stand from its feed's own past.

    Attributes:
        rows_lost: Share of the usual number of rows that may be missing, for feeds of the full catalogue.
        price_factor: Factor by which the prices of known listings may move, in the median.
        field_lost: By how much the share of listings without a field may rise.
        rejected: By how much the share of rejected rows may rise.
        unseen: By how much the share of ids never seen before may rise, for feeds of the full catalogue.
    """

    rows_lost: float = 0.6
    price_factor: float = 2.0
    field_lost: float = 0.4
    rejected: float = 0.3
    unseen: float = 0.6


@dataclass(slots=True)
class DeliveryMeasures:
    """What is counted while a delivery is read."""

    accepted: int = 0
    rejected: int = 0
    unseen: int = 0  # ids that the feed never stated before; of its first delivery that says nothing
    is_first: bool = False
    missing: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WATCHED, 0))
    known: int = 0
    other_currency: int = 0
    price_moves: list[float] = field(default_factory=list)  # logarithms of new to old, of known listings

    def count(self, listing: Listing) -> None:
        """Count an accepted listing."""
        self.accepted += 1
        for name in WATCHED:
            if not getattr(listing, name):
                self.missing[name] += 1

    def compare_price(
        self, before: tuple[int | None, str | None], now: tuple[int | None, str | None]
    ) -> None:
        """Note how far a known listing's price has moved: minor units and currency, before and now."""
        (old, old_currency), (new, new_currency) = before, now
        if not old or not new:
            return
        self.known += 1
        if old_currency != new_currency:
            self.other_currency += 1
        elif len(self.price_moves) < MOST_PRICES:
            self.price_moves.append(math.log(new / old))

    def figures(self) -> dict[str, float]:
        """Return what is kept of the delivery, for later ones; shares are of accepted listings."""
        rows = self.accepted + self.rejected
        figures: dict[str, float] = {"rows": rows}
        if rows:
            figures["rejected"] = round(self.rejected / rows, 4)
        if self.accepted:
            if not self.is_first:
                figures["unseen"] = round(self.unseen / self.accepted, 4)
            for name, count in self.missing.items():
                figures[f"without_{name}"] = round(count / self.accepted, 4)
        if self.known >= FROM_ROWS:
            figures["other_currency"] = round(self.other_currency / self.known, 4)
        if len(self.price_moves) >= FROM_ROWS:
            figures["price_factor"] = round(math.exp(median(self.price_moves)), 4)
        return figures


def reasons_to_hold(
    figures: Mapping[str, float], history: Sequence[Mapping[str, float]], limits: Limits, *, is_full: bool
) -> list[str]:
    """Return why a delivery should wait for a person; nothing where it is like its feed.

    Args:
        figures: Of the delivery.
        history: Figures of the feed's last deliveries; below two, only prices have a yardstick.
        limits: How far it may stand from them.
        is_full: Whether a delivery is the whole catalogue.
    """
    reasons = []
    factor = figures.get("price_factor", 1.0)
    if not 1 / limits.price_factor <= factor <= limits.price_factor:
        reasons.append(f"known listings cost {factor:g} times what they did")
    if figures.get("other_currency", 0.0) > MOST_OTHER_CURRENCY:
        reasons.append(f"{figures['other_currency']:.0%} of the known listings are in another currency")
    if len(history) < FROM_DELIVERIES:
        return reasons
    rows = figures["rows"]
    usual_rows = _usual(history, "rows")
    if is_full and usual_rows >= FROM_ROWS and rows < (1 - limits.rows_lost) * usual_rows:
        reasons.append(f"{rows:g} rows where {usual_rows:g} are usual")
    if rows < FROM_ROWS:
        return reasons
    risen = {"rejected": limits.rejected, **{f"without_{name}": limits.field_lost for name in WATCHED}}
    if is_full:
        risen["unseen"] = limits.unseen
    for name, most in risen.items():
        usual = _usual(history, name)
        if figures.get(name, 0.0) > usual + most:
            what = name.removesuffix("_minor").replace("_", " ")
            what = {"unseen": "with ids never seen before"}.get(name, what)
            reasons.append(f"{figures[name]:.0%} {what} where {usual:.0%} are usual")
    return reasons


def _usual(history: Sequence[Mapping[str, float]], name: str) -> float:
    values = [figures[name] for figures in history if name in figures]
    return float(median(values)) if values else 0.0
