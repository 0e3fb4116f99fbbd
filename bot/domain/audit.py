"""The audit chain (I7): every stored event carries a hash over itself and the hash of the event before it.

So an event that is changed, removed, moved or slipped in no longer fits its neighbours. The head says how
many events there are and which one is the last, so that a cut-off end shows as well. A whole chain that was
rewritten, with its head, is found by comparing with a count and a hash that were noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

# Bump it when the meaning of a hash changes; a migration then has to hash what is stored anew.
_HASH_VERSION = 1
_GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one stored event says, as it is stored. at: microseconds since 1970 in UTC. data: JSON text."""

    at: int
    kind: str
    request_id: str | None
    code: str | None
    actor_id: str | None
    actor_name: str | None
    data: str


@dataclass(frozen=True)
class Link:
    """A stored event in the chain. previous: the hash of the one before it. hash: its own, SHA-256 in hex."""

    id: int
    facts: Facts
    previous: str
    hash: str


@dataclass(frozen=True)
class Head:
    """How far a chain goes: the id and the hash of its last event, and how many events it has."""

    last_id: int
    last_hash: str
    count: int


EMPTY = Head(0, _GENESIS, 0)


def link_hash(event_id: int, facts: Facts, previous: str) -> str:
    """Return the SHA-256 (hex) of an event: over a JSON object of all that is stored of it.

    Its names are sorted, its text is ASCII, and it has no spaces; `version` says what the hash means.
    """
    content = {"version": _HASH_VERSION, "id": event_id, "previous": previous, **vars(facts)}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_odd)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _odd(value: object) -> dict[str, str]:
    """Return what SQLite lets into any column (a blob) as something that no stored text looks like."""
    return {"not a text": repr(value)}


def extend(head: Head, facts: Facts) -> tuple[Link, Head]:
    """Return the next event of a chain, and the chain's new head."""
    event_id = head.last_id + 1
    link = Link(event_id, facts, head.last_hash, link_hash(event_id, facts, head.last_hash))
    return link, advance(head, link)


def advance(head: Head, link: Link) -> Head:
    """Return the head of a chain that an event was added to."""
    return Head(link.id, link.hash, head.count + 1)


# ---------------------------------------------------------------- finding what does not fit


class Wrong(StrEnum):
    """What is wrong at the first place where a chain does not hold."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"


@dataclass(frozen=True)
class Fault:
    """The first place where a chain does not hold.

    sound: how far it does. link: the first event that does not fit; None: the stored head does not.
    """

    wrong: Wrong
    sound: Head
    link: Link | None


@dataclass(frozen=True)
class Around:
    """What else is stored if an event does not fit, which tells how that came about.

    follower: whether another event names the last sound one as the one before it. rival: whether another
    names the same one as this event does. parent: whether the one that this event names is stored elsewhere.
    """

    follower: bool
    rival: bool
    parent: bool


def fits(sound: Head, link: Link, head: Head | None) -> bool:
    """Tell whether an event goes on where the chain has come to. head: the stored one, if there is any."""
    if head is not None and sound.last_hash == head.last_hash:
        return False
    return link.previous == sound.last_hash and _is_intact(link)


def _is_intact(link: Link) -> bool:
    return link.hash == link_hash(link.id, link.facts, link.previous)


def judge(sound: Head, link: Link, head: Head | None, around: Around) -> Fault:
    """Return what is wrong with an event that does not fit."""
    return Fault(_wrong(sound, link, head, around), sound, link)


def _wrong(sound: Head, link: Link, head: Head | None, around: Around) -> Wrong:
    if head is not None and sound.last_hash == head.last_hash:
        return Wrong.INSERTED
    if link.previous == sound.last_hash:
        return Wrong.INSERTED if around.rival else Wrong.CHANGED
    if around.rival:
        return Wrong.INSERTED
    if around.follower:
        return Wrong.REORDERED if around.parent else Wrong.INSERTED
    # Nothing follows the last sound event any more: what did is gone, or the one or the other was changed.
    gap = link.id > sound.last_id + 1
    return Wrong.REMOVED if gap and _is_intact(link) else Wrong.CHANGED


def judge_end(sound: Head, head: Head | None) -> Fault | None:
    """Return what is wrong with the head or the end, given that all stored events fit. None: nothing is."""
    if sound == head:
        return None
    cut = head is None or sound.count < head.count
    return Fault(Wrong.REMOVED if cut else Wrong.CHANGED, sound, None)
