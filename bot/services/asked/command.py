"""The command: open a request, or say how, or list what is open, or show what happened to a code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from bot.domain.command import Ask, Command, Help, ListOpen, ShowHistory, parse_command
from bot.domain.coupon import CouponCode
from bot.domain.errors import BadInput, CodeTaken
from bot.domain.event import Event, EventKind
from bot.domain.people import Standing
from bot.domain.policy import (
    Policy,
    Sight,
    Verdict,
    anyone_may_freeze,
    can_complete,
    may_look,
    may_request,
    sight,
)
from bot.domain.rate import Bulk, bulk_of
from bot.domain.request.request import Origin, Purpose, Submitted
from bot.services.asked.repeats import is_repeated, kind_of, of_command
from bot.services.ports.outside import Channels, Clock, People
from bot.services.ports.store import OpenRequest, Store, Transaction

_LISTED = 20
_REMEMBERED = 10
_KEPT_TEXT = 700  # characters of a command that the audit keeps


@dataclass(frozen=True, kw_only=True)
class SlashCommand:
    """A verified command: who typed what, and where. team: the workspace; None: Slack names none."""

    user: str
    team: str | None
    channel: str
    text: str
    reply_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Accepted:
    """The request is stored. bulk: how it is carried out if it has many codes."""

    audit_name: ClassVar[str] = "accepted"

    request_id: str
    codes: tuple[CouponCode, ...]
    purpose: Purpose = Purpose.DELETE
    bulk: Bulk | None = None


@dataclass(frozen=True)
class Usage:
    """How the command is used, by the policy in force."""

    audit_name: ClassVar[str] = "usage"

    policy: Policy


@dataclass(frozen=True)
class Listing:
    """The open requests, oldest first; `more`: whether there are others."""

    audit_name: ClassVar[str] = "listing"

    requests: Sequence[OpenRequest]
    more: bool


@dataclass(frozen=True)
class History:
    """The requests that a code was in, newest first; `more`: whether there are older ones."""

    audit_name: ClassVar[str] = "history"

    code: CouponCode
    requests: Sequence[OpenRequest]
    more: bool


@dataclass(frozen=True)
class Denied:
    """The person may not do this here."""

    verdict: Verdict

    @property
    def audit_name(self) -> str:
        """The verdict, which says more than that there was one."""
        return self.verdict.value


@dataclass(frozen=True)
class Misread:
    """What was typed can't be used; sentence says what to type instead."""

    audit_name: ClassVar[str] = "misread"

    sentence: str


@dataclass(frozen=True)
class Taken:
    """A code is in an open request already. holder: that request; None: it has just ended.

    told: whether this person may be told of it; if not, its code is blocked all the same.
    """

    audit_name: ClassVar[str] = "taken"

    code: str
    holder: OpenRequest | None
    told: bool = True


@dataclass(frozen=True)
class TooFew:
    """Fewer people than it takes can give the approvals, or the freeze."""

    audit_name: ClassVar[str] = "toofew"

    purpose: Purpose = Purpose.DELETE


@dataclass(frozen=True)
class OneMoment:
    """Slack has not told yet who the approvers are, so it is not known whether there are enough of them."""

    audit_name: ClassVar[str] = "onemoment"


Answer = Accepted | Usage | Listing | History | Denied | Misread | Taken | TooFew | OneMoment


