"""``/healthz``: the process lives.  ``/readyz``: every collection that should serve does."""

from dataclasses import asdict

import orjson
from fastapi import APIRouter, Request, Response

from serving.api.answers import JSON
from serving.api.asking import house_of

router = APIRouter(tags=["status"])


@router.get("/healthz")
async def healthz() -> Response:
    """Answer 200 while the process can answer at all."""
    return Response(b'{"status":"alive"}', media_type=JSON)


@router.get("/readyz", responses={503: {"description": "No collection can be searched"}})
async def readyz(request: Request) -> Response:
    """Answer 200 when at least one collection serves, with what is known of each: refusals, too."""
    found = {name: asdict(live.status()) for name, live in house_of(request).live.items()}
    ready = any(one["snapshot_id"] is not None for one in found.values())
    degraded = any(one["refused"] or one["unreachable"] or one["from_copies"] for one in found.values())
    said = ("degraded" if degraded else "ready") if ready else "not ready"
    return Response(
        orjson.dumps({"status": said, "collections": found}),
        status_code=200 if ready else 503,
        media_type=JSON,
        headers={} if ready else {"Retry-After": "5"},
    )
