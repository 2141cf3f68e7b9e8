"""``/v1/images``: renditions of pictures, in the sizes that pages need."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from serving.api.asking import house_of
from serving.api.search import PROBLEMS
from serving.byte_ranges import UnsatisfiableRangeError, asked_range
from serving.house import ServedHouse
from serving.picture_urls import is_current
from serving.problems import problem
from serving.renditions import read_rendition, rendition_digest, rendition_key
from serving.signed_urls import SignedUrls

router = APIRouter(prefix="/v1/images", tags=["pictures"])
MEDIA_TYPE = "image/webp"
_NAMED_BY_DIGEST = "public, max-age=31536000, immutable"
_MAY_CHANGE = "public, max-age=3600, stale-while-revalidate=86400"  # a later version may render it anew

ImageId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the original picture.")]
Name = Annotated[
    str, Path(pattern="^(160|512|1280|cutout)$", description="Longest side in pixels, or cutout.")
]
Version = Annotated[
    str | None, Query(max_length=64, description="As a piece's document gives it: cached for ever.")
]


@router.head("/{image_id}/{name}.webp", include_in_schema=False)
@router.get(
    "/{image_id}/{name}.webp",
    response_class=Response,
    responses={
        **PROBLEMS,
        200: {"content": {MEDIA_TYPE: {}}, "description": "The picture"},
        206: {"content": {MEDIA_TYPE: {}}, "description": "The asked range of it"},
        304: {"description": "The caller has it"},
        307: {"description": "It lies there, for a while"},
        416: {"description": "The range lies behind the last byte"},
    },
)
async def rendition(request: Request, image_id: ImageId, name: Name, v: Version = None) -> Response:
    """A picture as it is shown: colours set right, upright, WebP."""
    house = house_of(request)
    digest = await house.pool.do(rendition_digest, house.engine, list(house.live), image_id, name)
    if house.signed is not None and request.method == "GET":  # an address is signed for one method
        return await _elsewhere(house, house.signed, digest)
    headers = {
        "etag": f'"{digest}"',
        "cache-control": _NAMED_BY_DIGEST if is_current(v, digest) else _MAY_CHANGE,
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
    }
    if _has_it(request.headers.get("if-none-match"), digest):
        return Response(status_code=304, headers=headers)
    file = await house.pool.do(read_rendition, house.objects, house.pictures, digest)
    condition = request.headers.get("if-range")
    wanted = request.headers.get("range") if condition in (None, headers["etag"]) else None
    try:
        part = asked_range(wanted, len(file.data))
    except UnsatisfiableRangeError:
        return problem(
            416,
            "range",
            "The range cannot be sent",
            f"the picture has {len(file.data)} bytes: ask for some of them, or leave the Range header out",
            place="Range",
            headers={"content-range": f"bytes */{len(file.data)}"},
        )
    if part is None:
        return Response(file.data, media_type=MEDIA_TYPE, headers=headers)
    start, stop = part
    headers["content-range"] = f"bytes {start}-{stop - 1}/{len(file.data)}"
    return Response(file.data[start:stop], status_code=206, media_type=MEDIA_TYPE, headers=headers)


async def _elsewhere(house: ServedHouse, signed: SignedUrls, digest: str) -> Response:
    """Redirect to where the file lies; whoever is redirected fetches ranges and checks ETags there."""
    address = await house.pool.do(signed.url, rendition_key(digest))
    return Response(
        status_code=307,
        headers={
            "location": address,
            "cache-control": f"private, max-age={signed.kept_seconds // 2}",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "cross-origin",
        },
    )


def _has_it(header: str | None, digest: str) -> bool:
    """Tell whether ``If-None-Match`` names the file, weakly compared (RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in named or f'"{digest}"' in named