class Submit:
    """Answers `/coupon-delete`. A request is stored before it is acknowledged."""

    def __init__(
        self,
        store: Store,
        people: People,
        channels: Channels,
        policy: Policy,
        clock: Clock,
        new_id: Callable[[], str],
        team: str,
    ) -> None:
        self._store = store
        self._people = people
        self._channels = channels
        self._policy = policy
        self._clock = clock
        self._new_id = new_id
        self._team = team

    async def __call__(self, command: SlashCommand) -> Answer:
        """Carry out a command and return what to answer. Raises StoreUnavailable if nothing was stored."""
        standing = await self._standing(command)
        try:
            policy = self._policy
            parsed = parse_command(
                command.text, reason_required=policy.reason_required, max_codes=policy.max_codes
            )
        except BadInput as error:
            return await self._recorded(command, standing, Misread(str(error)))
        if isinstance(parsed, Help):
            return await self._recorded(command, standing, Usage(self._policy))
        if isinstance(parsed, ShowHistory):
            return await self._recorded(command, standing, await self._history(command, standing, parsed))
        return await self._allowed(command, standing, parsed)

    async def ask(self, command: SlashCommand, ask: Ask) -> Answer:
        """Carry out what was asked for in a form. command: by whom, where, and the text that the audit keeps.

        Raises StoreUnavailable if nothing was stored.
        """
        standing = await self._standing(command)
        if len(ask.codes) > self._policy.max_codes:
            most = f"one request takes up to {self._policy.max_codes}. Please split it"
            return await self._recorded(
                command, standing, Misread(f"That is {len(ask.codes)} codes; {most}.")
            )
        return await self._allowed(command, standing, ask)

    async def refused(self, command: SlashCommand) -> Answer | None:
        """Return why someone may not ask for anything here; None: they may."""
        standing = await self._standing(command)
        if (verdict := may_request(self._policy, standing, command.channel)) is Verdict.ALLOWED:
            return None
        return await self._recorded(command, standing, Denied(verdict))

    async def note(self, command: SlashCommand, answer: str, taken: Collection[CouponCode] = ()) -> None:
        """Record what someone was answered in a form, by its name in the audit (I7).

        taken: the codes of which they were told that they are in open requests.
        """
        data: dict[str, object] = {"answer": answer} | ({"taken": sorted(taken)} if taken else {})
        standing, now = await self._standing(command), self._clock.now()
        async with self._store.transaction() as tx:
            if not await is_repeated(tx, of_command(standing.person, answer, f"{command.text} {data}"), now):
                await _record(tx, kind_of(answer), command, standing, now, None, data)

    async def sight(self, command: SlashCommand, asked_in: Collection[str]) -> Sight:
        """Return which requests someone may be told of here. asked_in: the channels that it is about."""
        return await self._sight(command, await self._standing(command), asked_in)

    async def _sight(self, command: SlashCommand, standing: Standing, asked_in: Collection[str]) -> Sight:
        # Slack takes a command only from someone who is in the channel.
        here = {command.channel}
        known = sight(self._policy, standing, here)
        elsewhere = set(asked_in) - here
        if known.channels is None or not elsewhere:
            return known
        return sight(self._policy, standing, here | await self._channels.open_to(command.user, elsewhere))

    async def _standing(self, command: SlashCommand) -> Standing:
        standing = await self._people.standing(command.user)
        return standing.coming_from(command.team, self._team)

    async def _allowed(self, command: SlashCommand, standing: Standing, parsed: Command) -> Answer:
        if (verdict := may_request(self._policy, standing, command.channel)) is not Verdict.ALLOWED:
            return await self._recorded(command, standing, Denied(verdict))
        if isinstance(parsed, ListOpen):
            seen = await self._sight(command, standing, await self._store.channels())
            found = await self._store.open_requests(_LISTED + 1, seen)
            return await self._recorded(command, standing, Listing(found[:_LISTED], len(found) > _LISTED))
        assert isinstance(parsed, Ask)
        return await self._asked(command, standing, parsed)

    async def _asked(self, command: SlashCommand, standing: Standing, parsed: Ask) -> Answer:
        if parsed.purpose is Purpose.FREEZE and not self._policy.freeze:
            return await self._recorded(command, standing, Denied(Verdict.FREEZE_OFF))
        if parsed.purpose is Purpose.RESTORE and not self._policy.restore:
            return await self._recorded(command, standing, Denied(Verdict.RESTORE_OFF))
        if (missing := await self._missing(parsed.purpose, standing)) is not None:
            return await self._recorded(command, standing, missing)
        try:
            return await self._open(command, standing, parsed)
        except CodeTaken as taken:
            answer = await self._taken(command, standing, taken)
            return await self._recorded(command, standing, answer)

    async def _taken(self, command: SlashCommand, standing: Standing, taken: CodeTaken) -> Taken:
        holder = await self._store.find(taken.request_id)
        if holder is None:
            return Taken(taken.code, None)
        seen = await self._sight(command, standing, {holder.channel})
        requester = holder.request.origin.requester.id
        return Taken(taken.code, holder, told=seen.covers(holder.channel, requester))

    async def _missing(self, purpose: Purpose, standing: Standing) -> TooFew | OneMoment | None:
        """Return what is to be said if too few people are there for it; None: there are enough.

        People who are not known yet may be enough: that is asked for, and never told as a no.
        """

        def enough() -> bool:
            return self._is_possible(purpose, standing, [*self._people.approvers(), standing])

        if enough():
            return None
        everyone_known = await self._people.learn(enough)
        if enough():
            return None
        return TooFew(purpose) if everyone_known else OneMoment()

    def _is_possible(self, purpose: Purpose, standing: Standing, everyone: Sequence[Standing]) -> bool:
        """Tell whether there are enough people. The requester counts too: by default they may give step 1."""
        if purpose is Purpose.FREEZE:
            return anyone_may_freeze(self._policy, everyone)
        return can_complete(self._policy, standing.person.id, everyone)

    async def _history(self, command: SlashCommand, standing: Standing, show: ShowHistory) -> Answer:
        if (verdict := may_look(self._policy, standing, command.channel)) is not Verdict.ALLOWED:
            return Denied(verdict)
        seen = await self._sight(command, standing, await self._store.channels(show.code))
        found = await self._store.history(show.code, _REMEMBERED + 1, seen)
        return History(show.code, found[:_REMEMBERED], len(found) > _REMEMBERED)

    async def _open(self, command: SlashCommand, standing: Standing, ask: Ask) -> Accepted:
        now = self._clock.now()
        bulk = bulk_of(len(ask.codes), self._policy.plan, self._policy.execute_within)
        origin = Origin(
            id=self._new_id(),
            # Someone who comes from elsewhere may not ask.
            team=self._team,
            channel=command.channel,
            requester=standing.person,
            reason=ask.reason,
            opened_at=now,
            first=self._policy.approvers,
            final=self._policy.final_approvers,
            purpose=ask.purpose,
            # A freeze is for an incident: it is done within a minute, or not at all.
            freeze=self._policy.freeze and ask.purpose is not Purpose.RESTORE and bulk is None,
            bulk=bulk,
        )
        data = {"codes": list(ask.codes), "purpose": ask.purpose}
        async with self._store.transaction() as tx:
            await tx.add(Submitted(origin=origin, codes=ask.codes), command.reply_url)
            await _record(tx, EventKind.COMMAND, command, standing, now, origin.id, data)
        return Accepted(origin.id, ask.codes, ask.purpose, bulk)

    async def _recorded(self, command: SlashCommand, standing: Standing, answer: Answer) -> Answer:
        name, now = answer.audit_name, self._clock.now()
        async with self._store.transaction() as tx:
            if not await is_repeated(tx, of_command(standing.person, name, command.text), now):
                await _record(tx, kind_of(name), command, standing, now, None, {"answer": name})
        return answer


async def _record(
    tx: Transaction,
    kind: EventKind,
    command: SlashCommand,
    standing: Standing,
    now: datetime,
    request_id: str | None,
    data: Mapping[str, object],
) -> None:
    typed = {"channel": command.channel, "text": command.text[:_KEPT_TEXT]}
    await tx.record(
        Event(kind=kind, at=now, request=request_id, actor=standing.person, data={**typed, **data})
    )
