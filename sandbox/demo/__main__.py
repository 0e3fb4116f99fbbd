"""Play the incident: `python -m sandbox.demo`. Ends with 0 when every check held, else with 1."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time

import httpx

from bot.adapters.seal import new_key
from sandbox import slack_client, vivoldi_client
from sandbox.demo.scene import Scene
from sandbox.demo.story import ACTS
from sandbox.demo.telling import Broken, Telling
from sandbox.stage import NotReady, stage

_UNPLAYABLE = (
    Broken,
    NotReady,
    slack_client.ControlError,
    vivoldi_client.ControlError,
    httpx.TransportError,
    TimeoutError,
)


async def play(telling: Telling) -> bool:
    """Play every act with real processes, and return whether everything held."""
    said = ""
    try:
        telling.say("Starting a local Slack, a local Vivoldi and the bot ...")
        # With a key, so that what was deleted can be restored; at a rate at which nobody waits for many.
        async with stage(SNAPSHOT_KEYS=new_key(), VIVOLDI_RATE_PER_MINUTE="1200") as built:
            try:
                for act in ACTS:
                    await act(Scene(built, telling))
            finally:
                said = built.bot.server.said()
    except _UNPLAYABLE as error:
        telling.fail(str(error) or type(error).__name__, said)
        return False
    return True


def main() -> int:
    """Play the demo on standard output, and return the exit code."""
    started = time.monotonic()
    # A terminal that lacks a typographic quotation mark shall not end the story.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    telling = Telling(sys.stdout, colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    held = asyncio.run(play(telling))
    if held:
        telling.finish(time.monotonic() - started)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
