"""What there is to look at without a question: collections and what has come in."""

from fastapi import APIRouter, Request, Response

from serving.api.answers import json_response
from serving.api.asking import house_of
from serving.api.models import Collections
from serving.api.search import PROBLEMS

router = APIRouter(prefix="/v1", tags=["browse"], responses=PROBLEMS)


@router.get("/collections", response_model=Collections)
async def collections(request: Request) -> Response:
    """Every collection, and what of it can be searched now."""
    house = house_of(request)
    shown = []
    for name, live in house.live.items():
        served = live.current
        shown.append(
            {
                "name": name,
                "label": house.labels[name] or name,
                "default": name == house.default_collection,
                "ready": served is not None,
                "snapshot_id": None if served is None else served.snapshot_id,
                "pieces": None if served is None else len(served.table),
                "pictures": None if served is None else served.manifest.live_vectors,
                "channels": [] if served is None else list(served.snapshot.channels),
            }
        )
    return json_response({"collections": shown})
