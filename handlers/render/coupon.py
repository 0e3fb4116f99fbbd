"""What a coupon is, in words: its facts, what to think about before deleting it, and what has changed.

All of it is Slack's mrkdwn, escaped. Whom a coupon was issued to is never among it (I8).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.coupon import Coupon, Difference, DiscountKind, NotShown, Reading, Shown, Warning
from bot.domain.item.deletion import Item
from handlers.render.blocks import clip, code, escape, quote, said

# In a list of several coupons, so that twenty of them fit into one message of Slack.
_NAME_IN_LIST = 80
_DOMAIN_IN_LIST = 30
_MESSAGE_IN_LIST = 90

_NOT_TOLD = "not told by Vivoldi"


def discount(coupon: Coupon) -> str:
    """Return the discount in words."""
    if coupon.discount is None:
        return _NOT_TOLD
    if coupon.discount_kind is DiscountKind.PERCENT:
        return f"{coupon.discount} % off"
    unit = coupon.currency or "(currency not told)"
    return f"{coupon.discount} {unit} off" if coupon.discount_kind else f"{coupon.discount} off"


def validity(coupon: Coupon) -> str:
    """Return the validity period in words, with the dates as Vivoldi gives them."""
    if not (coupon.starts_on or coupon.ends_on):
        return _NOT_TOLD
    return f"{coupon.starts_on or '…'} to {coupon.ends_on or '…'}"


def uses(coupon: Coupon) -> str:
    """Return how often it was used, and may be."""
    used = "unknown" if coupon.use_count is None else str(coupon.use_count)
    match coupon.use_limit:
        case None:
            return f"{used} (limit not told)"
        case 0:
            return f"{used} (no limit)"
        case limit:
            return f"{used} of {limit}"


def facts(coupon: Coupon) -> list[str]:
    """Return every fact with its label, each as a field of a card."""
    labelled = [
        ("Code", code(coupon.number)),
        ("Name", escape(coupon.name or _NOT_TOLD)),
        ("Discount", escape(discount(coupon))),
        ("Valid", escape(validity(coupon))),
        ("Used", escape(uses(coupon))),
        ("Created (Vivoldi's time)", escape(coupon.created_at or _NOT_TOLD)),
    ]
    if coupon.domain:
        labelled.append(("Domain", escape(coupon.domain)))
    return [f"*{label}*\n{value}" for label, value in labelled]


def summary(reading: Reading) -> str:
    """Return the facts of a coupon in one line, for a list."""
    if isinstance(reading, NotShown):
        return f"not shown by Vivoldi: {said(clip(reading.message, _MESSAGE_IN_LIST))}"
    coupon = reading.coupon
    name = clip(escape(coupon.name or "no name told"), _NAME_IN_LIST)
    told = [discount(coupon), validity(coupon), f"used {uses(coupon)}", f"created {coupon.created_at or '…'}"]
    if coupon.domain:
        told.append(clip(coupon.domain, _DOMAIN_IN_LIST))
    return f"{name} · {escape(' · '.join(told))}"


def warnings(found: tuple[Warning, ...], reading: Reading) -> str:
    """Return the warnings for one coupon as a sentence."""
    return "; ".join(_warning(kind, reading) for kind in found)


def _warning(kind: Warning, reading: Reading) -> str:
    match kind, reading:
        case Warning.RUNNING, _:
            return "valid today, so perhaps in a running campaign"
        case Warning.USED, Shown(coupon):
            return f"already used {'once' if coupon.use_count == 1 else f'{coupon.use_count} times'}"
        case Warning.UNLIMITED, _:
            return "can be used without limit"
        case Warning.ISSUED, _:
            return "issued to a person, who will get an error when using it"
        case _, NotShown(message):
            return (
                f"Vivoldi does not show it and says {said(message)}. It may be expired, not started yet, "
                "used up, or not exist; anyone who approves it does so unseen"
            )
    raise AssertionError(f"{kind} does not belong to {reading}")


_IN_LIST = {
    Warning.RUNNING: "valid today",
    Warning.USED: "already used",
    Warning.UNLIMITED: "no use limit",
    Warning.ISSUED: "issued to a person",
    Warning.NOT_SHOWN: "not shown, so it is approved unseen",
}


def warnings_in_list(found: tuple[Warning, ...]) -> str:
    """Return the warnings for one coupon of several, in few words."""
    return ", ".join(_IN_LIST[kind] for kind in found)


_FACTS = {
    "number": "number",
    "name": "name",
    "discount_kind": "kind of discount",
    "discount": "discount",
    "currency": "currency",
    "starts_on": "start date",
    "ends_on": "end date",
    "use_limit": "use limit",
    "created_at": "creation time",
    "domain": "domain",
}


def difference(found: Difference) -> str:
    """Return what changed in one fact."""
    if found.fact == "issued_to_person":
        return (
            "it has been issued to a person since"
            if found.after == "True"
            else "it is issued to no one any more"
        )
    before = quote(found.before) if found.before is not None else "not given"
    after = quote(found.after) if found.after is not None else "not given"
    return f"the {_FACTS[found.fact]} was {before} and is now {after}"


def as_seen(items: Sequence[Item]) -> str:
    """Return what approvers have to go by, which is nothing if Vivoldi does not show the coupon."""
    match sum(isinstance(item.snapshot, NotShown) for item in items):
        case 0:
            return "as shown on the card"
        case unseen if unseen < len(items):
            return f"as shown on the card, {unseen} of them unseen"
        case _:
            return f"unseen, since Vivoldi does not show {'it' if len(items) == 1 else 'them'}"
