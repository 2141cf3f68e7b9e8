"""great-expectations suites on listings and pieces.

Names, owners and consequences stand in one table per suite.  Suites run in an ephemeral context: nothing is
written, nothing is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from catalog.vocabulary import terms

Consequence = Literal["block", "warn"]
MOST_MINOR = 100_000_000_00  # a hundred million: above it a price is a unit error
AVAILABILITIES = (*terms("availability"), "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One expectation: the statement, who owns it, what follows when it does not hold, and how GX says it."""

    name: str
    owner: str
    consequence: Consequence
    required: str
    expectation: gxe.Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationFinding:
    """How one expectation came out."""

    name: str
    owner: str
    consequence: Consequence
    measured: str
    required: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """How a suite came out."""

    findings: tuple[ExpectationFinding, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation holds."""
        return all(finding.passed for finding in self.findings)

    @property
    def blocks(self) -> bool:
        """Whether an expectation that blocks does not hold."""
        return any(not finding.passed and finding.consequence == "block" for finding in self.findings)


def validate_listings(frame: pd.DataFrame) -> SuiteResult:
    """Hold one feed's listings, columns as in ``catalog.tables``, against their suite."""
    priced = frame[frame["price_minor"].notna()] if "price_minor" in frame else frame
    result = _validate(frame, "listings", _LISTINGS)
    return SuiteResult(findings=(*result, *_validate(priced, "priced_listings", _PRICED)))


def validate_pieces(frame: pd.DataFrame) -> SuiteResult:
    """Hold a collection's pieces, columns as in ``catalog.tables``, against their suite."""
    return SuiteResult(findings=_validate(frame, "pieces", _PIECES))


def _expected(
    name: str, owner: str, consequence: Consequence, required: str, expectation: gxe.Expectation
) -> Expected:
    return Expected(
        name=name, owner=owner, consequence=consequence, required=required, expectation=expectation
    )


_INGEST, _CATALOGUE = "team:ingest", "team:catalogue"
_LISTINGS = (
    _expected(
        "every listing has an id", _INGEST, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="listing_id"),
    ),
    _expected(
        "listing ids are unique", _INGEST, "block", "no repeats",
        gxe.ExpectColumnValuesToBeUnique(column="listing_id"),
    ),
    _expected(
        "every listing has a title", _INGEST, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="title"),
    ),
    _expected(
        "no title is empty", _INGEST, "block", "at least one letter",
        gxe.ExpectColumnValuesToMatchRegex(column="title", regex=r"\S"),
    ),
    _expected(
        "every listing states an availability", _INGEST, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="availability"),
    ),
    _expected(
        "availability is one of ours", _INGEST, "block", ", ".join(AVAILABILITIES),
        gxe.ExpectColumnValuesToBeInSet(column="availability", value_set=list(AVAILABILITIES)),
    ),
    _expected(
        "fineness is parts per mille", _CATALOGUE, "block", "1 to 1000",
        gxe.ExpectColumnValuesToBeBetween(column="fineness", min_value=1, max_value=1000),
    ),
    _expected(
        "GTINs have 8 to 14 digits", _CATALOGUE, "warn", "8, 12, 13 or 14 digits",
        gxe.ExpectColumnValuesToMatchRegex(column="gtin", regex=r"^(?:\d{8}|\d{12}|\d{13}|\d{14})$"),
    ),
    _expected(
        "most categories are known", _CATALOGUE, "warn", "at least 90 %",
        gxe.ExpectColumnValuesToNotBeNull(column="category", mostly=0.9),
    ),
    _expected(
        "ratings are out of five", _INGEST, "warn", "0 to 5",
        gxe.ExpectColumnValuesToBeBetween(column="rating", min_value=0, max_value=5),
    ),
)  # fmt: skip
_PRICED = (
    _expected(
        "every price has a currency", _INGEST, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="currency"),
    ),
    _expected(
        "currencies are ISO 4217 codes", _INGEST, "block", "three capital letters",
        gxe.ExpectColumnValuesToMatchRegex(column="currency", regex=r"^[A-Z]{3}$"),
    ),
    _expected(
        "prices are above nothing and below absurd", _INGEST, "block", f"1 to {MOST_MINOR} minor units",
        gxe.ExpectColumnValuesToBeBetween(column="price_minor", min_value=1, max_value=MOST_MINOR),
    ),
    _expected(
        "list prices are not below prices", _INGEST, "warn", "at least 99 %",
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="list_price_minor", column_B="price_minor", or_equal=True, mostly=0.99,
            ignore_row_if="either_value_is_missing",
        ),
    ),
)  # fmt: skip
_PIECES = (
    _expected(
        "every piece has an id", _CATALOGUE, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="piece_id"),
    ),
    _expected(
        "piece ids are unique", _CATALOGUE, "block", "no repeats",
        gxe.ExpectColumnValuesToBeUnique(column="piece_id"),
    ),
    _expected(
        "every piece has a title", _CATALOGUE, "block", "none missing",
        gxe.ExpectColumnValuesToNotBeNull(column="title"),
    ),
    _expected(
        "most pieces have a category", _CATALOGUE, "warn", "at least 90 %",
        gxe.ExpectColumnValuesToNotBeNull(column="category", mostly=0.9),
    ),
)  # fmt: skip


@cache
def _context() -> Any:
    # GX's own ephemeral configuration leaves a temporary folder behind for a documentation site.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    configuration = DataContextConfig(
        store_backend_defaults=stores,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    return gx.get_context(mode="ephemeral", project_config=configuration)


def _validate(frame: pd.DataFrame, name: str, expected: Sequence[Expected]) -> tuple[ExpectationFinding, ...]:
    if frame.empty:
        return tuple(_finding(one, passed=True, measured="no rows") for one in expected)
    missing = {one.name: [column for column in _columns(one) if column not in frame] for one in expected}
    source = _context().data_sources.add_or_update_pandas(name)
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    found = batch.get_batch(batch_parameters={"dataframe": frame})
    return tuple(
        _finding(one, passed=False, measured=f"there is no column {', '.join(missing[one.name])}")
        if missing[one.name]
        else _checked(found, one)
        for one in expected
    )


def _columns(one: Expected) -> list[str]:
    """Return the columns that an expectation looks at."""
    stated = (getattr(one.expectation, name, None) for name in ("column", "column_A", "column_B"))
    return [column for column in stated if column is not None]


def _checked(batch: Any, one: Expected) -> ExpectationFinding:
    result = batch.validate(one.expectation)
    raised = result.exception_info.get("exception_message")
    if raised:
        return _finding(one, passed=False, measured=str(raised))
    counted = result.result
    unexpected, of = counted.get("unexpected_count", 0), counted.get("element_count", 0)
    examples = ", ".join(filter(None, map(_shown, counted.get("partial_unexpected_list", [])[:3])))
    measured = f"{unexpected} of {of} do not hold"
    return _finding(
        one, passed=bool(result.success), measured=f"{measured}: {examples}" if examples else measured
    )


def _shown(value: Any) -> str:
    """Write a value as a person would: GX hands out NumPy scalars, and pairs of them as tuples."""
    if isinstance(value, tuple):
        return " beside ".join(_shown(one) for one in value)
    if pd.isna(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _finding(one: Expected, *, passed: bool, measured: str) -> ExpectationFinding:
    return ExpectationFinding(
        name=one.name,
        owner=one.owner,
        consequence=one.consequence,
        measured=measured,
        required=one.required,
        passed=passed,
    )
