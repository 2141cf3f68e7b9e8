"""The one byte range that a request may ask for (RFC 9110, section 14)."""

import re

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


class UnsatisfiableRangeError(Exception):
    """The range lies behind the last byte."""


def asked_range(header: str | None, length: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last, or None where the whole is to be sent.

    Several ranges, other units and what is no range are ignored, as the standard allows.

    Args:
        header: The ``Range`` header.
        length: Of the whole, in bytes.

    Raises:
        UnsatisfiableRangeError: If nothing of the whole lies in the range.
    """
    found = _ONE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(length - int(last), 0), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < start:
            return None
    if start >= stop:
        raise UnsatisfiableRangeError
    return start, stop
