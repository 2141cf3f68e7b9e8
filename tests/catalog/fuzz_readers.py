"""Bytes against every reader, guided by coverage: ``python fuzz_readers.py CORPUS -max_total_time=60``.

The first byte chooses the format.  What must hold of any bytes: no exception, damage at most once and last,
every reject with a reason, and two readings that agree.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["catalog"]):
    from catalog.declarations import FeedDeclaration
    from catalog.formats import FORMATS
    from catalog.listing import Damage, Listing, Reject
    from catalog.reading import read_delivery

NAMES = tuple(FORMATS)
MAPPING = {
    "source_id": "id | @id",
    "title": "title | name",
    "price": "price",
    "images": "images[].src | image",
}


def declared(name: str) -> FeedDeclaration:
    """Return a declaration of a feed in a format."""
    has_own_names = bool(FORMATS[name].mapping) or name == "rates"
    return FeedDeclaration(
        name="fuzz",
        kind="rates" if name == "rates" else "retailer",
        format=name,
        location="x",
        currency="EUR",
        records="a.b" if name == "xml" else None,
        mapping={} if has_own_names else MAPPING,
    )


DECLARATIONS = [declared(name) for name in NAMES]
FOLDER = tempfile.TemporaryDirectory()
PATH = Path(FOLDER.name) / "delivery"


def check(data: bytes) -> None:
    """Read a delivery of the format that the first byte chooses, and require what must hold of any."""
    if not data:
        return
    declaration = DECLARATIONS[data[0] % len(DECLARATIONS)]
    PATH.write_bytes(data[1:])
    found = list(read_delivery(PATH, declaration))
    damage = [one for one in found if isinstance(one, Damage)]
    assert len(damage) <= 1, damage
    assert all(one.reason and one.message for one in found if isinstance(one, Reject))
    ids = [one.source_id for one in found if isinstance(one, Listing)]
    assert len(ids) == len(set(ids)), ids
    assert found == list(read_delivery(PATH, declaration))


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
