"""Bytes of answers: what surrounds the hits of every search."""

from typing import Any

import orjson
from fastapi import Response

from serving.answering import Page
from serving.live_snapshot import ServedSnapshot
from serving.queries import Shape, Stopwatch, cursor_of

JSON = "application/json"


def json_response(document: Any, headers: dict[str, str] | None = None) -> Response:
    """Return a document as it is, without passing it through a model."""
    return Response(orjson.dumps(document), media_type=JSON, headers=headers)


def search_document(
    served: ServedSnapshot,
    page: Page,
    *,
    shape: Shape,
    question: bytes,
    watch: Stopwatch,
    cached: bool = False,
    unknown: tuple[str, ...] = (),
    near: dict[str, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Return the document of a search's answer."""
    after = page.next_offset
    return {
        "collection": served.manifest.collection,
        "snapshot_id": served.snapshot_id,
        "tiers": [tier for tier in shape.tiers if tier in served.snapshot.tiers],
        "hits": orjson.Fragment(page.hits),
        "next_cursor": None if after is None else cursor_of(served.snapshot_id, after, question),
        "unknown_words": unknown,
        "near_words": near or {},
        "timings_ms": watch.all(),
        "cached": cached,
    }
