"""Where a field stands in a record: the paths of a feed's mapping.

A path names a column or leads through a document: ``price``, ``offer.price``, ``images[].src`` (every
element of a list), ``specs[label=Material].value`` (the elements whose ``label`` is
``Material``).  ``sale_price | price`` takes the first that is stated; ``{baseColour} {articleType}`` is a
text with columns put in.  A record that holds the whole path as one key (``Variant Price``, ``Weight
(oz.)``) wins over taking the path apart.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from catalog.remembering import LONGEST
from catalog.texts import clean_text

_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?P<lists>(?:\[[^\[\]]*\])*)")
_LIST = re.compile(r"\[([^\[\]]*)\]")
# The common types first: asking an abstract class takes ten times as long.
_MAPPINGS = (dict, Mapping)
_LISTS = (list, Sequence)
_CONTAINERS = (*_MAPPINGS, *_LISTS)
_COLUMN = re.compile(r"\{([^{}]+)\}")


class Stated(NamedTuple):
    """A value as the feed gives it, and the path it stood at."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    selections: tuple[tuple[str, str] | None, ...]  # per []: None for every element, else (key, wanted value)


def checked_path(path: str) -> str:
    """Return ``path``, or raise ValueError that says what is wrong with it."""
    for alternative in path.split("|"):
        if not alternative.strip():
            message = f"path {path!r} is empty where a column or dotted path is needed"
            raise ValueError(message)
        for column in _COLUMN.findall(alternative) or [alternative]:
            brackets = column.count("["), column.count("]")
            if brackets[0] != brackets[1]:
                message = f"path {path!r} has an open bracket: write images[].src or specs[label=X].value"
                raise ValueError(message)
    return path


def first_stated(record: Mapping[str, Any], path: str) -> Stated | None:
    """Return the first non-empty value at ``path``, None when the record states none."""
    for alternative in _alternatives(record, path):
        if alternative in record:  # most fields are plain columns
            if is_stated(record[alternative]):
                return Stated(alternative, record[alternative])
            continue
        for value in _values(record, alternative):
            if is_stated(value):
                return Stated(alternative, value)
    return None


def finder(path: str) -> Callable[[Mapping[str, Any]], Stated | None]:
    """Return ``first_stated`` of one path, made ready for many records."""
    if "{" in path or (any("." in one or "[" in one for one in _split_alternatives(path)) and "|" in path):
        return lambda record: first_stated(record, path)
    if "." in path or "[" in path:
        return _document_finder(path)
    return _column_finder(path, _split_alternatives(path))


def _column_finder(path: str, columns: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Stated | None]:
    def find(record: Mapping[str, Any]) -> Stated | None:
        for column in columns if len(columns) == 1 or path not in record else (path,):
            value = record.get(column)
            if value.__class__ is str:
                if value and not value.isspace():
                    return Stated(column, value)
            elif is_stated(value):
                return Stated(column, value)
        return None

    return find


def _document_finder(path: str) -> Callable[[Mapping[str, Any]], Stated | None]:
    steps = _steps(path)

    def find(record: Mapping[str, Any]) -> Stated | None:
        for value in [record[path]] if path in record else _walk(record, steps):
            if is_stated(value):
                return Stated(path, value)
        return None

    return find


def all_stated(record: Mapping[str, Any], path: str) -> Iterator[Stated]:
    """Yield every stated value at the first alternative of ``path`` that has one, in order."""
    for alternative in _alternatives(record, path):
        if alternative in record:
            if is_stated(record[alternative]):
                yield Stated(alternative, record[alternative])
                return
            continue
        found = False
        for value in _values(record, alternative):
            if is_stated(value):
                found = True
                yield Stated(alternative, value)
        if found:
            return


def holds(record: Mapping[str, Any], path: str) -> bool:
    """Tell whether the record has a place for ``path`` at all, stated or empty."""
    for alternative in _alternatives(record, path):
        columns = _COLUMN.findall(alternative) or [alternative]
        if any(column in record or _walk(record, _steps(column)) for column in columns):
            return True
    return False


def filled(template: str, record: Mapping[str, Any]) -> str | None:
    """Return ``template`` with its ``{columns}`` filled in, None when the record states none of them."""
    stated = False

    def fill(match: re.Match[str]) -> str:
        nonlocal stated
        value = first_stated(record, match.group(1).strip())
        if value is None:
            return ""
        stated = True
        return as_text(value.value)

    text = _COLUMN.sub(fill, template)
    return " ".join(text.split()) if stated else None


def is_stated(value: Any) -> bool:
    """Tell whether a feed's value says anything: null, blanks and empty containers say nothing."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    return len(value) > 0 if isinstance(value, _CONTAINERS) else True


def as_text(value: Any) -> str:
    """Return a feed's value as one clean line of text; lists are joined with commas."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 30:
        return format(value, "f")
    if isinstance(value, Mapping):
        return ", ".join(as_text(one) for one in value.values() if is_stated(one))
    if isinstance(value, Sequence):
        return ", ".join(as_text(one) for one in value if is_stated(one))
    return clean_text(str(value))


def _alternatives(record: Mapping[str, Any], path: str) -> Sequence[str]:
    return (path,) if "|" not in path or path in record else _split_alternatives(path)


@lru_cache(maxsize=4096)
def _split_alternatives(path: str) -> tuple[str, ...]:
    return tuple(alternative.strip() for alternative in path.split("|"))


def _values(record: Mapping[str, Any], path: str) -> Iterator[Any]:
    if path in record:
        yield record[path]
    elif "{" in path:
        yield filled(path, record)
    else:
        yield from _walk(record, _steps(path))


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[_Step, ...]:
    steps = []
    for match in _STEP.finditer(path):
        selections: list[tuple[str, str] | None] = []
        for selection in _LIST.findall(match["lists"]):
            key, equals, wanted = selection.partition("=")
            selections.append((key.strip(), wanted.strip().casefold()) if equals else None)
        steps.append(_Step(name=match["name"].strip(), selections=tuple(selections)))
    return tuple(steps)


def _walk(value: Any, steps: Sequence[_Step]) -> list[Any]:
    values = [value]
    for step in steps:
        found: list[Any] = []
        for one in values:
            if isinstance(one, _MAPPINGS) and step.name in one:
                here = [one[step.name]]
                for selection in step.selections:
                    here = _selected(here, selection)
                found += here
        values = found
    return values


def _selected(values: list[Any], selection: tuple[str, str] | None) -> list[Any]:
    selected: list[Any] = []
    for one in values:
        # One value where several may stand is a list of one: XML cannot tell the two apart.
        elements = one if isinstance(one, _LISTS) and not isinstance(one, str) else [one]
        if selection is None:
            selected += elements
            continue
        key, wanted = selection
        selected += [
            element
            for element in elements
            if isinstance(element, _MAPPINGS) and _label(element.get(key, "")) == wanted
        ]
    return selected


def _label(value: Any) -> str:
    if isinstance(value, str) and len(value) <= LONGEST:
        return _folded(value)  # a feed's labels are few, and every record has them all
    return as_text(value).casefold()


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return clean_text(text).casefold()
