"""What a caller can ask wrongly, and what serving can refuse."""

from collections.abc import Mapping


class ServingError(Exception):
    """A query cannot be answered.

    The message says what is wrong with it, or with the snapshot, and the remedy; ``headers`` go with an
    answer that says so.
    """

    headers: Mapping[str, str] = {}


class QueryError(ServingError):
    """The query itself is at fault."""


class NothingKnownError(QueryError):
    """The encoder was trained on none of the words of a query."""


class NotServableError(ServingError):
    """There is nothing promoted, or it cannot be searched with the configured encoder."""


class UnknownThingError(ServingError):
    """There is no such collection, piece or listing here."""


class SnapshotGoneError(ServingError):
    """A cursor was made on a snapshot that does not serve any more."""


class OverloadedError(ServingError):
    """More is waiting than this process will do soon."""


class TooLargeError(ServingError):
    """A request brings more bytes or pictures than are taken."""


class UnauthenticatedError(ServingError):
    """What is asked needs a key, and none came that counts.

    Args:
        message: What is wrong, and the remedy.
        error: The code of RFC 6750, section 3.1, where a key came.
    """

    def __init__(self, message: str, error: str | None = None) -> None:
        super().__init__(message)
        said = f', error="{error}"' if error else ""
        self.headers = {"WWW-Authenticate": f'Bearer realm="loupe"{said}'}


class ForbiddenError(ServingError):
    """A key is not for what is asked.

    Args:
        message: What is wrong, and the remedy.
        scope: What the key lacks.
    """

    def __init__(self, message: str, *, scope: str) -> None:
        super().__init__(message)
        said = f'Bearer realm="loupe", error="insufficient_scope", scope="{scope}"'
        self.headers = {"WWW-Authenticate": said}


class RateLimitedError(ServingError):
    """A client asks more often than it may.

    Args:
        message: What it may, and when to ask again.
        seconds: Until then.
    """

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(seconds)}


def first_line(error: Exception) -> str:
    """Return what an error says in its first line, or its kind where it says nothing."""
    return (str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__])[0]
