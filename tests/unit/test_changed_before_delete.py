"""The judge of the real processes excuses a change in one place: between the last read and the DELETE."""

from __future__ import annotations

import pytest

from sandbox.vivoldi_client import Call, Event
from tests.chaos.real.run import changed_before_delete
from tests.scenario.evidence import Evidence

_AT = "2026-03-01T03:00:00.000+00:00"


def _call(seq: int, kind: str, agent: str) -> Call:
    headers = {"user-agent": agent}
    return Call(seq, _AT, kind, "GET", "/", "SAVE10", headers, key_ok=True, port=1)  # type: ignore[arg-type]


def _evidence(change: int, other_read: int | None = None) -> Evidence:
    """Return what the logs hold where guard-1 reads at 10 and its DELETE arrives at 20."""
    reads = [_call(10, "read", "guard-1")] + ([_call(other_read, "read", "guard-2")] if other_read else [])
    changed = Event(change, _AT, "updated", "SAVE10", "U1", {"nm": "new"}, "control", None)
    deleted = Event(21, _AT, "deleted", "SAVE10", "U1", {"nm": "new"}, "api", 20)
    return Evidence((), (), [*reads, _call(20, "delete", "guard-1")], [changed, deleted], {})


@pytest.mark.parametrize(("change", "excused"), [(9, False), (11, True), (19, True)])
def test_only_what_came_after_the_read_is_excused(change: int, excused: bool) -> None:
    """A change that the read before the DELETE must have shown stays a finding (I2)."""
    assert changed_before_delete(_evidence(change)) == (["SAVE10"] if excused else [])


def test_the_read_of_another_bot_does_not_count() -> None:
    """What the sender itself read is what it had to go by."""
    assert changed_before_delete(_evidence(change=12, other_read=15)) == ["SAVE10"]
    assert changed_before_delete(_evidence(change=9, other_read=5)) == []
