"""How far a source's word on a field is trusted.  Pure.

What is asked is: when sources contradict each other, how often is this one right?  So agreement where nobody
contradicts teaches nothing, and a contest without an outcome (two sources, one word each, no decision)
teaches nothing either.  The number of contests won and lost moves a prior that depends on the kind of feed:
the mean of a Beta distribution after binomial observations (Gelman et al., Bayesian Data Analysis, 3rd ed.,
section 2.4), with the prior as ``PRIOR_CONTESTS`` contests that nobody has seen.

The priors were set by judgement, not measured: a manufacturer knows what it made, a shop copies and
measures, a customer remembers.  They are as heavy as thirty contests: a maker whose metals
two shops contradict is believed twice, and no longer from the third time on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PRIOR_CONTESTS = 30.0
# Chance of being right in a contest, by kind of feed and field.
PRIORS: Mapping[str, Mapping[str, float]] = {
    "manufacturer": {
        "metal": 0.95, "fineness": 0.95, "plating": 0.95, "stones": 0.95, "dimensions_mm": 0.95,
        "metal_colour": 0.90, "category": 0.90, "brand": 0.95, "title": 0.75,
    },
    "retailer": {
        "metal": 0.85, "fineness": 0.85, "plating": 0.80, "stones": 0.80, "dimensions_mm": 0.75,
        "metal_colour": 0.85, "category": 0.85, "brand": 0.85, "title": 0.80,
    },
    "community": {
        "metal": 0.60, "fineness": 0.50, "plating": 0.50, "stones": 0.60, "dimensions_mm": 0.50,
        "metal_colour": 0.65, "category": 0.70, "brand": 0.60, "title": 0.40,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """One source's word on one field: its kind, and the contests it won and lost."""

    kind: str
    field: str
    agreed: int = 0
    disagreed: int = 0

    @property
    def value(self) -> float:
        """The chance that it is right in the next contest, in (0, 1), to four digits."""
        prior = PRIORS.get(self.kind, PRIORS["retailer"])[self.field]
        seen = self.agreed + self.disagreed
        return round((PRIOR_CONTESTS * prior + self.agreed) / (PRIOR_CONTESTS + seen), 4)

    @property
    def text(self) -> str:
        """The trust with what it rests on, as people read it."""
        seen = self.agreed + self.disagreed
        return f"{self.value:.2f} ({self.kind}, right in {self.agreed} of {seen} contests)"
