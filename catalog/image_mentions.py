"""Which pictures a record names, in its order.  Fetching them is ``catalog.image_fetching``'s."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from catalog.community.consent import Consent, read_consent
from catalog.declarations import FeedDeclaration
from catalog.field_paths import all_stated, as_text, filled, first_stated, is_stated
from catalog.listing import ImageMention
from catalog.picture_roles import stated_role
from catalog.texts import clean_text, shortened, storable

LONGEST_LOCATION = 2000
LONGEST_ALT = 1000
MOST_IMAGES = 250
# Only before an address: file names hold commas and blanks ("ChatGPT Image Jun 30, 2025.png").
_STRICTER: tuple[Consent, ...] = ("granted", "missing", "withdrawn")
_NEXT_ADDRESS = re.compile(r"[\s,;|]+(?=https?://)")


def image_mentions(
    record: Mapping[str, Any], mapping: Mapping[str, str], declaration: FeedDeclaration, source_id: str
) -> tuple[tuple[ImageMention, ...], list[str]]:
    """Return the pictures that a record names, each once, and what is to be remarked about them."""
    path = mapping.get("images")
    locations: list[str] = []
    if path is not None:
        for one in _paths(record, path):
            if one in record:
                locations += _locations(record[one]) if is_stated(record[one]) else []
                continue
            for stated in all_stated(record, one):
                locations += _locations(stated.value)
    if not locations and declaration.images_pattern is not None:
        made = filled(declaration.images_pattern, {"source_id": source_id, **record})
        locations += [made] if made else []
    alts = _texts_beside(record, path, mapping.get("images_alt"))
    roles = _texts_beside(record, path, mapping.get("images_role"))
    consents = _consents(record, mapping, locations) if "images_consent" in mapping else {}
    mentions: dict[str, ImageMention] = {}
    complaints = []
    for position, location in enumerate(locations):
        if len(location) > LONGEST_LOCATION:
            complaints.append(
                f"a picture's address has {len(location)} letters, more than {LONGEST_LOCATION}: left out"
            )
            continue
        alt = shortened(alts[position], LONGEST_ALT) if position < len(alts) and alts[position] else None
        said = roles[position] if position < len(roles) else ""
        role = stated_role(said, language=declaration.language) if said else None
        mentions.setdefault(
            location,
            ImageMention(location=location, alt=alt, role=role, consent=consents.get(location)),
        )
    if not mentions:
        complaints.append("the listing names no picture")
    if len(mentions) > MOST_IMAGES:
        complaints.append(f"the listing names {len(mentions)} pictures: the first {MOST_IMAGES} were taken")
    return tuple(mentions.values())[:MOST_IMAGES], complaints


def _paths(record: Mapping[str, Any], path: str) -> tuple[str, ...]:
    return (path,) if path in record or "," not in path else _separate(path)


@lru_cache(maxsize=1024)
def _separate(path: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in path.split(",") if one.strip())


def _locations(value: Any) -> list[str]:
    if isinstance(value, str):
        # Blanks inside a path are kept as they are: files are named with U+202F and double blanks.
        text = (value if value.isascii() and value.isprintable() else storable(value)).strip()
        parts = _NEXT_ADDRESS.split(text) if "://" in text else [text]
        return [bare for part in parts if (bare := part.strip(" ,;|"))]
    if isinstance(value, Mapping):
        for key in ("src", "url", "href", "link"):
            if isinstance(value.get(key), str):
                return _locations(value[key])
        return []
    if isinstance(value, list | tuple):
        return [location for one in value for location in _locations(one)]
    return [clean_text(str(value))]


def _consents(
    record: Mapping[str, Any], mapping: Mapping[str, str], locations: Iterable[str]
) -> dict[str, Consent]:
    """Return the consent to each picture: its own where one stands beside it, else the record's.

    One that is stated nowhere is missing.
    """
    path, images = mapping["images_consent"], mapping.get("images", "")
    beside, _, name = path.rpartition("[].")
    if not beside or not images.startswith(f"{beside}[].") or "," in images:
        stated = first_stated(record, path)
        return dict.fromkeys(locations, read_consent(as_text(stated.value)) if stated else "missing")
    consents: dict[str, Consent] = {}
    for element in all_stated(record, f"{beside}[]"):
        if isinstance(element.value, Mapping):
            consent = read_consent(as_text(element.value.get(name)) if element.value.get(name) else "")
            for location in _locations(element.value.get(images.removeprefix(f"{beside}[].")) or ""):
                # A picture that stands twice is granted only if it is granted both times.
                consents[location] = max(consent, consents.get(location, consent), key=_STRICTER.index)
    return {location: consents.get(location, "missing") for location in locations}


def _texts_beside(record: Mapping[str, Any], path: str | None, texts: str | None) -> list[str]:
    """Return the texts that go with pictures, one each; beside ``images[].src`` none of them shifts."""
    if texts is None:
        return []
    folder, _, name = texts.rpartition("[].")
    if path is not None and folder and "[" not in name and path == f"{folder}[].src":
        return _parallel(record, folder, name)
    return [as_text(stated.value) for stated in all_stated(record, texts)]


def _parallel(record: Mapping[str, Any], folder: str, name: str) -> list[str]:
    """Return the texts beside ``images[].src``, empty where a picture has none, so that none shifts."""
    images = record.get(folder)
    if not isinstance(images, list):
        return []
    return [
        as_text(one.get(name) or "")
        for one in images
        if isinstance(one, Mapping) and _locations(one.get("src") or "")
    ]
