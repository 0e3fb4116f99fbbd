"""The composition root: the one place where everything is built, connected, started and stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.calls import Calls
from bot.adapters.network import ways_of
from bot.adapters.slack import (
    Directory,
    Identity,
    SlackChannels,
    SlackDialogs,
    SlackFiles,
    SlackMessenger,
    SlackReplies,
    identify,
    scopes,
    web_client,
    web_session,
)
from bot.adapters.store import SqlStore
from bot.adapters.store import migrate as migrate_store
from bot.adapters.store.clock import DatabaseClock
from bot.adapters.vivoldi import RateLimit, SharedRate, Turns, VivoldiClient
from bot.domain.errors import SlackError, SlackUnavailable, StoreError
from bot.domain.people import Grants
from bot.domain.policy import Policy
from bot.logs import reference
from bot.observe.committed import Committed
from bot.observe.log import correlate, log_events
from bot.observe.metrics import Metrics
from bot.observe.scrape import Scrape
from bot.observe.tracing import Tracing, tracing
from bot.run.precedence import Precedence
from bot.run.server import Watch, http_app, run_http, watch_app
from bot.run.socket_mode import run_socket
from bot.run.together import together
from bot.run.worker import Chore, Wakeup, Worker
from bot.services.ports.outside import Dialogs
from bot.settings import Settings
from bot.wiring import Services
from handlers import errors, listeners
from handlers.render.answers import Answers
from handlers.render.card import Cards
from handlers.render.dialogs import confirmation, form, told
from handlers.render.home import HomeBlocks
from handlers.render.report import dialog

if TYPE_CHECKING:
    from bot.adapters.seal import Seal

_log = structlog.get_logger(__name__)

_SLACK_RETRY_SECONDS = 5.0
_REFRESH_EVERY = timedelta(minutes=1)
_COUNT_EVERY = timedelta(minutes=1)
_FORGET_EVERY = timedelta(minutes=1)
_REMOVE_EVERY = timedelta(minutes=10)


class SystemClock:
    """The machine's clock, in UTC: for what is compared with it. All else goes by the database's."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Bot:
    """The bot, connected: what hears Slack, and what does the work."""

    app: AsyncApp
    worker: Worker
    watch: Watch


async def migrate(settings: Settings) -> None:
    """Bring the database up to date. Raises StoreError; nothing is changed then."""
    await migrate_store(settings.database_url.get_secret_value())


async def serve(settings: Settings) -> None:
    """Run the bot over HTTP until SIGTERM or SIGINT. Raises SettingsError, StoreError, SlackRefused."""
    secret = settings.slack_signing_secret
    assert secret is not None, "the settings for HTTP require it"

    def listen(bot: Bot, stop: asyncio.Event) -> Awaitable[None]:
        app = http_app(bot.app, secret.get_secret_value(), bot.watch)
        return run_http(app, settings.host, settings.port, stop)

    await _run(settings, listen)


async def socket(settings: Settings) -> None:
    """Run the bot in Socket Mode until SIGTERM or SIGINT. Raises SettingsError, StoreError, SlackRefused."""
    token = settings.slack_app_token
    assert token is not None, "the settings for Socket Mode require it"

    async def listen(bot: Bot, stop: asyncio.Event) -> None:
        linked = asyncio.Event()
        way = ways_of(settings).slack
        heard = run_socket(
            bot.app, token.get_secret_value(), settings.slack_api_url, stop, way=way, linked=linked
        )
        if "port" not in settings.model_fields_set:
            return await heard
        app = watch_app(replace(bot.watch, ready=partial(_ready_and_linked, bot.watch.ready, linked)))
        return await together(stop, heard, run_http(app, settings.host, settings.port, stop))

    await _run(settings, listen)


