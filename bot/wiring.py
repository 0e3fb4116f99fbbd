"""The use cases, each connected to the collaborators that it needs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from bot.domain.policy import Policy
from bot.run.worker import Lane
from bot.services.asked.click import Decide
from bot.services.asked.command import Submit
from bot.services.asked.confirm import Confirm, View
from bot.services.asked.form import Form, FormView, RefusalView
from bot.services.asked.repeats import CountRefusals
from bot.services.asked.show_all import ListView, ShowAll
from bot.services.home import OpenHome, PublishHome
from bot.services.items.deletion import Execute, Reconcile
from bot.services.items.freeze import FreezeCoupon
from bot.services.items.ledger import Ledger
from bot.services.items.restore import Create, Restore
from bot.services.items.send import Sender
from bot.services.items.work import WorkOnItem
from bot.services.notices import DeliverNotice
from bot.services.pacing import Many
from bot.services.ports.home import HomeClaim, HomePage, Homes
from bot.services.ports.outside import (
    Channels,
    Clock,
    Coupons,
    Dialogs,
    Files,
    Messenger,
    People,
    Renderer,
)
from bot.services.ports.store import LEASE, Claim, NoticeClaim, Store
from bot.services.requests.card import DrawCard
from bot.services.requests.draft import DraftRestore
from bot.services.requests.fail import FailRequest
from bot.services.requests.later import Later
from bot.services.requests.read import ReadCoupons
from bot.services.requests.remind import Remind
from bot.services.requests.tell import TellOutcome
from bot.services.requests.work import WorkOnRequest
from bot.services.retention import ForgetReplyUrls, RemoveOldSnapshots
from bot.settings import Settings

# Letters and digits that nobody mixes up when reading an id aloud; 32, so that five bits choose one.
_ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_id() -> str:
    """Return a new id for a request or notice: short enough to read aloud, and never guessed."""
    # The system is asked for its randomness once, not for each letter.
    return "CG-" + "".join([_ID_LETTERS[byte % 32] for byte in secrets.token_bytes(10)])


@dataclass(frozen=True)
class Services:
    """The use cases over one set of collaborators."""

    store: Store
    coupons: Coupons
    people: People
    channels: Channels
    messenger: Messenger
    renderer: Renderer
    policy: Policy
    clock: Clock
    homes: Homes
    page: HomePage

    def submit(self, team: str) -> Submit:
        """Return what answers the command. team: the bot's own workspace."""
        return Submit(self.store, self.people, self.channels, self.policy, self.clock, new_id, team)

    def decide(self, team: str, settings: Settings) -> Decide:
        """Return what carries out clicks. team: the bot's own workspace."""
        return Decide(
            self.store,
            self.people,
            self.policy,
            self.renderer,
            self.clock,
            new_id,
            team,
            settings.vivoldi_timezone,
        )

    def open_home(self, team: str) -> OpenHome:
        """Return what takes note of opened Homes. team: the bot's own workspace."""
        return OpenHome(self.homes, team)

    def form(
        self, submit: Submit, dialogs: Dialogs, files: Files, view: FormView, refusal: RefusalView
    ) -> Form:
        """Return what opens the form for many codes, and carries it out. view, refusal: see `Form`."""
        return Form(submit, self.store, dialogs, files, view, refusal)

    def show_all(self, team: str, dialogs: Dialogs, view: ListView) -> ShowAll:
        """Return what shows every coupon of a large request. view: returns the dialog."""
        return ShowAll(self.store, self.people, self.policy, dialogs, view, team)

    def confirm(self, decide: Decide, dialogs: Dialogs, view: View) -> Confirm:
        """Return what carries out approvals, and has the final one confirmed. view: the dialog for that."""
        return Confirm(decide, self.policy, dialogs, view)

    def work_on_request(self, settings: Settings) -> WorkOnRequest:
        """Return what reads, shows, expires and tells requests."""
        fail = FailRequest(self.store, self.clock)
        timezone = settings.vivoldi_timezone
        draft = DraftRestore(
            self.store, self.coupons, self.people, self.channels, fail, self.policy, self.clock, timezone
        )
        read = ReadCoupons(self.store, self.coupons, fail, draft, self.policy, self.clock, Random(), timezone)
        shown = (self.store, self.messenger, self.renderer)
        later = Later(self.store, self.clock, Random())
        remind = Remind(*shown, self.policy, self.clock, later)
        tell = TellOutcome(*shown, later, self.clock, new_id)
        draw = DrawCard(*shown, fail, remind, tell, later, self.clock)
        return WorkOnRequest(self.store, read, draw, remind, tell, fail, self.clock)

    def work_on_item(self, settings: Settings) -> WorkOnItem:
        """Return what deletes, creates again, reconciles and confirms."""
        ledger = Ledger(self.store, self.clock, Random())
        sender = Sender(self.coupons, self.clock)
        execute = Execute(ledger, self.coupons, sender, self.people, self.policy, self.clock)
        reconcile = Reconcile(ledger, self.coupons, self.clock)
        freeze = FreezeCoupon(ledger, self.coupons, sender, self.clock)
        timezone = settings.vivoldi_timezone
        create = Create(ledger, self.coupons, sender, self.people, self.policy, self.clock, timezone)
        restore = Restore(ledger, create, self.coupons, self.clock)
        many = Many(self.store, self.policy.plan)
        return WorkOnItem(ledger, execute, reconcile, freeze, restore, many, self.clock)

    def count_refusals(self) -> CountRefusals:
        """Return what records how often refusals were repeated."""
        return CountRefusals(self.store, self.clock)

    def forget_reply_urls(self) -> ForgetReplyUrls:
        """Return what forgets addresses for answers that have lapsed."""
        return ForgetReplyUrls(self.store, self.clock)

    def retention(self, settings: Settings) -> RemoveOldSnapshots:
        """Return what removes old snapshots."""
        return RemoveOldSnapshots(self.store, self.clock, timedelta(days=settings.retention_days))

    def lanes(self, settings: Settings) -> tuple[Lane[Claim] | Lane[NoticeClaim] | Lane[HomeClaim], ...]:
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
        on_request, on_item = self.work_on_request(settings), self.work_on_item(settings)
        return (
            Lane("requests", lambda: store.claim_request(clock.now(), LEASE), on_request, keep, give_back, 8),
            Lane(
                "items", lambda: store.claim_item(clock.now(), LEASE), on_item, keep, give_back, 8, first=True
            ),
            Lane("notices", lambda: store.claim_notice(clock.now(), LEASE), tell, keep, give_back_notice, 4),
            self._home_lane(),
        )

    def _home_lane(self) -> Lane[HomeClaim]:
        homes, clock = self.homes, self.clock

        async def keep(claim: HomeClaim) -> None:
            await homes.keep(claim, clock.now(), LEASE)

        async def give_back(claim: HomeClaim) -> None:
            await homes.later(claim, clock.now())

        publish = PublishHome(homes, self.people, self.messenger, self.page, self.policy, clock, Random())
        return Lane("homes", lambda: homes.claim(clock.now(), LEASE), publish, keep, give_back, 2)
