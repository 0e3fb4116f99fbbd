"""The composition root: the one place where everything is built, connected, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random

import structlog
from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import Directory, Identity, SlackMessenger, identify, web_client, web_session
from bot.adapters.store import SqlStore
from bot.adapters.store import migrate as migrate_store
from bot.adapters.vivoldi import RateLimit, VivoldiClient
from bot.domain.errors import SlackError, SlackUnavailable, StoreError
from bot.domain.policy import Policy
from bot.domain.request import Grants
from bot.logs import reference
from bot.server import http_app, run_http
from bot.services.decide import Decide
from bot.services.execute import Execute
from bot.services.failing import FailRequest
from bot.services.items import WorkOnItem
from bot.services.ledger import Ledger
from bot.services.notices import DeliverNotice
from bot.services.ports import Claim, Clock, Coupons, Messenger, NoticeClaim, People, Renderer, Store
from bot.services.present import Present
from bot.services.read import ReadCoupons
from bot.services.reconcile import Reconcile
from bot.services.requests import WorkOnRequest
from bot.services.submit import Submit
from bot.settings import Settings
from bot.socket_mode import run_socket
from bot.worker import LEASE, Lane, Wakeup, Worker
from handlers import errors, listeners
from handlers.answers import Answers
from handlers.cards import Cards

_log = structlog.get_logger(__name__)

# Letters and digits that nobody mixes up when reading an id aloud.
_ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_SLACK_RETRY_SECONDS = 5.0


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)


def new_id() -> str:
    """Return a new id for a request or notice: short enough to read aloud, and never guessed."""
    return "CG-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(10))


@dataclass(frozen=True)
class Bot:
    """The bot, connected: what hears Slack, and what does the work."""

    app: AsyncApp
    worker: Worker
    ready: Callable[[], Awaitable[list[str]]]


async def migrate(settings: Settings) -> None:
    """Bring the database up to date. Raises StoreError; nothing is changed then."""
    await migrate_store(settings.database_url.get_secret_value())


async def serve(settings: Settings) -> None:
    """Run the bot over HTTP until SIGTERM or SIGINT. Raises SettingsError, StoreError, SlackRefused."""
    await _run(
        settings, lambda bot, stop: run_http(http_app(bot.app, bot.ready), settings.host, settings.port, stop)
    )


async def socket(settings: Settings) -> None:
    """Run the bot in Socket Mode until SIGTERM or SIGINT. Raises SettingsError, StoreError, SlackRefused."""
    token = settings.slack_app_token
    assert token is not None, "the settings for Socket Mode require it"
    await _run(
        settings,
        lambda bot, stop: run_socket(bot.app, token.get_secret_value(), settings.slack_api_url, stop),
    )


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

    Yields None where it was told to stop before Slack could be reached. The database has to be up to date.
    Raises StoreError, and SlackRefused where Slack does not take the bot's token.
    """
    clock, policy, wakeup = SystemClock(), settings.policy(), Wakeup()
    async with AsyncExitStack() as stack:
        session, client, coupons = await stack.enter_async_context(outside(settings))
        identity = await _identified(client, stop)
        if identity is None:
            yield None
            return
        store = await stack.enter_async_context(
            SqlStore(settings.database_url.get_secret_value(), clock, wakeup)
        )
        directory = Directory(client, clock, identity.team_id, _named(policy))
        services = Services(
            store, coupons, directory, SlackMessenger(client, session), Cards(), policy, clock
        )
        await _first_refresh(directory)
        yield Bot(
            app=_bolt(settings, client, identity, services),
            worker=Worker(services.lanes(settings), directory.refresh, wakeup),
            ready=partial(_ready, store, directory, stop),
        )


