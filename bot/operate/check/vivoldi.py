"""Vivoldi: can it be reached, and does it take the key. It is asked by a read, which changes nothing."""

from __future__ import annotations

from bot.domain.coupon import CouponCode, Shown
from bot.domain.errors import VivoldiRefused, VivoldiUnavailable
from bot.operate.check.finding import Finding, failure, fine, unlooked
from bot.operate.check.given import Given
from bot.operate.unreached import unreached
from bot.services.ports.outside import Coupons

_NAME = "vivoldi"
# The settings without which Vivoldi is not asked at all.
WAY = ("vivoldi_api_url", "vivoldi_proxy", "ssl_cert_file")
# A number of the right form that nobody has a reason to give to a coupon, and that explains itself in a log.
NO_COUPON = CouponCode("COUPONGUARDCHECK")


async def look_at_vivoldi(given: Given, coupons: Coupons) -> Finding:
    """Return whether Vivoldi answers a read, and in which words.

    Its words are quoted, since how it answers a wrong key is not documented.
    """
    if not given.has("vivoldi_api_key", "vivoldi_user_agent", "vivoldi_language", *WAY):
        return unlooked(_NAME)
    url = given.settings.vivoldi_api_url
    try:
        reading = await coupons.read(NO_COUPON)
    except VivoldiRefused as error:
        return failure(_NAME, f"{error}.", "Mend that, and check again.")
    except VivoldiUnavailable as error:
        by_proxy = given.settings.vivoldi_proxy is not None and "proxy" not in str(error)
        way = " by the proxy of VIVOLDI_PROXY" if by_proxy else ""
        return failure(_NAME, f"{url}: {error}{way}.", unreached(error, "VIVOLDI"))
    if isinstance(reading, Shown):
        return fine(_NAME, f"{url} takes the key, and even has a coupon {NO_COUPON}.")
    return fine(
        _NAME, f"{url} takes the key. Of {NO_COUPON}, which is no coupon, it says “{reading.message}”"
    )