async def _run(settings: Settings, listen: Callable[[Bot, asyncio.Event], Awaitable[None]]) -> None:
    """Listen and work until told to stop; then take nothing new, and finish what is in flight."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await migrate(settings)
    async with connected(settings, stop) as bot:
        if bot is None:
            return
        # What is built by now, modules above all, stays. Looking through it for garbage took 65 ms and more,
        # in which nobody was answered; what comes later is little.
        gc.freeze()
        working = asyncio.create_task(bot.worker.run())
        # A worker that ended although nobody told it to must not leave a bot that only listens.
        working.add_done_callback(lambda _: stop.set())
        try:
            await listen(bot, stop)
        finally:
            bot.worker.stop()
            await working
    _log.info("bot.stopped")


@asynccontextmanager
async def connected(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Bot | None]:
    """Build the bot from its settings, connect it, and close everything afterwards.

    Yields None if it was told to stop before Slack could be reached. The database has to be up to date.
    Raises StoreError, and SlackRefused if Slack does not take the bot's token.
    """
    clock, wakeup, metrics, precedence = DatabaseClock(), Wakeup(), Metrics(), Precedence()
    url, policy = settings.database_url.get_secret_value(), settings.policy()
    store = SqlStore(url, clock, Committed(log_events, metrics), wakeup, precedence, clock.trouble)
    rate = SharedRate(policy.plan, store.rate.take)
    with tracing() as traces:
        to_vivoldi = Calls(metrics.called_vivoldi, traces.calls("vivoldi"), before=precedence.give_way)
        to_slack = Calls(metrics.called_slack, traces.calls("slack"), before=precedence.give_way)
        ways = outside(settings, rate, to_vivoldi)
        async with store, clock.kept(store, stop.set), ways as (session, client, coupons):
            identity = await _identified(client, stop)
            if identity is None:
                yield None
                return
            directory = Directory(client, clock, identity.team_id, _named(policy), to_slack)
            services = Services(
                store,
                coupons,
                directory,
                SlackChannels(client, clock),
                SlackMessenger(client, session, to_slack),
                Cards(identity.workspace_url),
                policy,
                clock,
                store.homes,
                HomeBlocks(identity.workspace_url),
            )
            await _first(directory.refresh)
            await store.retry_refused()
            dialogs = SlackDialogs(client, to_slack)
            yield Bot(
                app=_bolt(settings, client, identity, services, dialogs, precedence),
                worker=_worker(settings, services, directory, clock, wakeup, metrics, precedence, traces),
                watch=Watch(
                    partial(_ready, store, clock, directory, stop),
                    Scrape(metrics, store.overdue, store.untold, clock),
                    metrics.signature_refused,
                ),
            )


def _worker(
    settings: Settings,
    services: Services,
    directory: Directory,
    clock: DatabaseClock,
    wakeup: Wakeup,
    metrics: Metrics,
    precedence: Precedence,
    traces: Tracing,
) -> Worker:
    return Worker(
        [traces.lane(lane) for lane in services.lanes(settings)],
        [
            Chore("directory.refresh", directory.refresh, _REFRESH_EVERY),
            Chore("refusals.count", services.count_refusals(), _COUNT_EVERY),
            Chore("reply_urls.forget", services.forget_reply_urls(), _FORGET_EVERY),
            Chore("snapshots.remove_old", services.retention(settings), _REMOVE_EVERY),
        ],
        wakeup,
        metrics.taken_over,
        precedence.first,
        lambda: clock.trouble() is not None,
    )


@asynccontextmanager
async def outside(
    settings: Settings, rate: Turns | None = None, to_vivoldi: Calls | None = None
) -> AsyncIterator[tuple[ClientSession, AsyncWebClient, VivoldiClient]]:
    """Build the ways to Slack and Vivoldi, which call nothing yet, and close them afterwards.

    rate: what calls to Vivoldi wait for; None: the limit of a minute, for this process alone. to_vivoldi:
    measures them.
    """
    ways = ways_of(settings)
    coupons = VivoldiClient(
        base_url=settings.vivoldi_api_url,
        api_key=settings.vivoldi_api_key.get_secret_value(),
        user_agent=settings.vivoldi_user_agent,
        language=settings.vivoldi_language,
        timeout=settings.vivoldi_timeout_seconds,
        rate=rate or RateLimit(settings.vivoldi_rate_per_minute),
        seal=seal.close if (seal := seal_of(settings)) else None,
        unseal=seal.open if seal else None,
        way=ways.vivoldi,
        calls=to_vivoldi,
    )
    token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    async with coupons, web_session(ways.slack) as session:
        yield session, web_client(token, url, session), coupons


def seal_of(settings: Settings) -> Seal | None:
    """Return what seals and opens what deleted coupons held; None if no key is set."""
    keys = [key.get_secret_value() for key in settings.snapshot_keys]
    if not keys:
        return None
    # Imported only if it is used: it takes 7 MB, and most bots have no key.
    from bot.adapters.seal import Seal

    return Seal(keys)


class _App(AsyncApp):
    """Bolt's app, whose listeners go first, and log with an id of what they answer.

    Going first is not for a middleware of Bolt's, which ends before the listener begins.
    """

    def __init__(self, precedence: Precedence, **options: Any) -> None:
        super().__init__(**options)
        self._precedence = precedence

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer what came from Slack."""
        correlate()
        with self._precedence.first():
            return await super().async_dispatch(req)


