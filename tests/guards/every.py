"""Every guard, by theme."""

from __future__ import annotations

from tests.guards import approval, deletion, edge, settling, storage, telling, transport

GUARDS = (
    *approval.GUARDS,
    *deletion.GUARDS,
    *settling.GUARDS,
    *storage.GUARDS,
    *telling.GUARDS,
    *transport.GUARDS,
    *edge.GUARDS,
)
