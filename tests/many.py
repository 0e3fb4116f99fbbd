"""Requests of many codes, as tests need them."""

from __future__ import annotations

from bot.domain.command import Ask
from bot.domain.coupon import CouponCode
from bot.domain.rate import Plan
from bot.services.asked.command import Accepted, SlashCommand
from tests.builders import CHANNEL, RIKA, TEAM, a_coupon
from tests.integration.wired import Wired

# Half a second a code: at most 0.75 of its calls, of which each code takes three.
QUICK = Plan(per_minute=480, hourly=48_000)


def many(count: int) -> tuple[CouponCode, ...]:
    """Return so many codes."""
    return tuple(CouponCode(f"COUPON{number:05d}") for number in range(count))


async def open_many(wired: Wired, count: int) -> str:
    """Ask for so many stored coupons, as a form does, and return the id of the request."""
    codes = many(count)
    wired.coupons.store(*(a_coupon(number=code) for code in codes))
    asked = SlashCommand(user=RIKA.id, team=TEAM, channel=CHANNEL, text="", reply_url="https://reply.example")
    answer = await wired.services.submit(TEAM).ask(asked, Ask(codes, "leaked"))
    assert isinstance(answer, Accepted), answer
    return answer.request_id
