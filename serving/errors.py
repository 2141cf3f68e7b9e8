"""What a caller can ask wrongly, and what serving can refuse."""


class ServingError(Exception):
    """A query cannot be answered.

    The message says what is wrong with it, or with the snapshot, and the remedy.
    """


class QueryError(ServingError):
    """The query itself is at fault."""


class NotServableError(ServingError):
    """There is nothing promoted, or it cannot be searched with the configured encoder."""
