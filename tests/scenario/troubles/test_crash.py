"""The bot is killed between any two steps, and started again on the same database.

What a killed bot was doing is taken up when its lease ends, some seconds later. So a bot is brought to all
of these moments at once, each with a coupon of its own, and killed once; each test looks at one of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from sandbox.slack_client import Message
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, CARL, INCIDENT, RIKA, Play, taken, until
from tests.scenario.stages import BOTH, Ground, a_stage
from tests.scenario.told import CONFIRMED, EXPIRED, SAID, SETTLED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

_VIVOLDI_TIMEOUT = 5
_AFTER_THE_LEASE = 60.0
# How long Slack holds a call: until shortly after the bot's death, or for good. The bot's patience is 10 s.
_EXECUTED_LATE, _NEVER = 9.0, 3600.0


@dataclass(frozen=True)
class Moment:
    """Where the bot is caught: which call, to Vivoldi or to Slack, is held, and what brings it there.

    approved: the request has its step 1 before. click: who clicks what; None: the command itself.
    number: the how manieth call of its kind about the coupon it is. executed: the call is, but unanswered.
    """

    method: str | None = None
    call: str | None = None
    number: int = 1
    executed: bool = False
    approved: bool = False
    click: tuple[str, str] | None = None


_FINAL = (BEA, "approve")
MOMENTS = {
    "card is up": Moment(),
    "step 1 given": Moment(approved=True),
    "posting the card": Moment(method="chat.postMessage", executed=True),
    "posting the card in vain": Moment(method="chat.postMessage"),
    "redrawing after step 1": Moment(method="chat.update", click=(AMIR, "approve")),
    "redrawing after the rejection": Moment(method="chat.update", click=(AMIR, "reject")),
    "telling that it was rejected": Moment(method="chat.postMessage", click=(AMIR, "reject")),
    "telling that it was deleted": Moment(method="chat.postMessage", approved=True, click=_FINAL),
    "refusing a click": Moment(method="response_url", click=(CARL, "approve")),
    # Nobody else's approval is asked about meanwhile, since questions about one person are shared.
    "asking about the approvers": Moment(method="users.info", approved=True, click=(RIKA, "approve")),
    "reading for the card": Moment(call="read"),
    "reading before DELETE": Moment(call="read", number=2, approved=True, click=_FINAL),
    "DELETE not executed": Moment(call="delete", approved=True, click=_FINAL),
    "DELETE executed": Moment(call="delete", executed=True, approved=True, click=_FINAL),
    "reading after DELETE": Moment(call="read", number=3, approved=True, click=_FINAL),
}


@dataclass
class Crash:
    """A bot that was killed at many moments and runs again. code, card: of each moment, by its name."""

    play: Play
    code: dict[str, str] = field(default_factory=dict)
    card: dict[str, Message] = field(default_factory=dict)
    began: int = 0

    async def happen(self) -> None:
        """Bring the bot to every moment, kill it, make sure that it was caught there, and start it again."""
        stage = self.play.stage
        for name, moment in MOMENTS.items():
            self.code[name] = await self.play.coupon()
            if moment.click or not (moment.method or moment.call):
                self.card[name] = await self.play.open_card(self.code[name])
            if moment.approved:
                self.card[name] = await self.play.approve_first(self.card[name])
        self.began = await stage.slack.last_seq()
        for name, moment in MOMENTS.items():
            if moment.method:
                held = _EXECUTED_LATE if moment.executed else _NEVER
                await stage.slack.fault(moment.method, "latency", seconds=held)
                await self._begin(name)
                await taken(stage, moment.method)
        in_vivoldi = [name for name, moment in MOMENTS.items() if moment.call]
        await asyncio.gather(*map(self._hold, in_vivoldi))
        await stage.bot.kill()
        await self._make_sure(in_vivoldi)
        await stage.bot.restart()

    async def _begin(self, name: str) -> None:
        click = MOMENTS[name].click
        if click is None:
            await self.play.ask(self.code[name])
        else:
            await self.play.stage.slack.click(click[0], self.card[name], click[1])

    async def _hold(self, name: str) -> None:
        """Go to a moment in which a call of Vivoldi's is held, and wait until it has arrived there."""
        moment = MOMENTS[name]
        assert moment.call is not None
        # The card's read is over already, unless it is the one that is meant.
        skip = max(moment.number - 2, 0)
        await self.play.stage.vivoldi.fault(
            "hang", moment.call, code=self.code[name], skip=skip, execute=moment.executed
        )
        await self._begin(name)
        await self.play.arrived(moment.call, self.code[name], moment.number)

    async def _make_sure(self, in_vivoldi: list[str]) -> None:
        """Make sure that nothing that was held had been answered before the bot was killed."""
        answered = [call for call in await self.play.stage.slack.api_calls() if call["fault"]]
        assert not answered, "too slow: a call to Slack was answered before the bot was killed"
        for name in in_vivoldi:
            calls = await self.play.stage.vivoldi.calls(MOMENTS[name].call, self.code[name])
            assert len(calls) == MOMENTS[name].number, f"too slow: the bot went on from {name}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crashes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[Ground, Crash]]:
    """One crash on each ground, so that their leases run out at the same time."""
    patient = {"VIVOLDI_TIMEOUT_SECONDS": str(_VIVOLDI_TIMEOUT)}
    folders = [tmp_path_factory.mktemp("crash") for _ in BOTH]
    async with a_stage(BOTH[0], folders[0], **patient) as one, a_stage(BOTH[1], folders[1], **patient) as two:
        found = {BOTH[0]: Crash(Play(one)), BOTH[1]: Crash(Play(two))}
        for crash in found.values():
            await crash.happen()
        yield found


