"""The judge of the real processes excuses a change between the last read and the DELETE, and no other."""

from __future__ import annotations

import pytest

from sandbox.vivoldi.log import CallKind
from sandbox.vivoldi_client import Call, Event
from tests.chaos.real.unfenced import Unfenced
from tests.scenario.evidence import Evidence
from tests.scenario.judge import Finding, Rule

_AT = "2026-03-01T03:00:00.000+00:00"
_CODE = "SAVE10"


def _call(seq: int, kind: CallKind, agent: str, settled: int) -> Call:
    headers = {"user-agent": agent}
    return Call(seq, _AT, kind, "GET", "/", _CODE, headers, key_ok=True, port=1, settled=settled)


def _explains(*changes: int, rule: Rule = Rule.FOREIGN) -> bool:
    """Tell whether changes explain what was deleted.

    The card's read is 5, guard-1's last one arrives at 10 and is settled at 12, its DELETE arrives at 20;
    guard-2 reads at 15.
    """
    calls = [
        _call(5, "read", "guard-2", 5),
        _call(10, "read", "guard-1", 12),
        _call(15, "read", "guard-2", 15),
        _call(20, "delete", "guard-1", 21),
    ]
    events = [Event(1, _AT, "created", _CODE, "U1", {}, "control", None)]
    events += [Event(seq, _AT, "updated", _CODE, "U1", {"nm": "new"}, "control", None) for seq in changes]
    events += [Event(21, _AT, "deleted", _CODE, "U1", {"nm": "new"}, "api", 20)]
    unfenced = Unfenced.of(Evidence((), (), calls, events, {}), ())
    return unfenced.explains(Finding(rule, _CODE, "it was another"))


@pytest.mark.parametrize("change", [13, 14, 16, 19])
def test_what_came_after_the_read_is_excused(change: int) -> None:
    """Nobody can see it: Vivoldi has no conditional deletion."""
    assert _explains(change)


@pytest.mark.parametrize("changes", [(), (9,), (11,), (12,), (9, 13), (21,)], ids=str)
def test_what_a_read_can_have_shown_is_not(changes: tuple[int, ...]) -> None:
    """Such a coupon is not sent (I2), also where it was changed once more in the meantime."""
    assert not _explains(*changes)


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule is not Rule.FOREIGN])
def test_it_explains_what_was_deleted_alone(rule: Rule) -> None:
    """Whatever else is found has nothing to do with it."""
    assert not _explains(13, rule=rule)
