"""The tiers of an index, hottest first.  Who belongs where is ``tier_planning``'s."""

from typing import Literal

Tier = Literal["hot", "warm", "cold"]
TIERS: tuple[Tier, ...] = ("hot", "warm", "cold")
SERVED: tuple[Tier, ...] = ("hot", "warm")