@pytest.fixture(params=BOTH, ids=str)
def crash(request: pytest.FixtureRequest, crashes: dict[Ground, Crash]) -> Crash:
    """The crash on a ground."""
    return crashes[request.param]


async def test_old_card_works(crash: Crash) -> None:
    """A card that was up when the bot was killed can be approved afterwards, step by step (I5)."""
    await crash.play.approve_both(crash.card["card is up"])
    await _ended(crash, "card is up", SAID, sent=1)


async def test_step_one_is_kept(crash: Crash) -> None:
    """An approval that was given before the bot was killed still counts afterwards (I5)."""
    name = "step 1 given"
    await crash.play.stage.slack.click(BEA, crash.card[name], "approve")
    await _ended(crash, name, SAID, sent=1)


async def test_card_may_appear_twice(crash: Crash) -> None:
    """A card whose posting was not confirmed comes again, and a click on either copy is for both (I5)."""
    code = crash.code["posting the card"]
    stray = await crash.play.next_card(code, after=crash.began, patience=_AFTER_THE_LEASE)
    card = await crash.play.next_card(code, after=stray.seq, patience=_AFTER_THE_LEASE)
    await crash.play.stage.slack.click(AMIR, stray, "approve")
    second = await crash.play.reads(card, "Step 2 of 2")
    assert await crash.play.reads(stray, "Step 2 of 2")
    await crash.play.stage.slack.click(BEA, second, "approve")
    assert (await crash.play.outcome(card)).contains(SAID)
    assert await crash.play.reads(stray, "Deleted: coupon")
    await judge(crash.play.stage, [code])


@pytest.mark.parametrize("name", ["reading for the card", "posting the card in vain"])
async def test_card_comes_later(crash: Crash, name: str) -> None:
    """A request that was stored, but not yet shown, gets its card after the restart (I5)."""
    card = await crash.play.next_card(crash.code[name], after=crash.began, patience=_AFTER_THE_LEASE)
    crash.card[name] = card
    await crash.play.approve_both(card)
    await _ended(crash, name, SAID, sent=1)


async def test_card_is_redrawn(crash: Crash) -> None:
    """A card that was being redrawn for step 2 can be used for it afterwards (I5)."""
    name = "redrawing after step 1"
    second = await crash.play.reads(crash.card[name], "Step 2 of 2", _AFTER_THE_LEASE)
    await crash.play.stage.slack.click(BEA, second, "approve")
    await _ended(crash, name, SAID, sent=1)


async def test_refusal_is_told(crash: Crash) -> None:
    """A private answer that was stored, but not given, is given after the restart (I5)."""
    told = await crash.play.privately(
        CARL, "You are not one of the approvers", crash.began, patience=_AFTER_THE_LEASE
    )
    assert told.channel == INCIDENT


@pytest.mark.parametrize("name", ["redrawing after the rejection", "telling that it was rejected"])
async def test_rejection_is_told(crash: Crash, name: str) -> None:
    """A rejection that was stored, but not shown, is shown after the restart (I5)."""
    await _ended(crash, name, f"<@{AMIR}> rejected this request", sent=0)
    assert not (await crash.play.reads(crash.card[name], "Rejected: delete", _AFTER_THE_LEASE)).buttons()


async def test_outcome_is_told(crash: Crash) -> None:
    """An outcome that was stored, but not told, is told after the restart; nothing more is sent (I5)."""
    await _ended(crash, "telling that it was deleted", SAID, sent=1)


@pytest.mark.parametrize("name", ["asking about the approvers", "reading before DELETE"])
async def test_deletion_not_begun_is_carried_out(crash: Crash, name: str) -> None:
    """An approved deletion that was not sent is sent once after the restart, with all its checks (I5)."""
    await _ended(crash, name, SAID, sent=1)


async def test_delete_that_was_executed_is_settled_by_reading(crash: Crash) -> None:
    """A DELETE whose answer was never seen is settled by a read that finds it executed (I4)."""
    await _ended(crash, "DELETE executed", SETTLED, sent=1)


async def test_delete_that_was_not_executed_is_sent_again(crash: Crash) -> None:
    """A DELETE whose answer was never seen is sent again after a read found the coupon there (I3, I4)."""
    await _ended(crash, "DELETE not executed", SAID, sent=2)


async def test_deletion_is_confirmed_later(crash: Crash) -> None:
    """A deletion that was answered, but not yet confirmed by a read, is confirmed after the restart (I4)."""
    await _ended(crash, "reading after DELETE", CONFIRMED, sent=1)


async def _ended(crash: Crash, name: str, words: str, sent: int) -> None:
    outcome = await crash.play.outcome(crash.card[name], _AFTER_THE_LEASE)
    assert words in outcome.text
    assert outcome.channel == INCIDENT
    assert len(await crash.play.deletes(crash.code[name])) == sent
    await judge(crash.play.stage, [crash.code[name]])


async def test_deadline_passes_while_the_bot_is_dead(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A request whose deadline passed while no bot ran expires after the restart (I5)."""
    async with a_stage(BOTH[0], tmp_path_factory.mktemp("dead"), APPROVE_WITHIN_SECONDS="2") as stage:
        play = Play(stage)
        card = await play.open_card()
        await play.is_known(card)
        await stage.bot.kill()
        approve_by = time.time() + 2

        async def is_over() -> bool:
            return time.time() > approve_by

        await until(is_over)
        await stage.bot.restart()
        assert (await play.outcome(card, _AFTER_THE_LEASE)).contains(EXPIRED)
        assert not (await play.reads(card, "Timed out: delete")).buttons()
        await judge(stage, play.codes)
