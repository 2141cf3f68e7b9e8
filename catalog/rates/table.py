"""The exchange rates of a collection, and conversion by the rate that held on a day.

A rate holds from its day until the next one of the same two currencies, at most ``oldest_days``; a weekend is
bridged, a table that nobody updates any more is not.  The rate of the opposite direction is the same rate;
no third currency is gone through.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import sqlalchemy as sa
from babel.numbers import get_currency_precision
from sqlalchemy import Connection, Engine

from catalog.money import Money
from catalog.rates.rate import Rate
from catalog.tables import exchange_rates
from storage.database import reading

OLDEST_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """An amount in another currency, the rate that made it, and the day from which that rate holds."""

    money: Money
    rate: Decimal
    rate_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConverted:
    """Why there is no amount in the other currency.  ``reason``: no_rate, or rate_too_old."""

    reason: str
    message: str


class RateTable:
    """Rates by their two currencies, ready to be asked for a day."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._by_pair: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for one in sorted(rates, key=lambda rate: rate.day):
            self._by_pair.setdefault((one.base, one.quote), []).append((one.day, one.rate))

    def converted(
        self, money: Money, to: str, *, on: date, oldest_days: int = OLDEST_DAYS
    ) -> Converted | NotConverted:
        """Return an amount in the currency ``to`` by the rate that held ``on`` a day.

        Amounts are rounded half to even, to the minor unit of ``to``.

        Args:
            money: The amount.
            to: ISO 4217 code.
            on: The day.
            oldest_days: How long a rate is taken to hold where no later one is known.
        """
        if money.currency == to:
            return Converted(money=money, rate=Decimal(1), rate_day=on)
        direct = self._held((money.currency, to), on)
        inverse = self._held((to, money.currency), on)
        if inverse is not None and (direct is None or inverse[0] > direct[0]):
            held = (inverse[0], 1 / inverse[1])
        elif direct is not None:
            held = direct
        else:
            message = f"there is no rate between {money.currency} and {to} on or before {on.isoformat()}"
            return NotConverted(reason="no_rate", message=f"{message}: deliver one in the table of rates")
        day, rate = held
        if (on - day).days > oldest_days:
            message = (
                f"the last rate between {money.currency} and {to} is of {day.isoformat()}, more than "
                f"{oldest_days} days before {on.isoformat()}: deliver a newer table of rates"
            )
            return NotConverted(reason="rate_too_old", message=message)
        digits = get_currency_precision(to) - get_currency_precision(money.currency)
        minor = (money.minor * rate).scaleb(digits).to_integral_value(ROUND_HALF_EVEN)
        return Converted(money=Money(minor=int(minor), currency=to), rate=rate, rate_day=day)

    def _held(self, pair: tuple[str, str], on: date) -> tuple[date, Decimal] | None:
        known = self._by_pair.get(pair, [])
        at = bisect_right(known, on, key=lambda one: one[0])
        return known[at - 1] if at else None


def rate_table(engine: Engine, collection: str) -> RateTable:
    """Return the rates that a collection's tables have stated."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(exchange_rates).where(exchange_rates.c.collection == collection)
        ).all()
    return RateTable(
        Rate(day=date.fromisoformat(row.day), base=row.base, quote=row.quote, rate=Decimal(row.rate))
        for row in rows
    )


def note_rates(connection: Connection, collection: str, rates: Iterable[Rate]) -> int:
    """Note rates; the last statement of a day counts.  Return how many are new or were corrected."""
    rates = list(rates)
    if not rates:
        return 0
    stated = {(one.base, one.quote, one.day.isoformat()): format(one.rate, "f") for one in rates}
    known = {
        (row.base, row.quote, row.day): row.rate
        for row in connection.execute(
            sa.select(exchange_rates).where(
                exchange_rates.c.collection == collection,
                exchange_rates.c.day.in_(sorted({day for *_, day in stated})),
            )
        )
    }
    changed = {key: rate for key, rate in stated.items() if known.get(key) != rate}
    for base, quote, day in changed.keys() & known.keys():
        connection.execute(
            exchange_rates.delete().where(
                exchange_rates.c.collection == collection,
                exchange_rates.c.base == base,
                exchange_rates.c.quote == quote,
                exchange_rates.c.day == day,
            )
        )
    if changed:
        rows = [
            {"collection": collection, "base": base, "quote": quote, "day": day, "rate": rate}
            for (base, quote, day), rate in sorted(changed.items())
        ]
        connection.execute(exchange_rates.insert(), rows)
    return len(changed)
