"""OpenTelemetry traces, where they are wanted: a span per request, and one per stage of its answer.

The extra ``loupe[otel]`` brings the packages; they are imported when ``serving.traces`` is set and not
otherwise.  Spans hold routes, statuses and stages; no words, pictures or query strings.
"""

import time
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import NotServableError
from serving.observing.answer_status import AnswerStatus
from serving.observing.requests import route_of
from serving.settings import TraceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


class Tracing:
    """Spans of one process.

    Args:
        settings: Which requests are traced, and where spans go.
        exporter: Takes spans one by one; None for OTLP over HTTP, in batches.

    Raises:
        NotServableError: If the packages are missing.
    """

    def __init__(self, settings: TraceSettings, exporter: "SpanExporter | None" = None) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            message = (
                "serving.traces is set and OpenTelemetry's packages are missing: pip install 'loupe[otel]'"
            )
            raise NotServableError(message) from error
        self._trace = trace
        self._propagator = TraceContextTextMapPropagator()
        self.provider: TracerProvider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.share)),
            resource=Resource.create({"service.name": settings.service_name}),
        )
        self.provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint))
            if exporter is None
            else SimpleSpanProcessor(exporter)
        )
        self._tracer = self.provider.get_tracer("loupe.serving")

    def begin(self, scope: Scope) -> Any:
        """Return the span of a request, a child of the one that its ``traceparent`` names."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return self._tracer.start_span(
            scope["method"],
            context=self._propagator.extract(carrier),
            kind=self._trace.SpanKind.SERVER,
            attributes={"http.request.method": scope["method"], "url.path": scope["path"]},
        )

    def within(self, span: Any) -> Any:
        """Return a context manager in which a span is the current one."""
        return self._trace.use_span(span, end_on_exit=True)

    def end(self, span: Any, scope: Scope, status: int) -> None:
        """Note what became of a request."""
        route = route_of(scope)
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("loupe.request_id", scope.get("loupe.request_id", ""))
        if status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)

    def stage(self, kind: str, name: str, seconds: float) -> None:
        """Add a span of a stage that has just ended."""
        end = time.time_ns()
        span = self._tracer.start_span(
            name, start_time=end - int(seconds * 1e9), attributes={"loupe.kind": kind}
        )
        span.end(end)

    def close(self) -> None:
        """Send what is still held."""
        self.provider.shutdown()


class RequestTraces:
    """Trace every request.

    Args:
        app: What a request goes on to.
        tracing: Where spans are made.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer, span = AnswerStatus(send), self._tracing.begin(scope)
        with self._tracing.within(span):
            try:
                await self.app(scope, receive, answer.send)
            finally:
                self._tracing.end(span, scope, answer.status)
