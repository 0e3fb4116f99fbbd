"""What happens in the stories: what people do, what changes meanwhile, and which servers fail."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.vivoldi.faults import Fault
from sandbox.vivoldi.world import RefusedError
from tests.chaos.boundaries import DELETE, Side
from tests.chaos.play import Play
from tests.chaos.town import AMIR, APPROVE_WITHIN, BEA, CARL, DANA, EXECUTE_WITHIN, RIKA, STRANGER

CODE, OTHER, UNKNOWN = "SUMMER10OFF", "CAKE100USED", "NEVERMADE1"


async def _approved(play: Play, *codes: str) -> None:
    await play.ask(DANA, *codes)
    await play.decide(AMIR, "approve", *codes)
    await play.decide(BEA, "approve", *codes)


async def _just_approved(play: Play, code: str) -> None:
    """Give both approvals, and leave the bot no time to work after the last one."""
    await play.ask(DANA, code)
    await play.decide(AMIR, "approve", code)
    for card in play.town.live_cards(code)[-1:]:
        await play.click(BEA, card, "approve")


async def single(play: Play) -> None:
    """One coupon is deleted."""
    play.town.coupon(CODE)
    await _approved(play, CODE)


async def several(play: Play) -> None:
    """One request about three coupons, one of which Vivoldi does not show."""
    play.town.coupon(CODE)
    play.town.coupon(OTHER, useLimit=2, useCnt=1)
    await _approved(play, CODE, OTHER, UNKNOWN)


async def rejected(play: Play) -> None:
    """Someone who may not decide tries to, and an approver rejects after step 1."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(CARL, card, "approve")
        await play.settle()
    await play.decide(AMIR, "approve", CODE)
    await play.decide(BEA, "reject", CODE)


async def wrong_people(play: Play) -> None:
    """Everyone but the one person who may give step 2 tries to, and then the time runs out."""
    play.town.coupon(CODE)
    await play.ask(RIKA, CODE)
    await play.decide(AMIR, "approve", CODE)
    for user in (AMIR, RIKA, CARL, STRANGER, AMIR):
        for card in play.town.live_cards(CODE)[-1:]:
            await play.click(user, card, "approve")
            await play.settle()


async def asked_twice(play: Play) -> None:
    """Someone else asks for the same coupon while it is decided about."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    await play.ask(CARL, CODE.lower())
    await play.ask(CARL, CODE)
    await play.decide(BEA, "approve", CODE)


async def late_click(play: Play) -> None:
    """Step 2 is given after the deadline, before any bot has noticed that."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    play.town.advance(APPROVE_WITHIN.total_seconds() + 1)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")
    await play.settle()


async def tampered(play: Play) -> None:
    """The coupon is changed after the last approval, and so is, in the database, what was shown of it."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    play.town.vivoldi.change(CODE, {"disc": 90})
    await play.town.tamper('"discount":"10"', '"discount":"90"')
    await play.settle()


async def cancelled(play: Play) -> None:
    """The requester takes it back."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(DANA, "cancel", CODE)


async def no_thread(play: Play) -> None:
    """The requester takes it back, and Slack refuses the reply that says so."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.town.slack_fault(SlackFault("chat.postMessage", "error", error="restricted_action"))
    await play.decide(DANA, "cancel", CODE)


async def expired(play: Play) -> None:
    """Nobody gives step 2 in time."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    play.town.advance(APPROVE_WITHIN.total_seconds())
    await play.settle()


async def drifted(play: Play) -> None:
    """The coupon is changed after the last approval."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    play.town.vivoldi.change(CODE, {"disc": 90})
    await play.settle()


async def remade(play: Play) -> None:
    """The coupon is deleted by someone else after the last approval, and another one takes its number."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    play.town.remade(CODE)
    await play.settle()


async def lost_answer(play: Play) -> None:
    """The deletion is executed, and its answer gets lost."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="drop_after"))
    await _approved(play, CODE)


async def lost_deletion(play: Play) -> None:
    """The deletion gets lost before it is executed."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="drop_before"))
    await _approved(play, CODE)


