"""What happens in the stories about freezes: one approver ends the harm; the rest is decided in peace."""

from __future__ import annotations

from datetime import timedelta

from sandbox.vivoldi.faults import Fault
from tests.chaos.play import Play
from tests.chaos.town import AMIR, BEA, CARL, DANA, RIKA

CODE = "SUMMER10OFF"
_LATER = "2026-05-31"


async def _frozen(play: Play, *faults: Fault) -> None:
    """Ask for a deletion; someone who may not freeze tries to, and then someone who may does."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    for fault in faults:
        await play.town.vivoldi_fault(fault)
    await play.press(CARL, "freeze", CODE)
    await play.press(RIKA, "freeze", CODE)


async def _approved(play: Play) -> None:
    await play.decide(AMIR, "approve", CODE)
    await play.decide(BEA, "approve", CODE)


async def frozen_then_deleted(play: Play) -> None:
    """A coupon is frozen, and deleted although it is hidden by then."""
    await _frozen(play)
    await _approved(play)


async def frozen_then_unfrozen(play: Play) -> None:
    """A coupon is frozen, its deletion rejected, and the old date set back."""
    await _frozen(play)
    await play.decide(BEA, "reject", CODE)
    await play.press(CARL, "unfreeze", CODE)
    await play.press(AMIR, "unfreeze", CODE)


async def freeze_alone(play: Play) -> None:
    """A freeze is all that is asked for."""
    play.town.coupon(CODE)
    await play.ask(CARL, f"freeze {CODE}")
    await play.press(BEA, "freeze", CODE)


async def freeze_lost(play: Play) -> None:
    """The date gets lost, then it is set and its answer gets lost; then the coupon is deleted."""
    lost = (Fault(kind="drop_before", call="update"), Fault(kind="drop_after", call="update"))
    await _frozen(play, *lost)
    await _approved(play)


async def freeze_overridden(play: Play) -> None:
    """Vivoldi takes every date, but the coupon's group goes before it, so that it still validates."""
    await _frozen(play, Fault(kind="success_without_effect", call="update", times=9))
    await play.decide(BEA, "reject", CODE)


async def freeze_refused(play: Play) -> None:
    """Vivoldi refuses every date; the coupon is deleted all the same."""
    await _frozen(play, Fault(kind="code_nonzero", call="update", message="It is locked.", times=9))
    await _approved(play)


async def thawed_by_hand(play: Play) -> None:
    """Someone gives a frozen coupon another date by hand, before the last approval."""
    await _frozen(play)
    await play.decide(AMIR, "approve", CODE)
    play.town.vivoldi.change(CODE, {"endYmd": _LATER})
    await play.decide(BEA, "approve", CODE)


async def freeze_overtaken(play: Play) -> None:
    """Vivoldi can't be read for the freeze, and before it is tried again the last approval comes."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    await play.town.vivoldi_fault(Fault(kind="html_502", call="read"))
    for user, action in ((RIKA, "freeze"), (BEA, "approve")):
        for card in play.town.cards_with(action, CODE)[-1:]:
            await play.click(user, card, action)
        await play.settle(timedelta())
    await play.settle()


async def rejected_while_freezing(play: Play) -> None:
    """The answer to the date is not there yet when the request is rejected."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.town.vivoldi_fault(Fault(kind="html_502", call="update"))
    for user, action in ((RIKA, "freeze"), (BEA, "reject")):
        for card in play.town.cards_with(action, CODE)[-1:]:
            await play.click(user, card, action)
        await play.settle(timedelta())
    await play.decide(BEA, "reject", CODE)


async def freeze_alone_refused(play: Play) -> None:
    """A freeze is all that is asked for, and Vivoldi refuses it: people are reminded, and it runs out."""
    play.town.coupon(CODE)
    await play.ask(CARL, f"freeze {CODE}")
    await play.town.vivoldi_fault(
        Fault(kind="code_nonzero", call="update", message="It is locked.", times=99)
    )
    await play.press(BEA, "freeze", CODE)


async def deleted_late_then_refused(play: Play) -> None:
    """The first DELETE gets lost; the second one is carried out, and answered with a refusal."""
    play.town.coupon(CODE)
    await play.ask(DANA, CODE)
    await play.decide(AMIR, "approve", CODE)
    await play.town.vivoldi_fault(Fault(kind="drop_before", call="delete"))
    message = "The coupon does not exist."
    await play.town.vivoldi_fault(Fault(kind="code_nonzero_after", call="delete", message=message))
    await play.decide(BEA, "approve", CODE)
