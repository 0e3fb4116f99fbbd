"""What happens in the stories about the world outside: it lies, refuses, and is used meanwhile."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.slack.deliver.payloads import find_element
from sandbox.slack.world import Message
from sandbox.vivoldi.faults import Fault
from sandbox.vivoldi.world import RefusedError
from tests.chaos.play import Play
from tests.chaos.town import AMIR, BEA, CARL, DANA, RIKA

CODE, OTHER = "SUMMER10OFF", "CAKE100USED"
# Slack adds names of errors without notice.
UNHEARD_OF = "flux_capacitor_drained"
_LIE = "A system error occurred."
# So often the bot asks in vain: for longer than any of its patience.
_FOR_LONG = 12
_DAYS = timedelta(days=3).total_seconds()


async def _approved(play: Play, *codes: str) -> None:
    await play.ask(DANA, *codes)
    await play.decide(AMIR, "approve", *codes)
    await play.decide(BEA, "approve", *codes)


def lies(code: str = CODE, skip: int = 0) -> Fault:
    """Return a read that lies once: Vivoldi is in trouble, and says it as if the coupon were not valid."""
    return Fault(kind="code_nonzero", call="read", code=code, message=_LIE, skip=skip)


def _used(play: Play, code: str = CODE) -> None:
    # Where a crash has held everything up, it may be gone by then.
    with suppress(RefusedError):
        play.town.vivoldi.redeem(code)


# ---------------------------------------------------------------- Vivoldi


async def odd_read(play: Play) -> None:
    """The deletion never arrives, and the read after it lies once."""
    play.town.coupon(CODE, useLimit=0)
    await play.town.vivoldi_fault(Fault(kind="drop_before"))
    await play.town.vivoldi_fault(lies(skip=2))
    await _approved(play, CODE)


async def used_at_the_wrong_moment(play: Play) -> None:
    """The deletion never arrives, and right after that a customer uses the coupon up."""
    play.town.coupon(CODE)
    await play.town.vivoldi_fault(Fault(kind="hang"))
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")
    play.town.agenda.add(5, lambda: _used(play))
    await play.settle()


async def used_while_its_freeze_hangs(play: Play) -> None:
    """The date never arrives, a customer uses the coupon up meanwhile, and then its deletion is approved."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.town.vivoldi_fault(Fault(kind="hang", call="update", times=_FOR_LONG))
    play.town.agenda.add(5, lambda: _used(play))
    await play.press(RIKA, "freeze", CODE)
    await play.decide(AMIR, "approve", CODE)
    await play.decide(BEA, "approve", CODE)


async def freeze_of_two(play: Play) -> None:
    """A freeze of two coupons is asked for, one of which was used before, so that Vivoldi keeps its dates."""
    play.town.coupon(CODE, useLimit=2)
    play.town.coupon(OTHER, useLimit=2, useCnt=1)
    await play.ask(CARL, f"freeze {CODE},{OTHER}")
    await play.press(BEA, "freeze", CODE, OTHER)
    await play.press(BEA, "reject", CODE, OTHER)


async def unfrozen_after_a_change(play: Play) -> None:
    """A coupon is frozen, changed by hand, and then set back."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.press(RIKA, "freeze", CODE)
    await play.decide(BEA, "reject", CODE)
    play.town.vivoldi.change(CODE, {"disc": 90})
    await play.press(AMIR, "unfreeze", CODE)


async def unfrozen_from_an_old_card(play: Play) -> None:
    """A frozen coupon is set back by hand, and frozen by another request; then someone finds the old card."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.press(RIKA, "freeze", CODE)
    await play.decide(BEA, "reject", CODE)
    old = play.town.cards_with("unfreeze", CODE)[-1:]
    play.town.vivoldi.change(CODE, {"endYmd": "2026-03-31"})
    await play.ask(CARL, CODE)
    await play.press(RIKA, "freeze", CODE)
    for card in old:
        await play.click(AMIR, card, "unfreeze")
        await play.settle()
    await play.decide(BEA, "reject", CODE)


async def never_set_back(play: Play) -> None:
    """A coupon ends so late that Vivoldi takes no such date again; it is frozen all the same."""
    play.town.coupon(CODE, endYmd="2028-06-30")
    await play.ask(DANA, CODE)
    await play.press(RIKA, "freeze", CODE)
    await play.decide(BEA, "reject", CODE)


# ---------------------------------------------------------------- Slack


async def unheard_of_everywhere(play: Play) -> None:
    """From the final approval on every method of Slack answers an error that nobody has heard of."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")
    await _spoilt(play, "*", times=_FOR_LONG)
    await play.settle()


async def unheard_of_when_told(play: Play) -> None:
    """Slack takes no message for minutes, by an error that nobody has heard of."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")
    await _spoilt(play, "chat.postMessage", times=_FOR_LONG)
    await _spoilt(play, "chat.postEphemeral", times=_FOR_LONG)
    await play.settle()


async def card_that_cant_be_changed(play: Play) -> None:
    """Slack refuses every change of the card, by a name of its own; it is decided all the same."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await _spoilt(play, "chat.update", "edit_window_closed", times=4)
    await play.decide(AMIR, "approve", CODE)
    await play.settle(timedelta(minutes=5))
    await play.decide(BEA, "approve", CODE)


async def _spoilt(play: Play, method: str, error: str = UNHEARD_OF, times: int = 1) -> None:
    play.town.journal.troubled += times
    await play.town.slack_fault(SlackFault(method, "error", error=error, times=times))


# ---------------------------------------------------------------- old cards


async def old_cards(play: Play) -> None:
    """Days after the end someone clicks on everything that any version of the card ever offered."""
    play.town.coupon(CODE)
    await _approved(play, CODE)
    play.town.advance(_DAYS)
    for card in _versions(play):
        for action in ("approve", "freeze", "reject", "cancel", "stop"):
            if find_element(card.to_slack(), action, None):
                await play.click(AMIR, card, action)
                await play.settle()


def _versions(play: Play) -> list[Message]:
    versions = [each for found in play.town.slack.messages.values() for each in found]
    return [each for each in versions if not each.thread_ts and "approve" in str(each.blocks)]
