"""Ids of searches: UUIDs of version 7 (RFC 9562), so that one says when its search was."""

import os
import time
from uuid import UUID

PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_DRAWN = 16**8


def new_search_id(now_ms: int | None = None) -> str:
    """Return a new id.

    Args:
        now_ms: Milliseconds since 1970; default: now.
    """
    moment = f"{time.time_ns() // 1_000_000 if now_ms is None else now_ms:012x}"
    drawn = os.urandom(10).hex()
    variant = "89ab"[int(drawn[3], 16) & 3]
    return f"{moment[:8]}-{moment[8:]}-7{drawn[:3]}-{variant}{drawn[4:7]}-{drawn[8:]}"


def searched_at_ms(search_id: UUID) -> int | None:
    """Return when a search was, in milliseconds since 1970; None of an id that is none of ours."""
    return search_id.int >> 80 if search_id.version == 7 else None


def is_drawn(search_id: str, share: float) -> bool:
    """Tell whether a search is of the share that is recorded: the same for all of its pages."""
    return int(search_id[-8:], 16) < share * _DRAWN
