"""Query vectors shared between serving processes, in Redis.  Losing it costs time and nothing else."""

import logging
import time
from typing import Protocol

from serving.errors import NotServableError

logger = logging.getLogger(__name__)
_KEPT_SECONDS = 7 * 86_400
_TIMEOUT_SECONDS = 0.1
_PAUSE_SECONDS = 10.0


class SharedCache(Protocol):
    """Bytes by key; called from worker threads."""

    def get(self, key: str) -> bytes | None:
        """Return what is there, or None."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Remember a value for a while."""
        ...


class NoSharedCache:
    """Remembers nothing."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002 - as every cache is asked
        """Return None."""
        return None

    def put(self, key: str, value: bytes) -> None:
        """Do nothing."""


class RedisCache:
    """A Redis server; while it does not answer it is left alone for some seconds at a time.

    Args:
        url: ``redis://host:port/database``, ``rediss://`` or ``unix://``.
    """

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as error:
            message = "serving.cache_url is set and the redis package is missing: pip install 'loupe[redis]'"
            raise NotServableError(message) from error
        self._errors = (redis.RedisError, OSError)
        self._client = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        self._again_at = 0.0

    def get(self, key: str) -> bytes | None:  # noqa: D102 - the protocol describes it
        if time.monotonic() < self._again_at:
            return None
        try:
            value = self._client.get(f"loupe:{key}")
        except self._errors as error:
            self._leave(error)
            return None
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes) -> None:  # noqa: D102 - the protocol describes it
        if time.monotonic() < self._again_at:
            return
        try:
            self._client.set(f"loupe:{key}", value, ex=_KEPT_SECONDS)
        except self._errors as error:
            self._leave(error)

    def _leave(self, error: Exception) -> None:
        self._again_at = time.monotonic() + _PAUSE_SECONDS
        logger.warning("the shared cache does not answer (%s): working without", type(error).__name__)
