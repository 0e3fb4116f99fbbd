"""Whether approvals outlived the server of the database that they were stored on (I3)."""

from __future__ import annotations

from bot.domain.request.request import Approved
from bot.services.ports.store import Transaction


async def is_void(tx: Transaction, request: Approved) -> bool:
    """Tell whether an approval was stored on another server than the one that answers now.

    What that one had stored besides, such as that something was sent and what came of it, may be lost. So
    whatever ends such a request says that, and nothing of what a read seems to show. Raises StoreUnavailable.
    """
    servers = {given.server for given in (request.review, request.final) if given.server is not None}
    return bool(servers) and servers != {await tx.server()}
