"""Who sees the admin pages: every page is shown through ``for_admins``, and a key may be kept in a cookie.

A browser sends that cookie with this site's own requests only, and a request made for another site's page
counts as nobody's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog.errors import CatalogError
from index_builds.errors import PromotionConflictError, RollbackError
from serving.api.asking import house_of
from serving.errors import ForbiddenError, QueryError, UnauthenticatedError
from serving.guards.access import KEY_COOKIE, Access, client_of
from serving.guards.keys import ApiKey
from serving.house import ServedHouse
from serving.pages.rendering import page, shown

_COOKIE_SECONDS = 12 * 3_600

router = APIRouter(include_in_schema=False)

Show = Callable[[ServedHouse, str], Awaitable[Response]]
Chosen = Annotated[str | None, Form()]


async def for_admins(request: Request, collection: str | None, show: Show) -> Response:
    """Return a page for who may administer; for anybody else the place to give a key, or the refusal.

    What the catalogue or the snapshots refuse is shown with its own words.  Nothing is kept by a cache.

    Args:
        request: Whose key decides.
        collection: As the address names it; None for the house's usual one.
        show: Makes the page, from the house and the name of a collection that it serves.
    """

    async def admitted() -> Response:
        access: Access = request.app.state.access
        try:
            access.allow(client_of(request), "admin")
        except UnauthenticatedError as error:
            return page(
                request,
                "admin/key.html",
                {"refused": str(error) if request.cookies.get(KEY_COOKIE) else None, "to": request.url.path},
                collection=collection,
                status=401,
            )
        house = house_of(request)
        try:
            answer = await show(house, house.chosen(collection).collection)
        except (CatalogError, RollbackError, PromotionConflictError) as error:
            raise QueryError(str(error)) from error
        answer.headers["cache-control"] = "no-store"
        return answer

    return await shown(request, admitted)


def back(path: str, **stated: Any) -> Response:
    """Return the way back to a page after a form, with what is stated and not empty in its address."""
    kept = {name: value for name, value in stated.items() if value}
    return RedirectResponse(f"{path}?{urlencode(kept)}" if kept else path, status_code=303)


@router.post("/admin/key")
async def take_key(
    request: Request, key: Annotated[str, Form()], to: Annotated[str, Form()] = ""
) -> Response:
    """Keep a key in a cookie that this site's own pages send, for half a day."""

    async def show() -> Response:
        proven = house_of(request).keys.proven(key.strip()) if ApiKey.parse(key.strip()) else None
        if proven is None:
            message = "the key is unknown, revoked or past its end: `loupe keys add --scope admin` makes one"
            raise UnauthenticatedError(message)
        if "admin" not in proven.scopes:
            message = f"the key of {proven.client} is for {', '.join(sorted(proven.scopes))}: it needs admin"
            raise ForbiddenError(message, scope="admin")
        answer = RedirectResponse(to if to.startswith("/admin") else "/admin", status_code=303)
        answer.set_cookie(
            KEY_COOKIE,
            key.strip(),
            max_age=_COOKIE_SECONDS,
            path="/admin",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    return await shown(request, show)


@router.post("/admin/leave")
async def leave() -> Response:
    """Forget the key."""
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(KEY_COOKIE, path="/admin")
    return answer
