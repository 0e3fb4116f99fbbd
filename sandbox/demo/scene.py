"""What the people of the story do and see, and what Vivoldi's log proves, each asked of the local servers."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.demo.telling import Broken, Telling
from sandbox.slack_client import Message, SlackControl
from sandbox.stage import BotProcess, Stage
from sandbox.vivoldi_client import VivoldiControl

CHANNEL = "C0INCIDENT"
ACK_WITHIN_MS = 3000

# Long enough for a slow machine; nothing that works takes nearly as long.
_WITHIN_SECONDS = 15.0

Found = TypeVar("Found")


@dataclass(frozen=True)
class Person:
    """Someone of the local Slack's workspace, by id and by the name that the story uses."""

    id: str
    name: str


Approvers = tuple[Person, Person]


@dataclass(frozen=True)
class Coupon:
    """A coupon as it was created. uid: of this very coupon, whatever else is created under its code later."""

    code: str
    uid: str


class Scene:
    """One incident channel, one Vivoldi and the bot. Where a claim does not hold, a method raises Broken."""

    def __init__(self, stage: Stage, telling: Telling) -> None:
        self.telling = telling
        self.slack: SlackControl = stage.slack
        self.vivoldi: VivoldiControl = stage.vivoldi
        self.bot: BotProcess = stage.bot
        self.within = _WITHIN_SECONDS

    async def coupon(self, code: str, **fields: Any) -> Coupon:
        """Create a coupon, with fields by the vendor's names."""
        made = await self.vivoldi.create(code, **fields)
        return Coupon(code, made["uid"])

    # What people do

    async def asks(self, person: Person, coupon: Coupon, reason: str) -> Message:
        """Let someone ask for a deletion, and return the card."""
        text = f"{coupon.code} {reason}"
        self.telling.say(f"{person.name} types: /coupon-delete {text}")
        after = await self.slack.last_seq()
        answer = await self.slack.command(person.id, text)
        self.telling.check(
            f"The bot answers in {answer.elapsed_ms:.0f} ms; Slack waits 3 s at most.",
            answer.error is None and answer.elapsed_ms < ACK_WITHIN_MS,
            answer,
        )
        return await self.until(
            f"a card for {coupon.code}",
            self.slack.wait_message(CHANNEL, f"Delete coupon {coupon.code}?", _WITHIN_SECONDS, after),
        )

    async def asks_in_vain(self, person: Person, coupon: Coupon, why: str) -> None:
        """Let someone ask for a deletion that can't be opened; `why` has to be answered privately."""
        self.telling.say(f"{person.name} types: /coupon-delete {coupon.code}. Only {person.name} sees:")
        answer = await self.slack.command(person.id, coupon.code)
        if answer.response is None or answer.response.ephemeral_to != person.id:
            raise Broken(f"{person.name} was not answered privately.\nSeen: {answer}")
        self.telling.quote(answer.response.rendered, why)

    async def reviews(self, person: Person, card: Message) -> Message:
        """Let someone give step 1, and return the card that asks for step 2."""
        self.telling.say(f"{person.name} clicks {self.label(card)}. The card says:")
        await self.clicks(person, card)
        card = await self.until(
            "a card that asks for step 2",
            self.slack.wait_message(CHANNEL, "Step 2 of 2", _WITHIN_SECONDS, card.seq),
        )
        self.telling.quote(card.rendered, f"Approved by @{person.name}…1 of 2", "[ Delete Coupon ]")
        return card

    async def clicks(self, person: Person, card: Message, times: int = 1) -> None:
        """Let someone click the card's approving button so many times at once; each has to be answered."""
        for answer in await self.slack.clicks(person.id, card, "approve", times):
            if answer.error is not None or answer.elapsed_ms >= ACK_WITHIN_MS:
                raise Broken(f"The bot did not answer a click by {person.name} in time.\nSeen: {answer}")

    async def refused(self, person: Person, card: Message, why: str) -> None:
        """Let someone click who may not; `why` has to be told privately, and nothing may change."""
        self.telling.say(f"{person.name} clicks {self.label(card)}, and only {person.name} sees:")
        after = await self.slack.last_seq()
        await self.clicks(person, card)
        notice = await self.alone(person, why, after)
        self.telling.quote(notice.rendered, why)
        now = await self.slack.message(CHANNEL, card.ts)
        self.telling.check("The card stays as it was.", now == card, now.rendered)

    async def opens_home(self, person: Person, *fragments: str) -> None:
        """Let someone open the app's Home in Slack, which has to say all this."""
        self.telling.say(f"{person.name} opens the bot's Home in Slack. It says:")
        after = await self.slack.last_seq()
        opened = await self.slack.open_home(person.id)
        if opened.error is not None:
            raise Broken(f"The bot did not take the event.\nSeen: {opened}")
        await self.home_follows(person, after, *fragments)

    async def home_follows(self, person: Person, after: int, *fragments: str) -> None:
        """Require that someone's Home, published after a place in the local Slack's log, says all this."""
        coming = self.slack.wait_home(person.id, fragments[0], _WITHIN_SECONDS, after)
        await self.until(f"a Home of {person.name} that says “{fragments[0]}”", coming)
        home = await self.slack.home(person.id)
        self.telling.quote("" if home is None else home.rendered, *fragments)

    # What people see

    async def alone(self, person: Person, words: str, after: int) -> Message:
        """Return what only this person is told, in a message after a place in the local Slack's log."""
        return await self.until(
            f"“{words}” told to {person.name} alone",
            self.slack.wait_ephemeral(person.id, words, _WITHIN_SECONDS, after),
        )

    async def outcome(
        self, requester: Person, coupon: Coupon, card: Message, words: str, title: str, *, by: Approvers
    ) -> None:
        """Require that the thread and the channel tell the requester `words`, and that the card has ended.

        title: of the ended card. by: the two who gave step 1 and step 2.
        """
        told = f"<@{requester.id}> asked to delete `{coupon.code}`"
        reply = await self.until(
            "the outcome", self.slack.wait_message(CHANNEL, told, _WITHIN_SECONDS, card.seq)
        )
        where = "A reply in the card's thread and in the channel tells the outcome:"
        self.telling.check(where, (reply.thread_ts, reply.broadcast) == (card.ts, True), reply)
        self.telling.quote(reply.rendered, f"@{requester.name} asked to delete", f"`{coupon.code}`: {words}")
        ended = await self.until(
            "a card that has ended", self.slack.wait_message(CHANNEL, title, _WITHIN_SECONDS, card.seq)
        )
        self.telling.say("The card says:")
        decided = (f"Approved by @{person.name}…{step} of 2" for step, person in enumerate(by, start=1))
        self.telling.quote(ended.rendered, title, *decided)
        claim = "It is the same card, and its buttons are gone."
        self.telling.check(claim, ended.ts == card.ts and not ended.buttons(), ended.rendered)

    async def reads(self, card: Message, words: str) -> Message:
        """Return the card as soon as it says something."""
        said = await self.until(
            f"a card that says “{words}”",
            self.slack.wait_message(CHANNEL, words, self.within, card.seq),
        )
        return await self.slack.message(CHANNEL, card.ts) if said.ts != card.ts else said

    def label(self, card: Message) -> str:
        """Return what the card's approving button is called."""
        button = card.button("approve")
        if button is None:
            raise Broken(f"The card has no button to approve.\nSeen: {card.rendered}")
        return f"[ {button['text']['text']} ]"

    # What Vivoldi's log proves

    async def deleted(self, coupon: Coupon, *, answered: bool = True) -> None:
        """Require one DELETE, of the coupon that was shown, between reads, after the card's own read.

        answered: whether its answer came; without one it takes two looks to say that it no longer works.
        """
        self.telling.say("Vivoldi's log proves:")
        calls = [call.kind for call in await self.vivoldi.calls(code=coupon.code)]
        deletions = await self.vivoldi.deletions(coupon.code)
        looks = ["read"] if answered else ["read", "read"]
        expected = ["read", "read", "delete", *looks]
        after = "a read to confirm" if answered else "two reads that no longer show it"
        self.telling.check(f"A read for the card; a read, 1 DELETE, {after}.", calls == expected, calls)
        claim = f"1 deletion by the API, of the very {coupon.code} that was shown."
        self.telling.check(claim, [(d.uid, d.by) for d in deletions] == [(coupon.uid, "api")], deletions)

    async def kept(self, coupon: Coupon) -> None:
        """Require that no DELETE was sent so far, and that the coupon is still there."""
        deletes = await self.vivoldi.calls("delete", coupon.code)
        there = [each["uid"] for each in await self.vivoldi.coupons() if each["cpnNo"] == coupon.code]
        self.telling.say("Vivoldi's log proves:")
        self.telling.check("No DELETE was sent.", not deletes, deletes)
        self.telling.check(f"{coupon.code} is still there.", there == [coupon.uid], there)

    async def until(self, what: str, coming: Awaitable[Found]) -> Found:
        """Return what comes. Raises Broken where it does not."""
        try:
            return await coming
        except TimeoutError:
            raise Broken(f"Waited {_WITHIN_SECONDS:.0f} s for {what}, and it did not come.") from None
