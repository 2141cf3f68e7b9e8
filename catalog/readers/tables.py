"""Delimited text: rows under a header, for CSV, TSV and what builds on them.  Constant memory."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.listing import Damage, Reject, Remark
from catalog.readers.encodings import encoding_of
from catalog.readers.record import EMPTY_FILE
from catalog.texts import shortened

DELIMITERS = ",;\t|"
LONGEST_CELL = 8 << 20  # descriptions with pictures inside them as base64 are real


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: cells by column.  ``number`` is the line it starts on, the header being line 1."""

    number: int
    cells: dict[str, str]

    @property
    def place(self) -> str:
        """The row as messages name it."""
        return f"row {self.number}"


def read_rows(
    path: Path, *, delimiter: str | None = None, required: Sequence[Sequence[str]] = ()
) -> Iterator[Row | Reject | Remark | Damage]:
    """Yield a table's rows; blank lines are skipped, missing cells at a row's end are empty.

    Args:
        path: The file; its encoding is found, not asked.
        delimiter: None finds it in the header.
        required: Columns without which the file is not what it was declared as; of each group one must be
            there.
    """
    if path.stat().st_size == 0:
        yield EMPTY_FILE
        return
    csv.field_size_limit(LONGEST_CELL)
    encoding = encoding_of(path)
    yield from encoding.remarks()
    with path.open(encoding=encoding.name, errors="replace", newline="") as file:
        lines = _Lines(file)
        header_line = next((line for line in lines if line.strip()), "")
        if not header_line:
            yield Damage(place="file", message="the file holds nothing but blank lines")
            return
        mark = delimiter or sniffed_delimiter(header_line)
        lines.push_back(header_line)
        rows = csv.reader(lines, delimiter=mark)
        columns = [" ".join(column.split()) for column in next(rows, [])]
        missing = [group for group in required if not any(column in columns for column in group)]
        if missing:
            wanted = "; ".join(" or ".join(repr(column) for column in group) for group in missing)
            had = shortened(", ".join(column for column in columns if column), 300)
            yield Damage(place="row 1", message=f"the header lacks {wanted}; it has: {had}")
            return
        yield from _body(rows, lines, columns)


def sniffed_delimiter(header: str) -> str:
    """Return the delimiter that cuts a header into most columns; a comma where none does."""
    counts = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] > 1 else ","


class _Lines:
    """The lines of a file for csv.reader, which notes when the reader asked past the last one."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._pushed: list[str] = []
        self.number = 0
        self.exhausted = False
        self.last = ""

    def push_back(self, line: str) -> None:
        self._pushed.append(line)
        self.number -= 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._file, None)
        if line is None:
            self.exhausted = True
            raise StopIteration
        self.number += 1
        self.last = line
        return line


def _body(
    rows: Iterator[list[str]], lines: _Lines, columns: Sequence[str]
) -> Iterator[Row | Reject | Damage]:
    distinct = all(columns) and len(set(columns)) == len(columns)
    while True:
        start = lines.number + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield Damage(
                place=f"row {start}", message=f"the row cannot be read ({error}): is a quote left open?"
            )
            return
        if cells is None:
            return
        if lines.exhausted:
            yield Damage(
                place=f"row {start}", message="a quote opened here is never closed: the file ends inside it"
            )
            return
        if not "".join(cells).strip():
            continue
        if len(cells) < len(columns) and not lines.last.endswith(("\n", "\r")):
            message = f"the file ends in the middle of a row: {len(cells)} of {len(columns)} cells"
            yield Damage(place=f"row {start}", message=message)
            return
        if len(cells) > len(columns) and "".join(cells[len(columns) :]).strip():
            message = f"{len(cells)} cells under {len(columns)} columns: quote cells that hold a delimiter"
            yield Reject(
                place=f"row {start}",
                reason="too_many_cells",
                message=message,
                value=shortened(",".join(cells), 200),
            )
            continue
        if distinct and len(cells) == len(columns):
            yield Row(number=start, cells=dict(zip(columns, cells, strict=True)))
            continue
        named: dict[str, str] = {}
        for column, cell in zip(columns, cells, strict=False):
            if column and (column not in named or not named[column].strip()):
                named[column] = cell
        yield Row(
            number=start, cells=named | {column: "" for column in columns if column and column not in named}
        )
