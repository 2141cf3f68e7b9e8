"""What a caller can ask wrongly, and what serving can refuse."""


class ServingError(Exception):
    """A query cannot be answered.

    The message says what is wrong with it, or with the snapshot, and the remedy.
    """


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
