"""The coupon API of Vivoldi, over HTTP."""

from bot.adapters.vivoldi.client import VivoldiClient
from bot.adapters.vivoldi.rate import RateLimit, SharedRate, Turns

__all__ = ["RateLimit", "SharedRate", "Turns", "VivoldiClient"]
