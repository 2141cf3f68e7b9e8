"""What can go wrong in the catalogue: one family of errors, each naming the value and the remedy.

A bad row is no error but data (``catalog.listing.Reject``); these are for what a whole feed or picture
cannot do.
"""


class CatalogError(Exception):
    """Something in the catalogue's work failed; the message names what, and what to change."""


class FeedUnreachableError(CatalogError):
    """A feed or picture could not be had now and may be later: a timeout, a 429, a server's failure.

    Attributes:
        reason: Stable code: ``timeout`` or ``unreachable``.
        retry_after: Seconds that the server asked to wait, None when it named none.
    """

    def __init__(
        self, message: str, *, reason: str = "unreachable", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after


class FeedRefusedError(CatalogError):
    """A feed or picture cannot be had until somebody changes something: address, rights or format.

    Attributes:
        reason: Stable code: ``not_found``, ``refused``, ``too_large``, ``bad_location``, ``private_address``,
            ``missing_file`` or ``wrong_format``.
    """

    def __init__(self, message: str, *, reason: str = "refused") -> None:
        super().__init__(message)
        self.reason = reason


class UnreadableValueError(CatalogError):
    """A stated value is not what its field holds; the message says why."""
