"""One exchange rate of one day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Units of ``quote`` for one of ``base``, from ``day`` on until a later rate of the two."""

    day: date
    base: str
    quote: str
    rate: Decimal
