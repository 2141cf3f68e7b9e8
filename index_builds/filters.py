"""What a searcher may ask of a picture's listings, stated once: as a rule for one row and for a whole table.

A picture satisfies a filter when one of its listing rows satisfies every clause.  The row rule is the
definition; ``satisfying_rows`` is the same in bulk, and the tests hold the two together.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from index_builds.tiers import Tier


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


OneOf = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)]
Tiers = Annotated[tuple[Tier, ...], Field(min_length=1), BeforeValidator(_listed)]

_COLUMNS = ("category", "source", "brand", "metal", "availability", "tier")
_LISTS = {"stone": "stones", "style": "styles"}


class SnapshotFilter(BaseModel):
    """Clauses over listing rows; a clause that is ``None`` asks nothing, several values mean any of them.

    Prices are in minor units of ``currency``, both ends included; a row without a price satisfies no price
    clause.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: OneOf | None = None
    source: OneOf | None = None
    brand: OneOf | None = None
    metal: OneOf | None = None
    stone: OneOf | None = None
    style: OneOf | None = None
    availability: OneOf | None = None
    tier: Tiers | None = None
    price_min_minor: int | None = Field(default=None, ge=0)
    price_max_minor: int | None = Field(default=None, ge=0)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _prices_have_a_currency(self) -> Self:
        low, high = self.price_min_minor, self.price_max_minor
        if (low is not None or high is not None) and self.currency is None:
            message = "a price range needs a currency: minor units of different currencies do not compare"
            raise ValueError(message)
        if low is not None and high is not None and low > high:
            message = f"price_min_minor {low} is above price_max_minor {high}: swap them"
            raise ValueError(message)
        return self

    @property
    def asks_nothing(self) -> bool:
        """Whether every row satisfies it."""
        return not self.model_dump(exclude_none=True)

    def is_satisfied_by(self, row: Mapping[str, Any]) -> bool:
        """Tell whether one metadata row satisfies every clause."""
        for column in _COLUMNS:
            wanted = getattr(self, column)
            if wanted is not None and row[column] not in wanted:
                return False
        for clause, column in _LISTS.items():
            wanted = getattr(self, clause)
            if wanted is not None and not set(wanted) & set(row[column] or ()):
                return False
        if self.currency is not None and row["currency"] != self.currency:
            return False
        price = row["price_minor"]
        if self.price_min_minor is not None and (price is None or price < self.price_min_minor):
            return False
        return not (self.price_max_minor is not None and (price is None or price > self.price_max_minor))


def satisfying_rows(table: pa.Table, wanted: SnapshotFilter) -> NDArray[np.bool_]:
    """Return which rows of a metadata table satisfy every clause, shape ``(rows,)``."""
    mask = np.ones(table.num_rows, dtype=np.bool_)
    for column in _COLUMNS:
        values = getattr(wanted, column)
        if values is not None:
            mask &= _truth(pc.is_in(table[column], value_set=pa.array(values, pa.string())))
    for clause, column in _LISTS.items():
        values = getattr(wanted, clause)
        if values is not None:
            mask &= _any_listed(table[column], values)
    if wanted.currency is not None:
        mask &= _truth(pc.equal(table["currency"], wanted.currency))
    if wanted.price_min_minor is not None:
        mask &= _truth(pc.greater_equal(table["price_minor"], wanted.price_min_minor))
    if wanted.price_max_minor is not None:
        mask &= _truth(pc.less_equal(table["price_minor"], wanted.price_max_minor))
    return mask


def _truth(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    truth: NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(np.bool_)
    return truth


def _any_listed(column: pa.ChunkedArray, values: tuple[str, ...]) -> NDArray[np.bool_]:
    flat = pc.list_flatten(column)
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    mask = np.zeros(len(column), dtype=np.bool_)
    mask[parents[_truth(pc.is_in(flat, value_set=pa.array(values, pa.string())))]] = True
    return mask
