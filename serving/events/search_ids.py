"""Ids of searches: UUIDs of version 7 (RFC 9562), so that one says when its search was."""

import secrets
import time
from uuid import UUID

PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_DRAWN = 16**8


def new_search_id(now_ms: int | None = None) -> str:
    """Return a new id.

    Args:
        now_ms: Milliseconds since 1970; default: now.
    """
    moment = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    drawn = secrets.randbits(74)
    return str(UUID(int=moment << 80 | 0x7 << 76 | drawn >> 62 << 64 | 0b10 << 62 | drawn & (1 << 62) - 1))


def searched_at_ms(search_id: UUID) -> int | None:
    """Return when a search was, in milliseconds since 1970; None of an id that is none of ours."""
    return search_id.int >> 80 if search_id.version == 7 else None


def is_drawn(search_id: str, share: float) -> bool:
    """Tell whether a search is of the share that is recorded: the same for all of its pages."""
    return int(search_id[-8:], 16) < share * _DRAWN
