"""What breaks a promise in a way that no client can rule out, by the logs: counted by itself, never as zero.

Vivoldi has no condition to send along with a change, so whatever happens after the last look is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sandbox.vivoldi_client import Call, Event
from tests.chaos.real.blows import Span
from tests.scenario.evidence import Evidence
from tests.scenario.judge import Finding, Rule

# Vivoldi's log cuts times to milliseconds.
_CUT = 0.001


@dataclass(frozen=True)
class Unfenced:
    """The codes that something of the kind happened to.

    late: a DELETE whose sender was frozen between its read and the write. overtaken: a DELETE that was on its
    way when the coupon was created. dated: the same of a freeze's date. changed: a DELETE right before which
    the coupon was changed.
    """

    late: Collection[str]
    overtaken: Collection[str]
    dated: Collection[str]
    changed: Collection[str]

    @classmethod
    def of(cls, evidence: Evidence, frozen: Sequence[Span]) -> Self:
        """Look for them. frozen: when which bot stood still."""
        late = [c.code for c in _deletes(evidence) if _is_late(evidence, c, frozen)]
        changed = [c.code for c in _deletes(evidence) if _is_changed(evidence, c)]
        return cls(_known(late), _overtaken(evidence), _dated(evidence), _known(changed))

    def explains(self, finding: Finding) -> bool:
        """Tell whether a finding comes from that. A change explains what was deleted, and nothing else."""
        if finding.rule is Rule.FOREIGN and finding.code in self.changed:
            return True
        return any(finding.code in codes for codes in (self.late, self.overtaken, self.dated))

    def counted(self) -> Counter[str]:
        """Return how many there are of each."""
        return Counter(
            {
                "unfenced: DELETEs of a process that was frozen right before it wrote": len(self.late),
                "unfenced: coupons created while the DELETE was on its way": len(self.overtaken),
                "unfenced: coupons created while a freeze was on its way": len(self.dated),
                "unfenced: coupons changed between the read right before and the DELETE": len(self.changed),
            }
        )


def _is_late(evidence: Evidence, delete: Call, frozen: Sequence[Span]) -> bool:
    name = delete.headers["user-agent"]
    spans = [span for span in frozen if span.name == name and span.ended <= _at(delete) + _CUT]
    own = _reads(evidence, delete.code, delete.seq, name)
    return bool(own) and any(_at(own[-1]) < span.ended for span in spans)


def _overtaken(evidence: Evidence) -> list[str]:
    created = _created(evidence)
    return [event.code for event in _deleted(evidence) if created[event.uid] > (event.call or 0)]


def _dated(evidence: Evidence) -> list[str]:
    """Return the codes where a freeze's date met, and hid, a coupon created after the read before it.

    What is hidden is what everyone expects then, so it was deleted without anyone having seen it.
    """
    created, gone = _created(evidence), {event.uid for event in _deleted(evidence)}
    dated = []
    for date in (event for event in evidence.events if event.kind == "updated" and event.call is not None):
        reads = _reads(evidence, date.code, date.call or 0)
        if date.uid in gone and reads and created[date.uid] > reads[-1].seq:
            dated.append(date.code)
    return dated


def _is_changed(evidence: Evidence, delete: Call) -> bool:
    """Tell whether a DELETE deleted what someone had changed since the read before, and not earlier.

    That this read was the last thing that its sender did is for the judge to find out. What an earlier read
    or this one can have shown is no excuse.
    """
    reads = _reads(evidence, delete.code, delete.seq)
    own = _reads(evidence, delete.code, delete.seq, delete.headers["user-agent"])
    if not own or own[-1].settled is None or not any(e.call == delete.seq for e in _deleted(evidence)):
        return False
    by_hand = [e.seq for e in evidence.events if e.call is None and e.code == delete.code]
    since = [seq for seq in by_hand if reads[0].seq < seq < delete.seq]
    return bool(since) and since[0] > own[-1].settled


def _deletes(evidence: Evidence) -> Iterator[Call]:
    return (call for call in evidence.calls if call.kind == "delete")


def _deleted(evidence: Evidence) -> list[Event]:
    return [event for event in evidence.events if event.kind == "deleted" and event.call is not None]


def _created(evidence: Evidence) -> dict[str, int]:
    return {event.uid: event.seq for event in evidence.events if event.kind == "created"}


def _reads(evidence: Evidence, code: str | None, before: int, by: str | None = None) -> list[Call]:
    """Return the reads of a code that arrived before an entry. by: a bot's name; None: of all bots."""
    reads = [call for call in evidence.calls if (call.kind, call.code) == ("read", code)]
    return [read for read in reads if read.seq < before and by in (None, read.headers["user-agent"])]


def _known(codes: Sequence[str | None]) -> list[str]:
    return [code for code in codes if code is not None]


def _at(call: Call) -> float:
    return datetime.fromisoformat(call.at).timestamp()
