"""Every request is counted and timed by the template of its route."""

import time

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.observing.answer_status import AnswerStatus
from serving.observing.metrics import ServingMetrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STATIC = "/static"


class RequestFigures:
    """Count and time requests.

    Args:
        app: What a request goes on to.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: ServingMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, answer = time.perf_counter(), AnswerStatus(send)
        self._metrics.in_flight.inc()
        try:
            await self.app(scope, receive, answer.send)
        finally:
            self._metrics.in_flight.dec()
            route = route_of(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(answer.status)).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - start)


def route_of(scope: Scope) -> str:
    """Return the template of the route that took a request; what no route took has one name together."""
    template = getattr(scope.get("route"), "path", None)
    if template is not None:
        return str(template)
    return _STATIC if scope["path"].startswith(f"{_STATIC}/") else "unmatched"
