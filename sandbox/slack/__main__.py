"""The local Slack as a process: prints one JSON line when ready and runs until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import signal

from sandbox.slack.server import LocalSlack


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="for the bot; 0 takes a free one")
    parser.add_argument(
        "--control-port", type=int, default=0, help="for tests and people; 0 takes a free one"
    )
    parser.add_argument("--bot-token", default="xoxb-local")
    parser.add_argument("--app-token", default="xapp-local")
    parser.add_argument("--signing-secret", default="local-signing-secret")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--events-url", help="where signed HTTP requests go")
    transport.add_argument("--socket", action="store_true", help="deliver over Socket Mode (the default)")
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    slack = LocalSlack(
        port=options.port,
        control_port=options.control_port,
        bot_token=options.bot_token,
        app_token=options.app_token,
        signing_secret=options.signing_secret,
        events_url=options.events_url,
    )
    async with slack:
        print(json.dumps({"api": slack.api_url, "control": slack.control_url}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
