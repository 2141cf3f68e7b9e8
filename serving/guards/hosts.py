"""Requests are taken only when they are addressed to a name of ours."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.problems import problem


class AllowedHosts:
    """Refuse a request with 400 whose Host is none of some names.

    Args:
        app: What a request goes on to.
        names: Such as ``search.example``, or ``*.example`` for every name below; ports are not looked at.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self.app = app
        lowered = [name.lower() for name in names]
        self._names = frozenset(lowered)
        self._endings = tuple(name[1:] for name in lowered if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on that is for us."""
        if scope["type"] != "http" or self._is_ours(scope):
            await self.app(scope, receive, send)
            return
        answer = problem(
            400,
            "host",
            "This is somebody else",
            "the request is addressed to a host that is not served here: see serving.allowed_hosts",
            place="Host",
        )
        await answer(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        return name in self._names or (bool(self._endings) and name.endswith(self._endings))
