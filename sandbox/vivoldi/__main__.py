"""The local Vivoldi as a process: prints both URLs as one JSON line, then serves until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import signal
import sys

from sandbox.vivoldi.seeds import seed
from sandbox.vivoldi.server import DEFAULT_API_KEY, LocalVivoldi


def main() -> int:
    """Serve until told to stop; return the exit status, 1 if a port is taken."""
    try:
        asyncio.run(_serve(_options()))
    except OSError as error:
        print(f"The local Vivoldi can't listen: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.vivoldi", description="A local Vivoldi on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="port of the API; 0 takes a free one")
    parser.add_argument(
        "--control-port", type=int, default=0, help="port of the control side; 0 takes a free one"
    )
    parser.add_argument("--api-key", default=DEFAULT_API_KEY, help="the key that the API accepts")
    parser.add_argument("--rate-per-minute", type=int, help="answer 429 past this many calls a minute")
    parser.add_argument(
        "--unknown-delete-succeeds",
        action="store_true",
        help="answer code 0, not a refusal, to the deletion of an unknown number",
    )
    parser.add_argument("--seed-coupons", action="store_true", help="start with one coupon of each sort")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with LocalVivoldi(
        api_key=options.api_key,
        port=options.port,
        control_port=options.control_port,
        rate_per_minute=options.rate_per_minute,
        unknown_delete_succeeds=options.unknown_delete_succeeds,
    ) as vivoldi:
        if options.seed_coupons:
            seed(vivoldi.world)
        print(json.dumps({"api": vivoldi.url, "control": vivoldi.control_url}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
