"""Cells already read: a column's values repeat, so what a text stands for is worked out once.

Short texts only, and a bounded number of them for each column: a bound on entries is no bound on bytes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from catalog.cell_values import Said
from catalog.field_paths import Stated, as_text
from catalog.listing import Reading
from catalog.remembering import LONGEST
from catalog.texts import shortened

LONGEST_RAW = 500
MOST_OF_A_COLUMN = 1024


class Cell(NamedTuple):
    """One cell: where it stood, and what it says."""

    reading: Reading
    said: Said[Any]


class Column:
    """The cells of one field, and how they are read.

    Args:
        interpret: What a cell's text says; asked once about a text.  What it raises is not kept.
    """

    __slots__ = ("_interpret", "_read")

    def __init__(self, interpret: Callable[[str], Said[Any]]) -> None:
        self._interpret = interpret
        self._read: dict[Stated, Cell] = {}

    def read(self, stated: Stated) -> Cell:
        """Return what a cell says."""
        if stated.value.__class__ is not str or len(stated.value) > LONGEST:
            return self._cell(stated)
        cell = self._read.get(stated)
        if cell is None:
            cell = self._cell(stated)
            if len(self._read) >= MOST_OF_A_COLUMN:
                self._read.clear()  # a column of distinct values: forgetting all costs less than choosing
            self._read[stated] = cell
        return cell

    def _cell(self, stated: Stated) -> Cell:
        text = as_text(stated.value)
        return Cell(Reading(column=stated.path, raw=shortened(text, LONGEST_RAW)), self._interpret(text))
