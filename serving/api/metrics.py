"""``/metrics``: the figures of this deployment, for Prometheus."""

import asyncio

from fastapi import APIRouter, Request, Response

from serving.api.asking import house_of
from serving.api.models import Problem
from serving.observing.exposition import exposed

router = APIRouter(tags=["status"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}},
        **{status: {"model": Problem} for status in (401, 403, 429, 503)},
    },
)
async def metrics(request: Request) -> Response:
    """Figures of every worker process, as Prometheus text or OpenMetrics."""
    request.app.state.watch.carry_over()
    # Not in the pool: it is full when the figures matter.
    text, media_type = await asyncio.to_thread(
        exposed, house_of(request).metrics, request.headers.get("accept", "")
    )
    return Response(text, media_type=media_type)
