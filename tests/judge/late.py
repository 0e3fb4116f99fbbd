"""How soon an outcome is told: for how long the bots worked between what ended a request and its telling."""

from __future__ import annotations

from datetime import timedelta

from tests.judge import sentences
from tests.judge.case import Case
from tests.judge.record import Record
from tests.judge.seen import NEVER, Said

# A crash or a freeze holds an outcome up by a lease, a spoilt call by itself and by the longest backoff.
_HELD_UP_BY_INTERRUPTION, _HELD_UP_BY_TROUBLE = timedelta(seconds=11), timedelta(seconds=42)


def patience(record: Record) -> timedelta:
    """Return for how long people can be left waiting after everything that went wrong."""
    if record.terms.told_within is None:
        return timedelta.max
    held_up = record.interrupted * _HELD_UP_BY_INTERRUPTION + record.troubled * _HELD_UP_BY_TROUBLE
    return record.terms.told_within + held_up


def late(case: Case, request: str, said: Said) -> timedelta:
    """Return for how long the bots worked between what ended a request and its telling."""
    clicks = case.clicks(request, said.index)
    card, terms = case.seen.of(request)[0], case.terms
    about = [a for a in case.seen.asked if a.index > card.index and a.finished != NEVER]
    about = [a for a in about if a.call.code and sentences.is_about(a.call.code, card.full)]
    times = [click.carried_out for click in clicks] + [asked.finished_at for asked in about]
    times += [
        case.deadline(card) - timedelta(seconds=1),
        *(click.carried_out + terms.execute_within for click in clicks),
    ]
    end = max(time for time in [card.at, *times] if time <= said.at)
    pauses = [(at, at + timedelta(seconds=seconds)) for at, seconds in case.record.idle]
    idle = (min(until, said.at) - max(at, end) for at, until in pauses)
    return said.at - end - sum((time for time in idle if time > timedelta()), timedelta())
