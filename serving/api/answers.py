"""Bytes of answers."""

from typing import Any

import orjson
from fastapi import Response

JSON = "application/json"


def json_response(document: Any, headers: dict[str, str] | None = None) -> Response:
    """Return a document as it is, without passing it through a model."""
    return Response(orjson.dumps(document), media_type=JSON, headers=headers)
