"""Traces, as a collector for OpenTelemetry on this machine gets them."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog

from bot.adapters.calls import Calls
from bot.domain.errors import VivoldiUnavailable
from bot.observe.tracing import tracing
from bot.run.worker import Lane
from bot.services.ports.store import Claim

CLAIM = Claim("CG-1", 0, "token", 1)


@dataclass
class Collector:
    """A collector. bodies: what it was sent. spans: the same, as name, parent's id, own id and attributes."""

    bodies: list[bytes] = field(default_factory=list)
    spans: list[tuple[str, bytes, bytes, dict[str, str]]] = field(default_factory=list)

    def keep(self, body: bytes) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        self.bodies.append(body)
        sent = ExportTraceServiceRequest.FromString(body)
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    about = {each.key: str(each.value) for each in span.attributes}
                    self.spans.append((span.name, span.parent_span_id, span.span_id, about))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A running collector, which the environment names."""

    running = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            running.keep(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield running
        server.shutdown()
        thread.join()


async def _work(_: Claim) -> None:
    """Do nothing."""


async def _no_claim() -> None:
    """Find nothing."""


LANE = Lane("items", _no_claim, _work, _work, _work, 1)


async def test_a_piece_of_work_and_its_calls_are_one_trace(collector: Collector) -> None:
    """Each call is a span within that of the work it belongs to, also where two pieces run at once."""
    with tracing() as traces:
        calls = Calls(traces.calls("vivoldi"))

        async def work(claim: Claim) -> None:
            await calls.measured("read", asyncio.sleep(0))
            await calls.measured("delete", asyncio.sleep(0), lambda _: "executed")

        lane = traces.lane(replace(LANE, work=work))
        await asyncio.gather(lane.work(CLAIM), lane.work(replace(CLAIM, request_id="CG-2")))
    pieces = {own: about for name, _, own, about in collector.spans if name == "items"}
    assert sorted(about["work"] for about in pieces.values()) == [
        'string_value: "CG-1#0"\n',
        'string_value: "CG-2#0"\n',
    ]
    children = [(name, parent) for name, parent, _, _ in collector.spans if name != "items"]
    assert sorted(children) == sorted(
        (name, parent) for name in ("vivoldi.read", "vivoldi.delete") for parent in pieces
    )
    results = [about["result"] for name, _, _, about in collector.spans if name == "vivoldi.delete"]
    assert results == ['string_value: "executed"\n'] * 2


async def test_the_text_of_an_error_is_not_sent(collector: Collector) -> None:
    """A failed call shows by its result; what an error says, which nothing would redact, stays here (I8)."""

    async def broken() -> None:
        raise VivoldiUnavailable("hush-hush-hush")

    with tracing() as traces:
        calls = Calls(traces.calls("vivoldi"))
        lane = traces.lane(replace(LANE, work=lambda _: calls.measured("read", broken())))
        with pytest.raises(VivoldiUnavailable):
            await lane.work(CLAIM)
    sent = b"".join(collector.bodies)
    assert b"unavailable" in sent
    assert b"hush-hush-hush" not in sent


async def test_without_a_collector_nothing_is_traced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Tracing is off by default: no span is made, and a lane stays the very one that it was."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with caplog.at_level(logging.DEBUG), tracing() as traces:
        assert traces.lane(LANE) is LANE
        await Calls(traces.calls("slack")).measured("post", asyncio.sleep(0))
    assert not caplog.records


async def test_a_missing_extra_is_said_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenTelemetry is not installed the bot runs all the same, and a warning says why."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with structlog.testing.capture_logs() as logged, tracing() as traces:
        assert traces.lane(LANE) is LANE
    assert [line["event"] for line in logged] == ["tracing.not_installed"]
