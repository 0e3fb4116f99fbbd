"""The dialog in which the final approval is confirmed by typing."""

from __future__ import annotations

import json
from typing import Any

from bot.domain.policy import Verdict
from bot.domain.request.request import Pending
from handlers.blocks import plain, section
from handlers.coupons import as_seen
from handlers.ids import CONFIRM, TYPED
from handlers.many import listed
from handlers.refusals import denied

_MAX_TITLE = 24


def confirmation(request: Pending, channel: str, card_ts: str | None) -> dict[str, Any]:
    """Return the dialog. What comes back with it says which request, version and card it is about."""
    count, codes = len(request.items), listed([item.code for item in request.items])
    if count == 1:
        label, asked = "Delete Coupon", "The last four characters of the code"
    else:
        label, asked = f"Delete {count:,} Coupons", "How many coupons this deletes, as a number"
    about = {
        "request": request.origin.id,
        "version": request.version,
        "channel": channel,
        "card": card_ts,
    }
    typed = {"type": "plain_text_input", "action_id": TYPED, "max_length": 20, "focus_on_load": True}
    return {
        "type": "modal",
        "callback_id": CONFIRM,
        "private_metadata": json.dumps(about),
        "title": plain("Final approval", _MAX_TITLE),
        "submit": plain(label, _MAX_TITLE),
        "close": plain("Go Back", _MAX_TITLE),
        "blocks": [
            section(f"This deletes {codes}, {as_seen(request.items)}. It can't be undone."),
            {"type": "input", "block_id": TYPED, "label": plain(asked, 200), "element": typed},
        ],
    }


def wrong_text() -> dict[str, str]:
    """Return what the dialog says under its field where something else was typed."""
    return {TYPED: denied(Verdict.WRONG_TEXT)}
