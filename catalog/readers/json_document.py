"""A JSON document that holds a list of records, streamed: one record in memory at a time."""

import decimal
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import ijson

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Reject
from catalog.readers.encodings import encoding_of
from catalog.readers.record import EMPTY_FILE, Read, Record
from catalog.texts import shortened

DEEPEST = 64  # no feed nests so far; a million brackets is an attack
LONGEST_NUMBER = 1000
_LONG_NUMBER = re.compile(rb"\d{%d,}" % (LONGEST_NUMBER + 1))


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield the records of a JSON document; ``declaration.records`` leads to their list."""
    if path.stat().st_size == 0:
        yield EMPTY_FILE
        return
    encoding = encoding_of(path)
    yield from encoding.remarks()
    wanted = tuple(declaration.records.split(".")) if declaration.records else ()
    where = f"at `{declaration.records}`" if declaration.records else "at the document's top"
    count = 0
    found = False
    with path.open(encoding=encoding.name, errors="replace") as file:
        try:
            for value in _records(_Utf8(file), wanted):
                if value is _LIST:
                    found = True
                    continue
                count += 1
                if isinstance(value, Mapping):
                    yield Record(place=f"item {count}", fields=value)
                else:
                    shown = shortened(repr(value), 100)
                    message = f"the item is {type(value).__name__}, not an object: {shown}"
                    yield Reject(place=f"item {count}", reason="not_a_record", message=message, value=shown)
        except _TooDeepError:
            yield Damage(
                place=f"item {count + 1}", message=f"the document nests deeper than {DEEPEST} levels"
            )
        except (ijson.JSONError, ValueError, decimal.DecimalException) as error:
            reason = shortened(str(error).strip().partition("\n")[0] or type(error).__name__, 120)
            message = f"the JSON breaks after item {count} ({reason}); what came before it was read"
            yield Damage(place=f"item {count + 1}", message=message)
        else:
            if not found:
                message = f"there is no list of records {where}: set `records` to the dotted path of the list"
                yield Damage(place="file", message=message)


class _TooDeepError(Exception):
    pass


_OPENS: dict[str, type[dict[str, Any]] | type[list[Any]]] = {"start_map": dict, "start_array": list}
_CLOSES = frozenset({"end_map", "end_array"})
_LIST = object()  # marks that the wanted list is there, even where it is empty


def _records(file: "_Utf8", wanted: tuple[str, ...]) -> Iterator[Any]:
    """Yield ``_LIST`` once and then every element of the list at ``wanted``.

    ijson's own ``items`` names each event by its whole path: at a depth of 100,000 that needs gigabytes.
    """
    path: list[str | None] = []  # the key under which each open container stands; None inside a list
    key: str | None = None
    inside = False
    building: list[dict[str, Any] | list[Any]] = []  # the open containers of the element being read
    for event, value in ijson.basic_parse(file):
        opens = event in _OPENS
        closes = not opens and event in _CLOSES
        if opens and len(path) + len(building) >= DEEPEST:
            raise _TooDeepError
        if building:
            if event == "map_key":
                key = value
                continue
            if closes:
                whole = building.pop()
                if not building:
                    yield whole
                continue
            new = _OPENS[event]() if opens else value
            into = building[-1]
            if isinstance(into, dict):
                into[key or ""] = new
            else:
                into.append(new)
            if opens:
                building.append(new)
        elif inside and not (event == "end_array" and len(path) == len(wanted) + 1):
            if opens:
                building.append(_OPENS[event]())
            else:
                yield value
        elif event == "map_key":
            key = value
        elif opens:
            path.append(key)
            key = None
            here = tuple(path[1:])
            if event == "start_array" and here == wanted:
                inside = True
                yield _LIST
        elif closes:
            inside = False
            path.pop()
            key = None
        else:
            key = None


class _Utf8:
    """A text file as UTF-8 bytes, without what crashes parsers.

    ijson's C backend dies with a segmentation fault on an integer that Python refuses to convert (over 4,300
    digits), so runs of digits are cut to a length that no value needs.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._carried = b""

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        while True:
            text = self._file.read(size)
            data = self._carried + text.encode("utf-8", "replace")
            data = _LONG_NUMBER.sub(lambda match: match.group()[:LONGEST_NUMBER], data)
            if not text:
                self._carried = b""
                return data
            cut = len(data.rstrip(b"0123456789"))
            self._carried = data[cut:]
            if cut:
                return data[:cut]
