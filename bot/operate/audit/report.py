"""Whether the audit holds, in words."""

from __future__ import annotations

from bot.domain.audit import Fault, Head, Link, Wrong
from bot.operate.audit.stored import clock_time
from bot.operate.audit.verify import Verified
from bot.text import plain

_LONGEST = 80


def report(verified: Verified) -> str:
    """Return how far the chain holds, and where not: at which event, and what is wrong there."""
    if verified.fault is None:
        return "\n".join(
            [
                f"The audit is whole: {_events(verified.sound.count)}, each as it was written.",
                *_end(verified),
                "Note the count and the hash elsewhere: then even a chain that was written anew shows.",
            ]
        )
    return "\n".join(
        [
            *_fault(verified.fault, verified),
            f"Before that, {_events(verified.sound.count)}: each as it was written.",
            *_end(verified),
        ]
    )


def _fault(fault: Fault, verified: Verified) -> list[str]:
    if fault.link is None:
        after = "The end of the audit does not hold."
        return [
            after,
            _END[fault.wrong] if verified.head else "Its head is gone, which says where it has to end.",
        ]
    wrong = f"The audit does not hold: event {fault.link.id} {_WRONG[fault.wrong]}."
    return [wrong, f"It is {_named(fault.link)}.", _why(fault, fault.link)]


_WRONG = {
    Wrong.CHANGED: "was changed",
    Wrong.REMOVED: "comes after a removed one",
    Wrong.REORDERED: "was moved",
    Wrong.INSERTED: "was inserted",
}
_END = {
    Wrong.REMOVED: "Events were removed there: fewer are left than the head counts.",
    Wrong.CHANGED: "The head does not say what the last event says: the one or the other was changed.",
}


def _why(fault: Fault, link: Link) -> str:
    before = fault.sound.last_id
    match fault.wrong:
        case Wrong.CHANGED if link.previous == fault.sound.last_hash:
            return "What it says does not match its hash."
        case Wrong.CHANGED:
            return f"It does not follow event {before}: one of the two is not what was written."
        case Wrong.REMOVED:
            last = link.id - 1
            gone = f"event {last} is" if last == before + 1 else f"events {before + 1} to {last} are"
            return f"Right before it, {gone} missing."
        case Wrong.REORDERED:
            return "Another event was written in its place, and is stored elsewhere."
        case Wrong.INSERTED:
            return "The events that were written leave no place for it."


def _named(link: Link) -> str:
    """Name an event, without the control characters that may have been put in to hide this line."""
    facts = link.facts
    about = f"request {facts.request_id}" if facts.request_id else "about no request"
    return ", ".join(plain(each, _LONGEST) or "?" for each in (str(facts.kind), clock_time(facts), about))


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _end(verified: Verified) -> list[str]:
    if verified.last is None:
        return []
    head: Head = verified.sound
    return [f"Last event: {head.last_id}, {_named(verified.last)}", f"Last hash: {head.last_hash}"]
