"""What happens in the stories about restorations: a coupon is deleted by mistake, and is to come back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sandbox.vivoldi.faults import Fault
from tests.chaos.play import Play
from tests.chaos.town import AMIR, BEA, DANA, EXECUTE_WITHIN

CODE = "SUMMER10OFF"
_PERSONAL = {"userNm": "Mina Hidden", "memo": "inside", "onsiteYn": "Y", "onsitePwd": "0417"}


async def _deleted(play: Play) -> None:
    play.town.coupon(CODE, useLimit=3, **_PERSONAL)
    await play.ask(DANA, CODE)
    await _approved(play)


async def _approved(play: Play) -> None:
    await play.decide(AMIR, "approve", CODE)
    await play.decide(BEA, "approve", CODE)


async def _asked(play: Play) -> None:
    await _deleted(play)
    await play.ask(DANA, f"restore {CODE}", reason="by mistake")


async def _just_approved(play: Play) -> None:
    """Give both approvals, and leave the bot no time to work after the last one."""
    await _asked(play)
    await play.decide(AMIR, "approve", CODE)
    for card in play.town.live_cards(CODE)[-1:]:
        await play.click(BEA, card, "approve")


async def restored(play: Play) -> None:
    """A deleted coupon is created again."""
    await _asked(play)
    await _approved(play)


def _with(*faults: Fault) -> Callable[[Play], Awaitable[None]]:
    async def tell(play: Play) -> None:
        for fault in faults:
            await play.town.vivoldi_fault(fault)
        await restored(play)

    return tell


async def lost_creation_answer(play: Play) -> None:
    """The creation is executed, and its answer gets lost."""
    await _with(Fault(kind="drop_after", call="create"))(play)


async def lost_creation(play: Play) -> None:
    """The creation gets lost before it is executed."""
    await _with(Fault(kind="drop_before", call="create"))(play)


async def late_creation(play: Play) -> None:
    """The creation is given up after 10 s, and executed 2 s later, while it is looked for."""
    await _with(Fault(kind="latency", call="create", seconds=12))(play)


async def creation_rate_limited(play: Play) -> None:
    """Vivoldi asks to wait, twice, and then creates."""
    await _with(Fault(kind="too_many", call="create", times=2, retry_after=2))(play)


async def creation_refused(play: Play) -> None:
    """Vivoldi refuses to create."""
    await _with(Fault(kind="code_nonzero", call="create", message="The plan is full.", times=9))(play)


async def number_taken(play: Play) -> None:
    """Someone creates a coupon under the number after the last approval."""
    await _just_approved(play)
    play.town.coupon(CODE, nm="Somebody else's")
    await play.settle()


async def restorer_left(play: Play) -> None:
    """Who approved first goes off call right after, before the bot's memory of that is renewed."""
    await _just_approved(play)
    play.town.leave(AMIR)
    play.town.advance(45)
    await play.settle()


async def restored_too_late(play: Play) -> None:
    """No bot works for longer than the creation may wait."""
    await _just_approved(play)
    play.town.advance(EXECUTE_WITHIN.total_seconds() + 10)
    await play.settle()


async def restoring_rejected(play: Play) -> None:
    """An approver rejects the restoration after step 1."""
    await _asked(play)
    await play.decide(AMIR, "approve", CODE)
    await play.decide(BEA, "reject", CODE)


async def nothing_to_restore(play: Play) -> None:
    """The coupon is still there, so that there is no card."""
    play.town.coupon(CODE)
    await play.ask(DANA, f"restore {CODE}", reason="by mistake")
