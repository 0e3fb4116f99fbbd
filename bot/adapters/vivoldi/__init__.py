"""The coupon API of Vivoldi, over HTTP."""

from bot.adapters.vivoldi.client import VivoldiClient
from bot.adapters.vivoldi.rate import RateLimit
from bot.adapters.vivoldi.wire import CouponDraft

__all__ = ["CouponDraft", "RateLimit", "VivoldiClient"]
