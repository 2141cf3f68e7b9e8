"""Moments as the tables and the signed statements write them: UTC, to the second."""

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def moment_text(moment: datetime) -> str:
    """Return an aware moment as text, ``2026-03-01T12:00:00Z``.

    Raises:
        ValueError: If it has no time zone.
    """
    if moment.tzinfo is None:
        message = f"{moment!r} has no time zone: pass an aware datetime"
        raise ValueError(message)
    return moment.astimezone(UTC).strftime(_FORMAT)


def moment_of(text: str) -> datetime:
    """Return the moment that :func:`moment_text` wrote; ValueError for anything else."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
