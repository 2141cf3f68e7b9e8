"""Who asks, and whether they may: ``requires(scope)`` is a route's statement of what it takes.

A key comes as ``Authorization: Bearer loupe_…``, or in the cookie ``loupe_key`` from pages of this site.
Without one a caller may what ``serving.access`` leaves open, and on this machine everything.
"""

from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from serving.errors import ForbiddenError, RateLimitedError, ServingError, UnauthenticatedError
from serving.guards.client_keys import ClientKeys
from serving.guards.keys import EVERYTHING, Scope
from serving.guards.origins import TrustedProxies, from_another_site, origin_of
from serving.guards.pacing import Pacing
from serving.observing.metrics import ServingMetrics
from serving.problems import answer_known
from serving.settings import AccessSettings

KEY_COOKIE = "loupe_key"
_PLACE = "loupe.client"
_BEARER = HTTPBearer(
    scheme_name="key",
    auto_error=False,
    description="A key from `loupe keys add`. By default none is needed on the machine that serves.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks.

    Attributes:
        name: Whose key it is; ``local`` or ``anonymous`` without one.
        key_id: Of the key.
        scopes: What they may.
        bucket: What they are paced by.
        per_second: Requests; None where they are not paced.
        burst: Requests at once.
        refusal: Why the key that they presented does not count.
    """

    name: str
    key_id: str | None = None
    scopes: frozenset[Scope]
    bucket: str = ""
    per_second: float | None = None
    burst: int = 1
    refusal: ServingError | None = None


class Access:
    """Decide who a request comes from, and what they may.

    Args:
        keys: Those that count.
        settings: What needs none, and how often anybody may ask.
        pacing: Buckets.
        metrics: Where refusals are counted.
    """

    def __init__(
        self, keys: ClientKeys, settings: AccessSettings, pacing: Pacing, metrics: ServingMetrics
    ) -> None:
        self._keys, self._settings, self._pacing, self._metrics = keys, settings, pacing, metrics
        self._proxies = TrustedProxies(settings.trusted_proxies)
        never = settings.keys == "never"
        # What changes the house is never open to the world: only to this machine, and to whoever has a key.
        self._open = EVERYTHING - {"admin"} if never else frozenset(settings.open_scopes)

    def client_of(self, scope: AsgiScope) -> Client:
        """Return who asks.  Whoever presents a key that does not count may nothing, not even what is open."""
        presented, refusal = _presented(scope), None
        if presented is not None:
            try:
                return self._keyed(presented)
            except ServingError as error:
                refusal = error
        origin = origin_of(scope, self._proxies)
        if refusal is None and origin.local and self._settings.keys != "always":
            return Client(name="local", scopes=EVERYTHING)
        return Client(
            name="anonymous",
            scopes=self._open if refusal is None else frozenset(),
            bucket=f"address:{origin.address}",
            per_second=self._settings.anonymous_per_second or None,
            burst=self._settings.anonymous_burst,
            refusal=refusal,
        )

    def allow(self, client: Client, scope: Scope) -> None:
        """Let a client pass who may.

        Raises:
            UnauthenticatedError: If they may not and have no key that counts.
            NotServableError: If they have one, and keys could not be read yet.
            ForbiddenError: If their key is not for this.
        """
        if scope in client.scopes or "admin" in client.scopes:
            return
        if client.refusal is not None:
            raise client.refusal
        if client.key_id is None:
            message = f"this needs a key for {scope}: send one as a bearer token in the Authorization header"
            raise UnauthenticatedError(message)
        message = (
            f"the key of {client.name} is for {', '.join(sorted(client.scopes))}: "
            f"ask for one with the scope {scope}"
        )
        raise ForbiddenError(message, scope=scope)

    def pace(self, client: Client, cost: int = 1) -> None:
        """Take what a request costs from its client's bucket.

        Raises:
            RateLimitedError: If it does not hold that much now.
        """
        if client.per_second is None:
            return
        wait = self._pacing.wait_for(
            client.bucket, per_second=client.per_second, burst=client.burst, cost=cost
        )
        if wait:
            self._metrics.turned_away("rate")
            seconds = max(1, ceil(wait))
            message = (
                f"{client.name} may ask {client.per_second:g} times a second, {client.burst} at once: "
                f"ask again in {seconds} s"
            )
            raise RateLimitedError(message, seconds=seconds)

    def _keyed(self, presented: str) -> Client:
        record = self._keys.proven(presented)
        if record is None:
            message = "the key is unknown, revoked or past its end: ask for a new one"
            raise UnauthenticatedError(message, error="invalid_token")
        return Client(
            name=record.client,
            key_id=record.key_id,
            scopes=record.scopes,
            bucket=f"key:{record.key_id}",
            per_second=record.per_second or self._settings.per_second,
            burst=record.burst or self._settings.burst,
        )


class Admission:
    """Know who asks before anything is read; refuse what nobody without a key may send.

    Args:
        app: What a request goes on to.
        access: Who decides.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self._access = access

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on with its client."""
        if scope["type"] == "http":
            client = scope[_PLACE] = self._access.client_of(scope)
            if scope["method"] == "POST" and scope["path"].startswith("/v1/") and not client.scopes:
                try:
                    self._access.allow(client, "search")
                except ServingError as error:  # its body need not be read to refuse it
                    await answer_known(error, scope["path"])(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def requires(scope: Scope) -> Any:
    """Return the dependency of a route that needs a scope; its value is the :class:`Client`."""

    async def check(
        request: Request,
        _key: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Client:
        access: Access = request.app.state.access
        client = client_of(request)
        access.allow(client, scope)
        access.pace(client)
        return client

    return Depends(check)


async def paced(request: Request) -> None:
    """Take a request of a page from its caller's bucket; pages need no key."""
    access: Access = request.app.state.access
    access.pace(client_of(request))


def charge(request: Request, cost: int) -> None:
    """Take more from a client's bucket, for a request that asks for more than one thing.

    Raises:
        RateLimitedError: If it does not hold that much now.
    """
    access: Access = request.app.state.access
    if cost > 0:
        access.pace(client_of(request), cost)


def client_of(request: Request) -> Client:
    """Return who asks, as the application's door found it."""
    client: Client = request.scope[_PLACE]
    return client


def _presented(scope: AsgiScope) -> str | None:
    """Return what a request brings as a key; None without one."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    kind, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if from_another_site(scope["method"], headers):
        return None
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == KEY_COOKIE and value:
            return value
    return None
