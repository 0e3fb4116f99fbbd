"""The coupon API of Vivoldi, over HTTP."""

from bot.adapters.vivoldi.client import VivoldiClient
from bot.adapters.vivoldi.rate import RateLimit, Turns
from bot.adapters.vivoldi.shared_rate import SharedRate

__all__ = ["RateLimit", "SharedRate", "Turns", "VivoldiClient"]
