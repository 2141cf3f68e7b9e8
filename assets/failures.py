"""How a failure leaves an asset.

Permanent ones at once and for good, everything else as it is, for RetryPolicy.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

# A database that restarts, a host that is slow: worth another try.  Kept on assets, apart from run retries.
TRANSIENT = dg.RetryPolicy(
    max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


@contextmanager
def permanent(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors that no retry can mend into a failure that says what to change and is not retried."""
    try:
        yield
    except errors as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
