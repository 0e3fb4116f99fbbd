"""Traces for OpenTelemetry: a span for each piece of the worker's work, and in it one for each call.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set in the environment and the extra `otel` is installed. How and
where traces are sent is set by OpenTelemetry's own variables, OTEL_*.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot import __version__
from bot.adapters.calls import CallObserver
from bot.run.worker import ClaimT, Lane

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_log = structlog.get_logger(__name__)


class Tracing:
    """Makes spans, or, without a tracer, none. They hold no text of an error, which nothing would redact."""

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    def lane(self, lane: Lane[ClaimT]) -> Lane[ClaimT]:
        """Return the lane with a span around each piece of its work."""
        tracer = self._tracer
        if tracer is None:
            return lane

        async def work(claim: ClaimT) -> None:
            about = {"work": claim.label}
            with tracer.start_as_current_span(
                lane.name, attributes=about, record_exception=False, set_status_on_exception=False
            ):
                await lane.work(claim)

        return replace(lane, work=work)

    def calls(self, system: str) -> CallObserver:
        """Return what makes a span of each call to a system, within that of the work it belongs to."""

        def observe(call: str, result: str, seconds: float) -> None:
            if self._tracer is not None:
                end = time.time_ns()
                about, begin = {"result": result}, end - int(seconds * 1e9)
                self._tracer.start_span(f"{system}.{call}", attributes=about, start_time=begin).end(end)

        return observe


@contextmanager
def tracing() -> Iterator[Tracing]:
    """Give what makes spans; at the end, those that were not sent yet are sent."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        yield Tracing(None)
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _log.warning("tracing.not_installed")
        yield Tracing(None)
        return
    named = Resource.create({"service.name": "coupon-guard", "service.version": __version__})
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Tracing(provider.get_tracer("coupon-guard", __version__))
    finally:
        provider.shutdown()
