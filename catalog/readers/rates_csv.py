"""A table of exchange rates: CSV with the columns date, base, quote, rate."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from babel.numbers import list_currencies

from catalog.declarations import FeedDeclaration
from catalog.listing import Reject
from catalog.rates.rate import Rate
from catalog.readers.record import Read
from catalog.readers.tables import Row, read_rows

COLUMNS = ("date", "base", "quote", "rate")
GREATEST = Decimal(10) ** 9  # beyond any two currencies in use


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield what a table of rates holds, in its order; a row that cannot be read is a Reject."""
    known = list_currencies()
    for row in read_rows(path, required=[(column,) for column in COLUMNS]):
        yield _rate(row, known) if isinstance(row, Row) else row


def _rate(row: Row, known: set[str]) -> Rate | Reject:
    def refused(field: str, what: str) -> Reject:
        value = row.cells.get(field, "")
        message = f"{field} {value!r} {what}"
        return Reject(place=row.place, reason="bad_rate", message=message, field=field, value=value)

    try:
        day = date.fromisoformat(row.cells["date"].strip())
    except ValueError:
        return refused("date", "is no date: write YYYY-MM-DD")
    base, quote = row.cells["base"].strip().upper(), row.cells["quote"].strip().upper()
    for field, code in (("base", base), ("quote", quote)):
        if code not in known:
            return refused(field, "is no currency we know: write an ISO 4217 code")
    if base == quote:
        return refused("quote", "is the base itself: leave the row out")
    try:
        rate = Decimal(row.cells["rate"].strip())
    except InvalidOperation:
        return refused("rate", "is no number: write it with a decimal point")
    if not rate.is_finite() or not 1 / GREATEST <= rate <= GREATEST:
        return refused("rate", "is no rate of two currencies")
    return Rate(day=day, base=base, quote=quote, rate=rate)
