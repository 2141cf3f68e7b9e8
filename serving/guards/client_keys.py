"""The keys that count now, in memory: asking costs no SQL, and a database that is away locks nobody out."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from serving.errors import NotServableError
from serving.guards.key_records import KeyRecord, read_keys
from serving.guards.keys import ApiKey

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class ClientKeys:
    """Keys by id.  ``refresh`` is called by one thread, all else by any.

    Args:
        engine: Where they are stored.
        clock: The present moment, for their ends.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _now) -> None:
        self._engine, self._clock = engine, clock
        self._held: dict[str, KeyRecord] | None = None

    def refresh(self) -> None:
        """Read them anew; while the database is away those that were read last count on."""
        try:
            self._held = {one.key_id: one for one in read_keys(self._engine)}
        except SQLAlchemyError as error:
            logger.warning("clients' keys cannot be read: %s", type(error).__name__)

    def proven(self, text: str) -> KeyRecord | None:
        """Return the record of a key that a client presents; None where it does not count.

        Raises:
            NotServableError: If keys could not be read yet.
        """
        if self._held is None:
            message = "clients' keys cannot be read: try again when the database is back"
            raise NotServableError(message)
        key = ApiKey.parse(text)
        if key is None:
            return None
        record = self._held.get(key.key_id)
        proves = key.proves(None if record is None else record.secret_digest)
        return record if record is not None and proves and record.counts(self._clock()) else None
