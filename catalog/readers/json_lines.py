"""JSON Lines: one record per line.  A bad line rejects itself; only a cut last line is damage."""

import decimal
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Reject
from catalog.readers.encodings import encoding_of
from catalog.readers.record import EMPTY_FILE, Read, Record
from catalog.texts import shortened

LONGEST_LINE = 16 << 20


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield the records of a JSON Lines file, named by their line."""
    if path.stat().st_size == 0:
        yield EMPTY_FILE
        return
    encoding = encoding_of(path)
    yield from encoding.remarks()
    with path.open(encoding=encoding.name, errors="replace") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            place = f"line {number}"
            whole = line.endswith("\n")
            if not whole and len(line) >= LONGEST_LINE:
                while rest := file.readline(LONGEST_LINE):
                    if rest.endswith("\n"):
                        break
                message = f"the line is longer than {LONGEST_LINE} letters"
                yield Reject(place=place, reason="too_long", message=message)
                continue
            if not line.strip():
                continue
            try:
                value = json.loads(line, parse_float=_number, parse_constant=str)
            except (ValueError, RecursionError) as error:
                if not whole:
                    yield Damage(place=place, message=f"the file ends in the middle of a record ({error})")
                    return
                message = f"the line is no JSON: {error or type(error).__name__}"
                yield Reject(
                    place=place, reason="not_a_record", message=message, value=shortened(line.strip(), 200)
                )
                continue
            if isinstance(value, Mapping):
                yield Record(place=place, fields=value)
            else:
                message = f"the line is {type(value).__name__}, not an object"
                yield Reject(
                    place=place, reason="not_a_record", message=message, value=shortened(line.strip(), 200)
                )


def _number(text: str) -> decimal.Decimal | str:
    try:
        return decimal.Decimal(text)
    except decimal.DecimalException:
        return text