async def late_deletion(play: Play) -> None:
    """The deletion is given up after 10 s, and executed 2 s later, while it is being sent again."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="latency", seconds=12))
    await play.town.vivoldi_fault(Fault(kind="latency", seconds=3))
    await _approved(play, CODE)


async def lost_then_remade(play: Play) -> None:
    """The answer to the deletion never comes, and meanwhile another coupon is created under the number."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="hang", execute=True))
    await _just_approved(play, CODE)
    play.town.agenda.add(5, lambda: _created(play))
    await play.settle()


def _created(play: Play) -> None:
    # Where a crash has held up the deletion, the number is not free yet.
    with suppress(RefusedError):
        play.town.coupon(CODE)


async def lost_unseen(play: Play) -> None:
    """The answer to the deletion of an expired coupon gets lost, so that no read can settle it."""
    play.town.coupon(CODE, endYmd="2026-02-01")
    await play.town.vivoldi_fault(Fault(kind="drop_after"))
    await _approved(play, CODE)


async def rate_limited(play: Play) -> None:
    """Vivoldi asks to wait, twice, and then deletes."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="too_many", times=2, retry_after=2))
    await _approved(play, CODE)


async def refused(play: Play) -> None:
    """Vivoldi refuses to delete."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="code_nonzero", message="It belongs to a group.", times=9))
    await _approved(play, CODE)


async def refused_after_lost(play: Play) -> None:
    """The deletion gets lost, and is refused when it is sent again."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="drop_before"))
    await play.town.vivoldi_fault(Fault(kind="code_nonzero", message="It belongs to a group.", times=9))
    await _approved(play, CODE)


async def approver_left(play: Play) -> None:
    """Who approved first goes off call right after, before the bot's memory of that is renewed."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    play.town.leave(AMIR)
    play.town.advance(45)
    await play.settle()


async def too_late(play: Play) -> None:
    """No bot works for longer than the deletion may wait."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    play.town.advance(EXECUTE_WITHIN.total_seconds() + 10)
    await play.settle()


async def slow_read(play: Play) -> None:
    """The read right before the deletion is so slow that the deletion may no longer be sent."""
    play.town.coupon(CODE)
    await _just_approved(play, CODE)
    await play.town.vivoldi_fault(Fault(kind="latency", call="read", seconds=9))
    play.town.advance(EXECUTE_WITHIN.total_seconds() - 5)
    await play.settle()


async def unreadable(play: Play) -> None:
    """Vivoldi refuses to be read, so that there is no card."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="status", status=403, call="read", times=99))
    await play.ask(DANA, CODE)


async def no_channel(play: Play) -> None:
    """The bot is no member of the channel, so that there is no card."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE, channel="C0NOBOT000")


async def stopped(play: Play) -> None:
    """Someone stops the deletion of three coupons while the first DELETE is on its way."""
    play.town.coupon(CODE)
    play.town.coupon(OTHER)
    play.stop_meanwhile(DELETE, Side.BEFORE, RIKA, CODE, OTHER, UNKNOWN)
    await _approved(play, CODE, OTHER, UNKNOWN)


async def stopped_after_lost(play: Play) -> None:
    """A DELETE gets lost, and it is stopped before it is sent again, and so is what follows it."""
    play.town.coupon(CODE)
    play.town.coupon(OTHER)
    await play.town.vivoldi_fault(Fault(kind="drop_before"))
    play.stop_meanwhile(DELETE, Side.BEFORE, RIKA, CODE, OTHER)
    await _approved(play, CODE, OTHER)


async def stopped_in_window(play: Play) -> None:
    """The requester stops it within the time for that."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")
    await play.settle(timedelta(seconds=5))
    await play.stop(DANA, CODE)


async def two_workers(play: Play) -> None:
    """Two replicas share the work on two requests."""
    play.town.coupon(CODE)
    play.town.coupon(OTHER)
    await play.ask(DANA, CODE)
    await play.ask(DANA, OTHER)
    for code in (CODE, OTHER):
        await play.decide(AMIR, "approve", code)
    for code in (CODE, OTHER):
        for card in play.town.live_cards(code)[-1:]:
            await play.click(BEA, card, "approve")
    await play.settle()
