"""Reads a coupon, and tells when it was asked for and when it was answered."""

from __future__ import annotations

from bot.domain.coupon import CouponCode
from bot.domain.item.absence import Look
from bot.services.ports.outside import Clock, Reads


async def read(coupons: Reads, code: CouponCode, clock: Clock) -> Look:
    """Read a coupon once. Raises VivoldiUnavailable or VivoldiRefused."""
    asked = clock.now()
    reading = await coupons.read(code)
    return Look(reading, asked, clock.now())