@dataclass(frozen=True)
class Services:
    """The use cases over one set of collaborators."""

    store: Store
    coupons: Coupons
    people: People
    messenger: Messenger
    renderer: Renderer
    policy: Policy
    clock: Clock

    def submit(self) -> Submit:
        """Return what answers the command."""
        return Submit(self.store, self.people, self.policy, self.clock, new_id)

    def decide(self, team: str) -> Decide:
        """Return what carries out clicks. team: the bot's own workspace."""
        return Decide(self.store, self.people, self.policy, self.renderer, self.clock, new_id, team)

    def work_on_request(self, settings: Settings) -> WorkOnRequest:
        """Return what reads, shows, expires and tells requests."""
        fail = FailRequest(self.store, self.renderer, self.clock, new_id)
        read = ReadCoupons(
            self.store, self.coupons, fail, self.policy, self.clock, Random(), settings.vivoldi_timezone
        )
        present = Present(self.store, self.messenger, self.renderer, fail, self.clock, Random(), new_id)
        return WorkOnRequest(self.store, read, present, self.clock)

    def work_on_item(self) -> WorkOnItem:
        """Return what deletes, reconciles and confirms."""
        ledger = Ledger(self.store, self.clock, Random())
        execute = Execute(ledger, self.coupons, self.people, self.policy, self.clock)
        return WorkOnItem(ledger, execute, Reconcile(ledger, self.coupons, self.clock))

    def lanes(self, settings: Settings) -> tuple[Lane[Claim] | Lane[NoticeClaim], ...]:
        """Return the worker's lanes."""
        store, clock = self.store, self.clock

        async def keep(claim: Claim | NoticeClaim) -> None:
            await store.keep(claim, clock.now(), LEASE)

        async def give_back(claim: Claim) -> None:
            async with store.transaction() as tx:
                await tx.release(claim, clock.now())

        async def give_back_notice(claim: NoticeClaim) -> None:
            await store.finish_notice(claim, clock.now())

        tell = DeliverNotice(store, self.messenger, clock, Random())
        requests, items = self.work_on_request(settings), self.work_on_item()
        return (
            Lane("requests", lambda: store.claim_request(clock.now(), LEASE), requests, keep, give_back, 8),
            Lane("items", lambda: store.claim_item(clock.now(), LEASE), items, keep, give_back, 8),
            Lane("notices", lambda: store.claim_notice(clock.now(), LEASE), tell, keep, give_back_notice, 4),
        )


@asynccontextmanager
async def outside(settings: Settings) -> AsyncIterator[tuple[ClientSession, AsyncWebClient, VivoldiClient]]:
    """Build the ways to Slack and Vivoldi, which call nothing yet, and close them afterwards."""
    coupons = VivoldiClient(
        base_url=settings.vivoldi_api_url,
        api_key=settings.vivoldi_api_key.get_secret_value(),
        user_agent=settings.vivoldi_user_agent,
        language=settings.vivoldi_language,
        timeout=settings.vivoldi_timeout_seconds,
        rate=RateLimit(settings.vivoldi_rate_per_minute),
    )
    token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    async with coupons, web_session() as session:
        yield session, web_client(token, url, session), coupons


def _bolt(settings: Settings, client: AsyncWebClient, identity: Identity, services: Services) -> AsyncApp:
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

    app = AsyncApp(
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Slack is answered when the listener has returned, so that an error can't pass for a success.
        process_before_response=True,
        # Bolt's own logger quotes request bodies.
        logger=_quiet_logger(),
    )
    errors.register(app, identity.app_id, reference)
    listeners.register(
        app, services.submit(), services.decide(identity.team_id), Answers(identity.workspace_url)
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
            return await identify(client)
        except SlackUnavailable as error:
            _log.warning("slack.unavailable_at_start", error=str(error))
        try:
            async with asyncio.timeout(_SLACK_RETRY_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
    return None


async def _first_refresh(directory: Directory) -> None:
    try:
        await directory.refresh()
    except SlackError as error:
        # The next refresh follows within a minute; until then commands fail closed, and say so.
        _log.warning("directory.refresh_failed", error=str(error))


async def _ready(store: SqlStore, directory: Directory, stop: asyncio.Event) -> list[str]:
    """Return the reasons why the bot can't work now."""
    reasons = []
    if stop.is_set():
        reasons.append("The bot is stopping.")
    try:
        await store.ping()
    except StoreError as error:
        reasons.append(f"The database does not answer: {error}")
    if not directory.approvers():
        reasons.append("Slack has not told yet who the approvers are.")
    return reasons
