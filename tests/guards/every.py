"""Every guard, by theme."""

from __future__ import annotations

from tests.guards import (
    approval,
    asking,
    care,
    claiming,
    clocks,
    deletion,
    edge,
    freezing,
    frozen,
    home,
    keeping,
    locks,
    many,
    refused,
    restoring,
    secrecy,
    settling,
    storage,
    telling,
    transport,
)

GUARDS = (
    *asking.GUARDS,
    *approval.GUARDS,
    *care.GUARDS,
    *clocks.GUARDS,
    *deletion.GUARDS,
    *settling.GUARDS,
    *storage.GUARDS,
    *locks.GUARDS,
    *telling.GUARDS,
    *transport.GUARDS,
    *edge.GUARDS,
    *secrecy.GUARDS,
    *keeping.GUARDS,
    *freezing.GUARDS,
    *claiming.GUARDS,
    *frozen.GUARDS,
    *home.GUARDS,
    *restoring.GUARDS,
    *many.GUARDS,
    *refused.GUARDS,
)