def _bolt(
    settings: Settings,
    client: AsyncWebClient,
    identity: Identity,
    services: Services,
    dialogs: Dialogs,
    precedence: Precedence,
) -> AsyncApp:
    secret = settings.slack_signing_secret
    known = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_user_id=identity.bot_user_id,
        bot_token=settings.slack_bot_token.get_secret_value(),
    )

    async def authorize() -> AuthorizeResult:
        # Asked at start, so that no listener has to wait for it.
        return known

    app = _App(
        precedence,
        # Without one, Bolt reads the source of every module that is loaded, to name the app after a file.
        name="coupon-guard",
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Slack is answered when the listener has returned, so that an error can't pass for a success.
        process_before_response=True,
        # Bolt's own logger quotes request bodies.
        logger=_quiet_logger(),
    )
    assert client.session is not None, "web_client gives it one"
    errors.register(app, identity.app_id, reference, SlackReplies(client.session, client.base_url))
    team = identity.team_id
    decide, submit, answers = (
        services.decide(team, settings),
        services.submit(team),
        Answers(identity.workspace_url),
    )
    listeners.register(
        app,
        submit=submit,
        decide=decide,
        confirm=services.confirm(decide, dialogs, confirmation),
        form=services.form(submit, dialogs, SlackFiles(client), form, lambda why: told(answers.text(why))),
        show_all=services.show_all(team, dialogs, dialog),
        open_home=services.open_home(team),
        answers=answers,
    )
    return app


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.ERROR)
    return logger


def _named(policy: Policy) -> Grants:
    named = policy.approvers | policy.final_approvers
    return named | policy.requesters if policy.requesters else named


async def _identified(client: AsyncWebClient, stop: asyncio.Event) -> Identity | None:
    """Ask Slack who the bot is, again and again while Slack can't be reached."""
    while not stop.is_set():
        try:
            identity = await identify(client)
            if identity.scopes and (missing := scopes.without(identity.scopes)):
                _log.warning("slack.scopes_missing", missing=list(missing))
            return identity
        except SlackUnavailable as error:
            _log.warning("slack.unavailable_at_start", error=str(error))
        try:
            async with asyncio.timeout(_SLACK_RETRY_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
    return None


async def _first(refresh: Callable[[], Awaitable[None]]) -> None:
    try:
        await refresh()
    except SlackError as error:
        # The next refresh follows within a minute; until then commands fail closed, and say so.
        _log.warning("directory.refresh_failed", error=str(error))


async def _ready_and_linked(ready: Callable[[], Awaitable[list[str]]], linked: asyncio.Event) -> list[str]:
    reasons = await ready()
    return reasons if linked.is_set() else [*reasons, "There is no connection to Slack."]


async def _ready(
    store: SqlStore, clock: DatabaseClock, directory: Directory, stop: asyncio.Event
) -> list[str]:
    """Return the reasons why the bot can't work now."""
    reasons = []
    if stop.is_set():
        reasons.append("The bot is stopping.")
    try:
        await store.require_room()
    except StoreError as error:
        reasons.append(f"Nothing can be stored: {error}")
    if (trouble := clock.trouble()) is not None:
        reasons.append(f"No work is taken: {trouble}")
    if not directory.approvers():
        reasons.append("Slack has not told yet who the approvers are.")
    return reasons
