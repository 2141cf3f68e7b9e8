"""Which tier an image belongs to: a pure rule over facts that are passed in.

No SQL and no clock: ages are days before the partition's time, worked out by the caller.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tier = Literal["hot", "warm", "cold"]
TIERS: tuple[Tier, ...] = ("hot", "warm", "cold")
SERVED: tuple[Tier, ...] = ("hot", "warm")

_SELLABLE = frozenset({"in_stock", "preorder"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """What the rule needs to know of one listing that shows the image.

    ``first_seen_days`` counts whole days from the listing's first delivery to the time of the build.
    """

    availability: str
    withdrawn: bool
    first_seen_days: int
    recently_viewed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A tier, and the sentence that says why."""

    tier: Tier
    reason: str


def place_image(listings: Iterable[ListingFacts], *, new_days: int) -> Placement:
    """Return the hottest tier that one of an image's listings earns; without listings it is cold.

    Args:
        listings: Every listing that shows the image, withdrawn ones included.
        new_days: A listing first seen less than this many days ago is new.
    """
    placements = [place_listing(facts, new_days=new_days) for facts in listings]
    if not placements:
        return Placement(tier="cold", reason="no listing shows it")
    return min(placements, key=lambda placement: TIERS.index(placement.tier))


def place_listing(facts: ListingFacts, *, new_days: int) -> Placement:
    """Return the tier that one listing earns.

    Hot is what is new, or sellable and looked at; cold is what has left the catalogue; warm is the rest.
    """
    if facts.withdrawn:
        return Placement(tier="cold", reason="withdrawn by its source")
    if facts.availability == "discontinued":
        return Placement(tier="cold", reason="discontinued")
    if facts.first_seen_days < new_days:
        return Placement(
            tier="hot", reason=f"new: first seen {facts.first_seen_days} days ago, under {new_days}"
        )
    if facts.recently_viewed and facts.availability in _SELLABLE:
        return Placement(tier="hot", reason=f"{facts.availability} and looked at lately")
    return Placement(tier="warm", reason=f"{facts.availability}, first seen {facts.first_seen_days} days ago")
