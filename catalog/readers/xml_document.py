"""Any XML with a mapping: ``records`` leads to the elements that are records, ``shop.products.product``.

An element becomes a document: its children by name, repeated ones as a list, attributes as ``@name``, its own
text as ``#text`` where it has both.  Read one by one in constant memory; what defusedxml refuses is refused.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import errors

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage
from catalog.readers.record import EMPTY_FILE, Read, Record

DEEPEST = 64
_CODES = errors.codes
_REMEDY = "mend the export and deliver the file again"
_REMEDIES = {
    _CODES[errors.XML_ERROR_INVALID_TOKEN]: "write & and < inside texts as &amp; and &lt;",
    _CODES[errors.XML_ERROR_TAG_MISMATCH]: "close every element by the name it was opened with",
    _CODES[errors.XML_ERROR_NO_ELEMENTS]: "the file ends too early: deliver it again, whole",
    _CODES[errors.XML_ERROR_UNCLOSED_TOKEN]: "the file ends too early: deliver it again, whole",
    _CODES[
        errors.XML_ERROR_UNDEFINED_ENTITY
    ]: "write the letter itself in place of its name, as é for &eacute;",
}
XML_BREAKS = (ParseError, DefusedXmlException, ValueError, LookupError)


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield the elements at ``declaration.records``."""
    if path.stat().st_size == 0:
        yield EMPTY_FILE
        return
    wanted = (declaration.records or "").split(".")
    count = 0
    seen: set[str] = set()
    try:
        for place, element in _elements(path, wanted, seen):
            if element is None:
                yield Damage(place=place, message=f"the document nests deeper than {DEEPEST} levels")
                return
            count += 1
            fields = document_of(element)
            yield Record(place=place, fields=fields if isinstance(fields, dict) else {"#text": fields})
    except XML_BREAKS as error:
        yield xml_damage(error, count, "records")
        return
    parent = ".".join(wanted[:-1])
    # A list that is there and empty is a statement; one that holds something else is a slip of the path.
    if count == 0 and (parent not in seen or any(name.startswith(f"{parent}.") for name in seen)):
        had = ", ".join(sorted(seen)[:8])
        message = f"no element stands at `{declaration.records}`: set `records` to its path; there are {had}"
        yield Damage(place="file", message=message)


def xml_damage(error: Exception, count: int, what: str) -> Damage:
    """Return what one of ``XML_BREAKS`` means, after ``count`` records, products, ... that were read."""
    if isinstance(error, ParseError):
        line, column = error.position
        message = (
            f"the XML breaks at line {line}, column {column} ({str(error).partition(':')[0]}): "
            f"{_read_before(count, what)}; {_REMEDIES.get(error.code, _REMEDY)}"
        )
        return Damage(place=f"line {line}", message=message)
    message = f"the XML is refused after {count} {what}: {type(error).__name__}: {error}"
    return Damage(place=f"item {count + 1}", message=message)


def _read_before(count: int, what: str) -> str:
    return (
        f"the {count} {what} before it were read, nothing after it"
        if count
        else f"none of its {what} were read"
    )


def document_of(element: Element) -> Any:
    """Return an element as text, or as a document where it has children or attributes."""
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    document: dict[str, Any] = {f"@{local_name(name)}": value for name, value in element.attrib.items()}
    if text:
        document["#text"] = text
    for child in element:
        name, value = local_name(child.tag), document_of(child)
        if name not in document:
            document[name] = value
        elif isinstance(document[name], list):
            document[name].append(value)
        else:
            document[name] = [document[name], value]
    return document


@lru_cache(maxsize=1024)
def local_name(tag: Any) -> str:
    """Return a tag's name without its namespace."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _elements(path: Path, wanted: list[str], seen: set[str]) -> Iterator[tuple[str, Element | None]]:
    """Yield the wanted elements with their place; None for one that nests too deep."""
    parents: list[Element] = []
    names: list[str] = []
    inside = 0
    count = 0
    with path.open("rb") as file:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=False):
            if event == "start":
                parents.append(element)
                names.append(local_name(element.tag))
                inside += names == wanted
                if len(names) > DEEPEST:
                    yield f"item {count + 1}", None
                    return
                if not inside and len(seen) < 1000:
                    seen.add(".".join(names))
                continue
            is_record = names == wanted
            parents.pop()
            names.pop()
            if is_record:
                inside -= 1
                count += 1
                yield f"item {count}", element
            if not inside:
                # Outside a record nothing is needed again; kept, it would be the whole document in memory.
                element.clear()
                if parents:
                    parents[-1].remove(element)
