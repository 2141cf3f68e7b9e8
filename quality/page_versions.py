"""Whether a collection's page of data docs says what holds now: asked without great-expectations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from catalog.unmapped import UnmappedValue
from quality.suite_results import SuiteResult
from storage.objects import ObjectMissingError, ObjectStore, sha256_hex

PAGE_VERSION = "2"


def page_key(collection: str) -> str:
    """Return where a collection's page lies."""
    return f"data_docs/{collection}/index.html"


def version_key(collection: str) -> str:
    """Return where the digest of what the page says lies; written after the page."""
    return f"data_docs/{collection}/version"


def results_version(
    found: Mapping[str, Sequence[SuiteResult]], unmapped: Sequence[UnmappedValue] = ()
) -> str:
    """Return the digest of everything that the page says: another one means another page."""
    said = {
        of: [[one.name, one.rows, [asdict(finding) for finding in one.findings]] for one in results]
        for of, results in found.items()
    }
    words = [asdict(one) for one in unmapped]
    return sha256_hex(json.dumps([PAGE_VERSION, said, words], sort_keys=True).encode())


def page_is_current(
    objects: ObjectStore,
    collection: str,
    found: Mapping[str, Sequence[SuiteResult]],
    unmapped: Sequence[UnmappedValue] = (),
) -> bool:
    """Tell whether the page is there and says these results and these unmapped values."""
    try:
        said = objects.get(version_key(collection))
    except ObjectMissingError:
        return False
    return said == results_version(found, unmapped).encode() and objects.exists(page_key(collection))
