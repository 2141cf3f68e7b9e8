"""Daily rows of trends as lines that a page draws: one per value, over the days there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 100.0, 24.0
_MARGIN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    """What was offered of one value, day by day.

    Attributes:
        value: Such as ``ring``.
        supply: Live listings at the end of the last day, of every currency.
        in_stock: Of them, in stock.
        supply_change: Against the first day.
        price_median_minor: Of the last day that has one, in the asked currency.
        price_change: Its relative change since the first day that has one; None where there are not two.
        demand: Events of all days; None where none were ever counted.
        supply_points: The supply as points of an SVG polyline in ``WIDTH`` × ``HEIGHT``.
        price_points: The median price likewise; empty where there are not two days with one.
    """

    value: str
    supply: int
    in_stock: int
    supply_change: int
    price_median_minor: int | None
    price_change: float | None
    demand: int | None
    supply_points: str
    price_points: str


def trend_lines(rows: Iterable[Mapping[str, Any]], currency: str | None) -> list[TrendLine]:
    """Return a line per value, the one with the largest supply first.

    Args:
        rows: Of one facet, as ``house_figures.read_trends`` gives them.
        currency: Whose prices are shown.
    """
    held = list(rows)
    days = sorted({row["day"] for row in held})
    by_value: dict[str, list[Mapping[str, Any]]] = {}
    for row in held:
        by_value.setdefault(row["value"], []).append(row)
    lines = [_line(value, own, days, currency) for value, own in by_value.items()]
    return sorted(lines, key=lambda line: (-line.supply, line.value))


def _line(
    value: str, rows: Sequence[Mapping[str, Any]], days: Sequence[str], currency: str | None
) -> TrendLine:
    supply = dict.fromkeys(days, 0)
    in_stock = dict.fromkeys(days, 0)
    price: dict[str, int] = {}
    demand: int | None = None
    for row in rows:
        supply[row["day"]] += row["supply"]
        in_stock[row["day"]] += row["in_stock"]
        if row["demand"] is not None:
            demand = (demand or 0) + row["demand"]
        if row["currency"] == currency and row["price_median_minor"] is not None:
            price[row["day"]] = row["price_median_minor"]
    priced = [(place, price[day]) for place, day in enumerate(days) if day in price]
    first, last = (priced[0][1], priced[-1][1]) if priced else (0, None)
    return TrendLine(
        value=value,
        supply=supply[days[-1]],
        in_stock=in_stock[days[-1]],
        supply_change=supply[days[-1]] - supply[days[0]],
        price_median_minor=last,
        price_change=last / first - 1 if last is not None and len(priced) > 1 and first else None,
        demand=demand,
        supply_points=polyline(list(enumerate(supply.values())), len(days)),
        price_points=polyline(priced, len(days)),
    )


def polyline(points: Sequence[tuple[int, int]], count: int) -> str:
    """Return points of an SVG polyline; empty where there are not two.

    Args:
        points: Place among ``count`` even steps, and value.
        count: Of steps.
    """
    if len(points) < 2:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    reach = high - low
    inner = HEIGHT - 2 * _MARGIN

    def up(value: int) -> float:
        return HEIGHT / 2 if not reach else HEIGHT - _MARGIN - inner * (value - low) / reach

    return " ".join(f"{WIDTH * place / (count - 1):.1f},{up(value):.1f}" for place, value in points)
