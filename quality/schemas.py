"""What good tables look like: the one source that suites, checks and documentation are made from.

Lengths, keys and what may be null stand in ``catalog.tables`` and are taken from there; here stands what SQL
does not know: units, allowed values, what each kind of feed owes, who owns a statement and what follows when
it does not hold.  Plain values: great-expectations reads them in ``quality.expectations``.
"""

from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa

from catalog import tables
from catalog.declarations import FeedKind
from catalog.vocabulary import terms

Consequence = Literal["block", "warn"]
INGEST, CATALOGUE = "team:ingest", "team:catalogue"
MOST_MINOR = 100_000_000_00  # a hundred million: above it a price is a unit error
AVAILABILITIES = (*terms("availability"), "unknown")
SHA256 = r"^[0-9a-f]{64}$"
CURRENCY = r"^[A-Z]{3}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A column has a value, in every row or in a share of the rows."""

    column: str
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """No two rows have the same values in these columns."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Where there is a value, it is one of these, in every row or in a share of the rows."""

    column: str
    values: tuple[str, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Where there is a value, it fits a regular expression; ``words`` says which texts do."""

    column: str
    pattern: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Where there is a value, it lies between two bounds, both allowed; ``unit`` is that of the column."""

    column: str
    low: float
    high: float | None
    unit: str
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLonger:
    """A text has at most so many characters, as its column is declared; SQLite itself would take any."""

    column: str
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBelow:
    """Where both have a value, one column is not below another, in a share of the rows."""

    column: str
    other: str
    share: float = 1.0


Condition = Stated | Unique | OneOf | Matches | Within | NoLonger | NotBelow


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One statement about a table: who owns it, and what follows when it does not hold.

    ``kinds`` names the feed kinds that owe it; empty: all of them.
    """

    name: str
    owner: str
    consequence: Consequence
    condition: Condition
    kinds: tuple[FeedKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """The rules of one table, or of those of its rows that ``only`` names.

    Attributes:
        name: Of the suite.
        table: Where keys, lengths and nulls are declared.
        row: What one row is called.
        owner: Of the rules that follow from the declaration.
        rules: What the declaration does not say.
        columns: Further columns to read, whose declaration alone is held.
        only: A column and the value it has in the rows that are meant; None: any value at all.
        declared: Whether the rules of the declaration belong here too.
    """

    name: str
    table: sa.Table
    row: str
    owner: str
    rules: tuple[Rule, ...]
    columns: tuple[str, ...] = ()
    only: tuple[str, str | None] | None = None
    declared: bool = field(default=True)

    def read(self) -> tuple[str, ...]:
        """Return the columns that the rules look at: what a frame needs, and no more."""
        asked = [column for rule in self.all_rules() for column in columns_of(rule.condition)]
        asked += [] if self.only is None else [self.only[0]]
        return tuple(dict.fromkeys(asked))

    def all_rules(self, kind: FeedKind | None = None) -> tuple[Rule, ...]:
        """Return the rules of the declaration and those stated here, of one feed kind or of all."""
        stated = [rule for rule in self.rules if kind is None or not rule.kinds or kind in rule.kinds]
        return (*(self._declared() if self.declared else ()), *stated)

    def _declared(self) -> tuple[Rule, ...]:
        def rule(name: str, condition: Condition) -> Rule:
            return Rule(name=name, owner=self.owner, consequence="block", condition=condition)

        key = tuple(column.name for column in self.table.primary_key if column.name != "collection")
        looked_at = {column for one in self.rules for column in columns_of(one.condition)}
        chosen = [column for column in self.table.c if column.name in looked_at.union(key, self.columns)]
        found = [rule(f"{' and '.join(key)} never repeat", Unique(columns=key))]
        for column in chosen:
            if not column.nullable:
                found.append(rule(f"every {self.row} states {column.name}", Stated(column=column.name)))
            length = column.type.length if isinstance(column.type, sa.String) else None
            if length is not None:
                name = f"{column.name} fits its column"
                found.append(rule(name, NoLonger(column=column.name, characters=length)))
        return tuple(found)


def columns_of(condition: Condition) -> tuple[str, ...]:
    """Return the columns that a condition looks at."""
    match condition:
        case Unique(columns=columns):
            return columns
        case NotBelow(column=column, other=other):
            return column, other
        case _:
            return (condition.column,)


def required_of(condition: Condition) -> str:
    """Say in a few words what a condition requires."""
    match condition:
        case Stated(share=share):
            return "none missing" if share == 1 else f"at least {share:.0%}"
        case Unique():
            return "no repeats"
        case OneOf(values=values, share=share):
            return ", ".join(values) + _mostly(share)
        case Matches(words=words):
            return words
        case Within(low=low, high=high, unit=unit, share=share):
            bounds = f"at least {low:g}" if high is None else f"{low:g} to {high:.0f}"
            return f"{bounds} {unit}".strip() + _mostly(share)
        case NoLonger(characters=characters):
            return f"at most {characters} characters"
        case NotBelow(other=other, share=share):
            return f"at least {other}" + _mostly(share)


def _mostly(share: float) -> str:
    return "" if share == 1 else f", in at least {share:.0%}"


def _rule(name: str, owner: str, consequence: Consequence, condition: Condition, *kinds: FeedKind) -> Rule:
    return Rule(name=name, owner=owner, consequence=consequence, condition=condition, kinds=kinds)


# ``identifier`` (any of GTIN, MPN and certificate) and ``pictures`` come from ``catalog.frames.COUNTED``.
LISTINGS = TableRules(
    name="listings",
    table=tables.listings,
    row="listing",
    owner=INGEST,
    columns=("listing_id", "brand", "category", "mpn", "sku"),
    rules=(
        _rule("no title is empty", INGEST, "block",
              Matches(column="title", pattern=r"\S", words="at least one letter")),
        _rule("availability is one of ours", INGEST, "block",
              OneOf(column="availability", values=AVAILABILITIES)),
        _rule("fineness is parts per mille", CATALOGUE, "block",
              Within(column="fineness", low=1, high=1000, unit="per mille")),
        _rule("weights are grams", CATALOGUE, "warn",
              Within(column="weight_g", low=0.01, high=5000, unit="g", share=0.99)),
        _rule("GTINs have 8 to 14 digits", CATALOGUE, "warn",
              Matches(column="gtin", pattern=r"^(?:\d{8}|\d{12}|\d{13}|\d{14})$",
                      words="8, 12, 13 or 14 digits")),
        _rule("most categories are known", CATALOGUE, "warn", Stated(column="category", share=0.9)),
        _rule("ratings are out of five", INGEST, "warn",
              Within(column="rating", low=0, high=5, unit="stars")),
        _rule("retailers state prices", INGEST, "warn",
              Stated(column="price_minor", share=0.9), "retailer"),
        _rule("manufacturers state a GTIN, MPN or certificate", CATALOGUE, "warn",
              Stated(column="identifier", share=0.9), "manufacturer"),
        _rule("shops and manufacturers show every piece", INGEST, "warn",
              Within(column="pictures", low=1, high=None, unit="pictures", share=0.9),
              "retailer", "manufacturer"),
        # Pictures without consent are never named, so a customer's post may rightly have none.
        _rule("customers' posts show pictures", INGEST, "warn",
              Within(column="pictures", low=1, high=None, unit="pictures", share=0.5), "community"),
    ),
)  # fmt: skip
PRICED_LISTINGS = TableRules(
    name="priced listings",
    table=tables.listings,
    row="priced listing",
    owner=INGEST,
    only=("price_minor", None),
    declared=False,
    rules=(
        _rule("every price has a currency", INGEST, "block", Stated(column="currency")),
        _rule("currencies are ISO 4217 codes", INGEST, "block",
              Matches(column="currency", pattern=CURRENCY, words="three capital letters")),
        _rule("prices are above nothing and below absurd", INGEST, "block",
              Within(column="price_minor", low=1, high=MOST_MINOR, unit="minor units")),
        _rule("list prices are not below prices", INGEST, "warn",
              NotBelow(column="list_price_minor", other="price_minor", share=0.99)),
    ),
)  # fmt: skip
PRICE_HISTORY = TableRules(
    name="price history",
    table=tables.price_history,
    row="span",
    owner=INGEST,
    rules=(
        _rule("spans end after they begin", INGEST, "block",
              NotBelow(column="valid_to", other="valid_from")),
        _rule("availability in history is one of ours", INGEST, "block",
              OneOf(column="availability", values=AVAILABILITIES)),
        _rule("past prices are above nothing and below absurd", INGEST, "block",
              Within(column="price_minor", low=1, high=MOST_MINOR, unit="minor units")),
        _rule("past currencies are ISO 4217 codes", INGEST, "block",
              Matches(column="currency", pattern=CURRENCY, words="three capital letters")),
    ),
)  # fmt: skip
PIECES = TableRules(
    name="pieces",
    table=tables.pieces,
    row="piece",
    owner=CATALOGUE,
    columns=("piece_id", "title", "brand"),
    rules=(_rule("most pieces have a category", CATALOGUE, "warn", Stated(column="category", share=0.9)),),
)
IMAGE_REFERENCES = TableRules(
    name="image references",
    table=tables.image_references,
    row="reference",
    owner=INGEST,
    columns=("location",),
    rules=(
        _rule("a reference is pending, fetched or failed", INGEST, "block",
              OneOf(column="state", values=("pending", "fetched", "failed"))),
        _rule("attempts are counted", INGEST, "block",
              Within(column="attempts", low=0, high=None, unit="attempts")),
        _rule("pictures of shops and manufacturers arrive", INGEST, "warn",
              OneOf(column="state", values=("pending", "fetched"), share=0.9), "retailer", "manufacturer"),
        _rule("pictures of customers arrive", INGEST, "warn",
              OneOf(column="state", values=("pending", "fetched"), share=0.8), "community"),
    ),
)  # fmt: skip
FETCHED_REFERENCES = TableRules(
    name="fetched image references",
    table=tables.image_references,
    row="fetched reference",
    owner=INGEST,
    only=("state", "fetched"),
    declared=False,
    rules=(
        _rule("a fetched reference names its picture", INGEST, "block", Stated(column="image_id")),
        _rule("pictures are named by their SHA-256", INGEST, "block",
              Matches(column="image_id", pattern=SHA256, words="64 hexadecimal digits")),
    ),
)  # fmt: skip
FAILED_REFERENCES = TableRules(
    name="failed image references",
    table=tables.image_references,
    row="failed reference",
    owner=INGEST,
    only=("state", "failed"),
    declared=False,
    rules=(_rule("a failed reference says why", INGEST, "block", Stated(column="reason")),),
)
VERDICTS = TableRules(
    name="verdicts",
    table=tables.verdicts,
    row="verdict",
    owner=CATALOGUE,
    columns=("rules_version",),
    rules=(
        _rule("a verdict is one of four", CATALOGUE, "block",
              OneOf(column="verdict", values=("accepted", "quarantined", "review", "rejected"))),
        _rule("judged pictures are named by their SHA-256", CATALOGUE, "block",
              Matches(column="image_id", pattern=SHA256, words="64 hexadecimal digits")),
    ),
)  # fmt: skip
