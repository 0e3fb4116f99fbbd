"""Homes with everything that can be on them, as golden files and limits need them."""

from __future__ import annotations

from bot.domain.home import Home
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, FailureReason, Finished
from bot.services.ports.outside import Message
from handlers.render.home import HomeBlocks
from tests.builders import (
    AMIR,
    CHANNEL,
    CODE,
    approved,
    cancelled,
    expired,
    failed,
    finished,
    pending,
    rejected,
    reviewed,
    submitted,
)
from tests.gallery import DELETED, NOT_DELETED, SHOWN, long_text, twenty_ended, twenty_longest

PAGE = HomeBlocks("https://guard.slack.com/")
CARDS = {"CG-7K2M9QX4AB": (CHANNEL, "1748833205.000100")}
_DENIED = (Verdict.BOT, Verdict.GUEST, Verdict.DEACTIVATED, Verdict.STRANGER)
_HOSTILE = "<!channel> <@U0RIKA0000> *Approved* <https://evil.example|here> &lt;!here&gt;"


def _several() -> Finished:
    request = SHOWN["card_finished"]["several"]
    assert isinstance(request, Finished)
    return request


def _half_done() -> Approved:
    request = SHOWN["card_running"]["several"]
    assert isinstance(request, Approved)
    return request


def homes() -> dict[str, Home]:
    """Return Homes by what they show."""
    some = Home(
        verdict=Verdict.ALLOWED,
        waiting=(pending(), reviewed(pending(reason=""))),
        asked=(submitted(), reviewed()),
        running=(approved(), _half_done()),
        ended=(
            finished(DELETED["answer, gone"]),
            finished(NOT_DELETED["unknown for good"]),
            _several(),
            rejected(reviewed()),
            cancelled(),
            expired(),
            failed(FailureReason.NO_CARD, "not_in_channel", CODE),
        ),
    )
    return {
        "some of everything": some,
        "nothing": Home(verdict=Verdict.ALLOWED),
        "hostile": Home(verdict=Verdict.ALLOWED, waiting=(pending(reason=_HOSTILE),)),
        **{f"denied: {verdict}": Home(verdict=verdict) for verdict in _DENIED},
    }


def fullest() -> Home:
    """Return a Home with far more than it shows, all of it as long as can be."""
    waits = reviewed(pending(twenty_longest("&"), reason=long_text(500, "&")), by=AMIR)
    asked = submitted(*twenty_longest())
    return Home(
        verdict=Verdict.ALLOWED,
        waiting=(waits,) * 60,
        asked=(asked, waits) * 30,
        running=(approved(waits),) * 60,
        ended=(twenty_ended("&"), finished(NOT_DELETED["changed facts"])) * 5,
    )


def home_messages() -> dict[str, Message]:
    """Return every Home as the blocks that people see, without a text, which a Home has not."""
    return {name: Message("", PAGE.blocks(home, CARDS)) for name, home in homes().items()}
