"""Work in bounded batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``items`` in lists of ``size``.

    The last one shorter (``itertools.batched`` from Python 3.12 on).
    """
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
