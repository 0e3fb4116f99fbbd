"""Bare Bolt as a process: one listener that only acks, on the HTTP server that the bot uses as well."""

from __future__ import annotations

import argparse
import logging

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def web_app(bolt: AsyncApp) -> Starlette:
    """Return the ASGI application, with the path that tells that it can be used."""
    handler = AsyncSlackRequestHandler(bolt)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[Route("/slack/events", events, methods=["POST"]), Route("/readyz", ready, methods=["GET"])]
    )


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--signing-secret", required=True)
    parser.add_argument("--slack-api-url", required=True)
    parser.add_argument("--before-response", action="store_true", help="answer when the listener returned")
    given = parser.parse_args()
    quiet = logging.getLogger("slack_bolt")
    quiet.setLevel(logging.ERROR)
    bolt = AsyncApp(
        client=AsyncWebClient(token=given.token, base_url=given.slack_api_url),
        signing_secret=given.signing_secret,
        process_before_response=given.before_response,
        logger=quiet,
    )

    @bolt.command("/coupon-delete")
    async def coupon_delete(ack: AsyncAck) -> None:
        await ack()

    uvicorn.run(
        web_app(bolt),
        host="127.0.0.1",
        port=given.port,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )


if __name__ == "__main__":
    main()
