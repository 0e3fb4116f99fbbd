"""`GET /metrics`, beside the other addresses of the HTTP server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from bot.domain.errors import StoreUnavailable
from bot.observe.metrics import Metrics
from bot.observe.scrape import Scrape
from bot.run.server import Watch, http_app
from tests.fakes import FixedClock
from tests.integration.bolt import SECRET, Bot, command, ready, signed
from tests.integration.databases import bench_on
from tests.integration.stored import store_new, submitted


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(tmp_path: Path, metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    """A server over a store in which work has been due for 42 seconds."""
    async with bench_on("sqlite", tmp_path) as bench:
        await store_new(bench.store, submitted(bench.clock.now()))
        bench.clock.tick(42)
        app = http_app(
            Bot().app,
            SECRET,
            Watch(
                ready,
                Scrape(metrics, bench.store.overdue, bench.store.untold, bench.clock),
                metrics.signature_refused,
            ),
        )
        async with on(app) as client:
            yield client


def on(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot")


async def scraped(client: httpx.AsyncClient, name: str) -> dict[tuple[str, ...], float]:
    """Ask for the metrics, and return the values of one of them by its labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == f"coupon_guard_{name}"
    }


async def test_metrics_are_told_in_prometheus_words(client: httpx.AsyncClient) -> None:
    """Prometheus is told, in text that it can read, how old the queue is at that moment."""
    ages = await scraped(client, "oldest_due_seconds")
    assert ages == {("requests",): 42, ("items",): 0, ("notices",): 0, ("homes",): 0}
    assert await scraped(client, "database_up") == {(): 1}


async def test_refused_signatures_are_counted(client: httpx.AsyncClient) -> None:
    """Each 401 is counted by what it was refused by: its headers, or the signature itself."""
    body = command()
    unsigned = {key: value for key, value in signed(body).items() if key != "x-slack-signature"}
    for headers in (
        unsigned,
        signed(body, timestamp="never"),
        signed(body, signature="v0=" + "0" * 64),
        signed(body, timestamp="1700000000"),
        signed(body),
    ):
        await client.post("/slack/events", content=body, headers=headers)
    assert await scraped(client, "signatures_refused_total") == {("headers",): 2, ("signature",): 2}


async def test_metrics_are_there_without_the_database(metrics: Metrics) -> None:
    """Where the database does not answer, the metrics are told all the same, and say so."""

    async def gone(_: object) -> dict[str, timedelta]:
        raise StoreUnavailable("no database")

    app = http_app(
        Bot().app, SECRET, Watch(ready, Scrape(metrics, gone, gone, FixedClock()), metrics.signature_refused)
    )
    async with on(app) as client:
        assert await scraped(client, "database_up") == {(): 0}
        assert await scraped(client, "oldest_due_seconds") == {}
        assert len(await scraped(client, "outcomes_total")) == 10
