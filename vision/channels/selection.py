"""The channels' names, and which of them are on.

No arrays here: settings are read where nothing is described.
"""

from dataclasses import dataclass
from typing import Literal, get_args

ChannelName = Literal["colour", "shape", "material", "style"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSelection:
    """Which attribute channels pictures are described in, beside the encoder's ``visual``."""

    names: tuple[ChannelName, ...] = CHANNELS
