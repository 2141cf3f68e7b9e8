"""How a tier is searched under a filter, by the number of eligible vectors.  Values only.

Few eligible vectors are decoded and compared; more are compared by their codes, list after list; many are
looked for in a query's nearest lists, as many of them as it takes (``list_probing``), or, in a graph, among
more neighbours than were asked for.
"""

from pydantic import BaseModel, ConfigDict, Field


class FilterPlan(BaseModel):
    """The crossovers, in eligible vectors of the tier's base.

    The defaults were measured on 200,000 × 512; builds measure their own (``filter_costs``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gather_at_most: int = Field(default=500, ge=0)  # up to here: decode and compare
    scan_at_most: int = Field(default=20_000, ge=0)  # up to here: compare all eligible codes
    widen: float = Field(default=4, gt=0)  # probed until so many times as many as without a filter are met
    over_fetch_from: float = Field(default=2.0, ge=0.0)  # share eligible from which a graph over-fetches
