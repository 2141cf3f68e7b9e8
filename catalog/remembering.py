"""Remembering what a function answered, for short texts alone: a bound on entries is no bound on bytes."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

LONGEST = 200  # letters; a column's values repeat, a description does not

P = ParamSpec("P")
T = TypeVar("T")


def remembered(entries: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember the last ``entries`` answers to arguments that hold no text longer than ``LONGEST``."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize=entries)(function)

        @wraps(function)
        def ask(*args: P.args, **kwargs: P.kwargs) -> T:
            for one in args:
                if one.__class__ is str and len(one) > LONGEST:
                    return function(*args, **kwargs)
            return cached(*args, **kwargs)  # type: ignore[arg-type] # mypy asks for Hashable, which P cannot say

        return ask

    return decorate
