"""What every search takes: filters, sort, paging, weights; as parameters and as parts of a JSON body."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from index_builds.filters import SnapshotFilter
from serving.errors import QueryError
from serving.house import ServedHouse
from serving.queries import Shape, Sort, tiers_asked
from serving.settings import ServingSettings

_CLAUSES = tuple(SnapshotFilter.model_fields)
_SIGNALS = ("popularity", "rating", "conversion", "freshness", "availability", "price_fit")
_Values = Annotated[list[str] | None, Field(default=None, max_length=64)]


class FilterFields(BaseModel):
    """Filters over listings; several values of one mean any of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: _Values = None
    source: _Values = None
    brand: _Values = None
    metal: _Values = None
    stone: _Values = None
    style: _Values = None
    availability: _Values = None
    tier: Annotated[list[str] | None, Field(description="hot, warm, cold")] = None
    price_min_minor: int | None = Field(default=None, ge=0, le=2**62)
    price_max_minor: int | None = Field(default=None, ge=0, le=2**62)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    collection: str | None = Field(default=None, description="Default: the house's default collection")

    def where(self) -> SnapshotFilter | None:
        """Return the filter, or None where nothing is asked."""
        asked = {name: value for name in _CLAUSES if (value := getattr(self, name)) is not None}
        if set(asked) == {"currency"}:
            asked = {}  # alone it says what to sort in
        return SnapshotFilter.model_validate(asked) if asked else None


class AskFields(FilterFields):
    """Filters, and how the answer comes."""

    sort: Sort = "relevance"
    limit: int = Field(default=24, ge=1, le=1_000)
    cursor: str | None = Field(default=None, max_length=1_000)
    cold: bool = Field(default=False, description="Ask the cold tier, too")
    explain: bool = Field(default=False, description="Say what each score is made of")
    popularity: float | None = Field(default=None, ge=0, le=10, description="Weight in ranking")
    rating: float | None = Field(default=None, ge=0, le=10, description="Weight in ranking")
    conversion: float | None = Field(default=None, ge=0, le=10, description="Weight in ranking")
    freshness: float | None = Field(default=None, ge=0, le=10, description="Weight in ranking")
    price_fit: float | None = Field(default=None, ge=0, le=10, description="Weight in ranking")
    in_stock: float | None = Field(default=None, ge=0, le=10, description="Weight of availability in ranking")
    most_alike: int | None = Field(
        default=None, ge=0, le=10, description="Of ten hits, at most so many of one brand or category; 0: any"
    )

    @model_validator(mode="after")
    def _prices_sort_in_a_currency(self) -> "AskFields":
        if self.sort.startswith("price") and self.currency is None:
            message = "sorting by price needs a currency: minor units of different currencies do not compare"
            raise ValueError(message)
        return self

    def shape(self) -> Shape:
        """Return how the answer is filtered, sorted and shown."""
        given = {name: getattr(self, name) for name in _SIGNALS if name != "availability"}
        given |= {"availability": self.in_stock, "most_alike": self.most_alike}
        return Shape(
            where=self.where(),
            tiers=tiers_asked(cold=self.cold),
            sort=self.sort,
            currency=self.currency,
            explain=self.explain,
            weights=tuple(sorted((name, value) for name, value in given.items() if value is not None)),
        )

    def page_size(self, settings: ServingSettings) -> int:
        """Return the page size; raises QueryError if it is larger than the settings allow."""
        return checked_limit(self.limit, settings)


def checked_limit(limit: int, settings: ServingSettings) -> int:
    """Return a page size.

    Raises:
        QueryError: If it is larger than the settings allow.
    """
    if limit > settings.largest_page:
        message = f"limit is {limit}: ask for {settings.largest_page} or fewer, and page with next_cursor"
        raise QueryError(message)
    return limit


def house_of(request: Request) -> ServedHouse:
    """Return the house that an application serves."""
    house: ServedHouse = request.app.state.house
    return house


class TextQuestion(AskFields):
    """Words to look for."""

    q: str = Field(max_length=1_000, description="What to look for", examples=["emerald ring"])


class SimilarQuestion(AskFields):
    """How the pieces like one come."""


TextQuery = Annotated[TextQuestion, Query()]
SimilarQuery = Annotated[SimilarQuestion, Query()]


class FacetQuestion(FilterFields):
    """What is counted."""

    cold: bool = Field(default=False, description="Count the cold tier, too")
    most: int = Field(default=50, ge=1, le=1_000, description="Values per facet, the most frequent ones")


class RecentQuestion(FilterFields):
    """How the newest pieces come."""

    limit: int = Field(default=24, ge=1, le=1_000)
    cursor: str | None = Field(default=None, max_length=1_000)
    cold: bool = Field(default=False, description="Show the cold tier, too")

    def shape(self) -> Shape:
        """Return how the answer is filtered."""
        return Shape(where=self.where(), tiers=tiers_asked(cold=self.cold))

    def page_size(self, settings: ServingSettings) -> int:
        """Return the page size; raises QueryError if it is larger than the settings allow."""
        return checked_limit(self.limit, settings)


FacetQuery = Annotated[FacetQuestion, Query()]
RecentQuery = Annotated[RecentQuestion, Query()]
Collection = Annotated[
    str | None, Query(max_length=64, description="Default: the house's default collection")
]
