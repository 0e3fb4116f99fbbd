"""Every guard, by theme."""

from __future__ import annotations

from tests.guards import (
    approval,
    asking,
    care,
    deletion,
    edge,
    freezing,
    frozen,
    home,
    keeping,
    many,
    restoring,
    secrecy,
    settling,
    storage,
    telling,
    transport,
    typed,
)

GUARDS = (
    *asking.GUARDS,
    *approval.GUARDS,
    *care.GUARDS,
    *deletion.GUARDS,
    *settling.GUARDS,
    *storage.GUARDS,
    *telling.GUARDS,
    *transport.GUARDS,
    *edge.GUARDS,
    *secrecy.GUARDS,
    *keeping.GUARDS,
    *freezing.GUARDS,
    *frozen.GUARDS,
    *home.GUARDS,
    *restoring.GUARDS,
    *many.GUARDS,
    *typed.GUARDS,
)
