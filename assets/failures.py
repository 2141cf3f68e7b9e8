"""How a failure leaves an asset.

Permanent ones at once and for good, everything else as it is, for RetryPolicy.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg


@contextmanager
def permanent(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors that no retry can mend into a failure that says what to change and is not retried."""
    try:
        yield
    except errors as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
