"""The sandbox: `python -m sandbox.page` starts everything, prints the page's address, runs until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from bot.adapters.seal import new_key
from sandbox.page.server import serving
from sandbox.stage import NotReady, stage

PORT = 8080


def main() -> int:
    """Run until told to stop; return the exit status, 1 where something can't start."""
    options = _options()
    try:
        asyncio.run(_run(options.port, dict(options.set)))
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    except OSError:
        print(f"The page can't listen on port {options.port}. Use another one: --port.", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.page",
        description="A small Slack in the browser with the bot in it, and a local Vivoldi.",
    )
    parser.add_argument("--port", type=int, default=PORT, help="of the page; 0 takes a free one")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the bot, for example APPROVE_WITHIN_SECONDS=20; may be given again",
    )
    return parser.parse_args()


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name.upper(), value


async def _run(port: int, settings: dict[str, str]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # With a key, so that what was deleted can be restored; and a plan at which nobody waits long for many.
    settings = {"SNAPSHOT_KEYS": new_key(), "VIVOLDI_RATE_PER_MINUTE": "600"} | settings
    # Named in full, so that no setting can be taken for a parameter of the stage.
    standing = stage("http", database_url=None, start_bot=True, seed_coupons=True, **settings)
    async with standing as everything, serving(everything, port) as address:
        print(f"The sandbox is at {address} (this computer only). Ctrl-C stops it.", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
