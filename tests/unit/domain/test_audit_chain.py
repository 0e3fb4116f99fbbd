"""The audit chain shows every change that is made to it, and where."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.audit import EMPTY, Around, Facts, Fault, Head, Link, Wrong, extend, link_hash
from bot.operate.audit.verify import verify
from bot.services.ports.store import EVERYTHING, Chosen, Page

_PAGE = 3


@dataclass(frozen=True)
class Stored:
    """A chain in memory, read in small pages as the real one is."""

    links: Sequence[Link]
    head: Head | None

    async def pages(self, chosen: Chosen = EVERYTHING) -> AsyncGenerator[Page, None]:
        links = sorted(self.links, key=lambda link: link.id)
        for start in range(0, len(links) + 1, _PAGE):
            yield Page(links[start : start + _PAGE], self.head)

    async def around(self, sound: Head, link: Link) -> Around:
        others = [other for other in self.links if other.id != link.id]
        return Around(
            follower=any(other.previous == sound.last_hash for other in others),
            rival=any(other.previous == link.previous for other in others),
            parent=any(other.hash == link.previous for other in others),
        )

    def fault(self) -> Fault | None:
        return asyncio.run(verify(self)).fault


_TEXTS = st.none() | st.text(max_size=6)
_FACTS = st.builds(
    Facts,
    at=st.integers(0, 2**50),
    kind=st.sampled_from(["command", "decision", "delete.sending"]),
    request_id=_TEXTS,
    code=_TEXTS,
    actor_id=_TEXTS,
    actor_name=_TEXTS,
    data=st.sampled_from(["{}", '{"a":1}', '{"a":1,"b":"é"}']),
)


def chained(all_facts: Sequence[Facts]) -> Stored:
    """Return the chain of these events."""
    links, head = [], EMPTY
    for facts in all_facts:
        link, head = extend(head, facts)
        links.append(link)
    return Stored(links, head)


CHAINS = st.lists(_FACTS, min_size=1, max_size=9).map(chained)
_LONGER = st.lists(_FACTS, min_size=2, max_size=9).map(chained)


def _a_place(data: st.DataObject, stored: Stored) -> int:
    return data.draw(st.integers(0, len(stored.links) - 1), label="place")


@given(stored=st.lists(_FACTS, max_size=9).map(chained))
def test_a_chain_that_nobody_touched_holds(stored: Stored) -> None:
    """Whatever was written, a chain holds as long as it is left alone."""
    assert stored.fault() is None


@given(stored=CHAINS, data=st.data())
def test_a_changed_value_is_found_at_its_event(stored: Stored, data: st.DataObject) -> None:
    """A change to any value of any event shows at that event."""
    place, links = _a_place(data, stored), list(stored.links)
    before = links[place].facts
    name = data.draw(st.sampled_from(sorted(vars(before))), label="column")
    change: dict[str, Any] = {name: data.draw(_FACTS.map(lambda other: getattr(other, name)))}
    assume(replace(before, **change) != before)
    links[place] = replace(links[place], facts=replace(before, **change))
    fault = replace(stored, links=links).fault()
    assert fault is not None
    assert (fault.wrong, fault.link) == (Wrong.CHANGED, links[place])


@given(stored=CHAINS, data=st.data(), name=st.sampled_from(["previous", "hash"]))
def test_a_changed_hash_is_found_at_its_event(stored: Stored, data: st.DataObject, name: str) -> None:
    """A change to either hash of any event shows at that event."""
    place, links = _a_place(data, stored), list(stored.links)
    change: dict[str, Any] = {name: data.draw(st.text("0123456789abcdef", max_size=64))}
    assume(replace(links[place], **change) != links[place])
    links[place] = replace(links[place], **change)
    fault = replace(stored, links=links).fault()
    assert fault is not None
    assert (fault.wrong, fault.link) == (Wrong.CHANGED, links[place])


@given(stored=_LONGER, data=st.data())
def test_a_change_that_is_hashed_anew_is_found(stored: Stored, data: st.DataObject) -> None:
    """Who changes an event and its hash as well is found at the next one, or at the head."""
    place, links = _a_place(data, stored), list(stored.links)
    facts = replace(links[place].facts, data='{"forged":1}')
    forged = replace(links[place], facts=facts)
    links[place] = replace(forged, hash=link_hash(forged.id, facts, forged.previous))
    fault = replace(stored, links=links).fault()
    assert fault is not None
    assert fault.wrong is Wrong.CHANGED
    assert fault.sound.last_id == forged.id


@given(stored=CHAINS, data=st.data())
def test_removed_events_are_found(stored: Stored, data: st.DataObject) -> None:
    """Events that were removed, wherever and however many, show at the first one that is missing."""
    first = _a_place(data, stored)
    end = data.draw(st.integers(first + 1, len(stored.links)), label="end")
    fault = replace(stored, links=[*stored.links[:first], *stored.links[end:]]).fault()
    assert fault is not None
    assert (fault.wrong, fault.sound.last_id) == (Wrong.REMOVED, first)


@given(stored=_LONGER, data=st.data())
def test_swapped_events_are_found(stored: Stored, data: st.DataObject) -> None:
    """Two events that changed places show at the first of both places."""
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(stored.links) - 1), min_size=2, max_size=2, unique=True))
    )
    links = list(stored.links)
    links[one], links[other] = (
        replace(links[other], id=links[one].id),
        replace(links[one], id=links[other].id),
    )
    fault = replace(stored, links=links).fault()
    assert fault is not None
    assert (fault.wrong, fault.link) == (Wrong.REORDERED, links[one])


@given(stored=_LONGER, data=st.data())
def test_a_moved_event_is_found(stored: Stored, data: st.DataObject) -> None:
    """An event that was given a later id shows at the place that it left."""
    place, links = _a_place(data, stored), list(stored.links)
    links[place] = replace(links[place], id=links[-1].id + 5)
    fault = replace(stored, links=links).fault()
    assert fault is not None
    assert fault.sound.last_id == place
    assert fault.wrong is (Wrong.CHANGED if place == len(links) - 1 else Wrong.REORDERED)


@given(stored=CHAINS, facts=_FACTS, data=st.data(), skilled=st.booleans())
def test_an_inserted_event_is_found(stored: Stored, facts: Facts, data: st.DataObject, skilled: bool) -> None:
    """An event that was slipped in, at any place, with a fitting hash or without, never goes unseen."""
    place = data.draw(st.integers(0, len(stored.links)), label="place")
    before = stored.links[place - 1].hash if place else EMPTY.last_hash
    forged = Link(place + 1, facts, before, "f" * 64)
    if skilled:
        forged = replace(forged, hash=link_hash(forged.id, facts, before))
    shifted = [replace(link, id=link.id + 1) for link in stored.links[place:]]
    fault = replace(stored, links=[*stored.links[:place], forged, *shifted]).fault()
    assert fault is not None
    assert (fault.wrong, fault.sound.last_id in (place, place + 1)) == (Wrong.INSERTED, True)


@given(stored=CHAINS, data=st.data())
def test_a_copied_event_is_found(stored: Stored, data: st.DataObject) -> None:
    """An event that is stored a second time is told as inserted, at the end or before the first one."""
    copy = stored.links[_a_place(data, stored)]
    for event_id in (0, len(stored.links) + 1):
        fault = replace(stored, links=[*stored.links, replace(copy, id=event_id)]).fault()
        assert fault is not None
        assert fault.wrong is Wrong.INSERTED


@given(stored=CHAINS, data=st.data())
def test_a_changed_head_is_found(stored: Stored, data: st.DataObject) -> None:
    """A head with any other value, an older head, and no head at all, are all found."""
    head = stored.head
    assert head is not None
    older = stored.links[:-1][-1:]
    heads: list[Head | None] = [
        None,
        EMPTY,
        replace(head, last_id=head.last_id + data.draw(st.sampled_from([-1, 1, 7]))),
        replace(head, count=head.count + data.draw(st.sampled_from([-1, 1, 7]))),
        replace(head, last_hash="f" * 64),
        *(Head(link.id, link.hash, link.id) for link in older),
    ]
    assert all(replace(stored, head=other).fault() is not None for other in heads)


@pytest.mark.parametrize("odd", [b"code", 12, 1.5])
def test_a_value_of_another_type_is_a_change(odd: Any) -> None:
    """What SQLite lets into a column of texts is no text, even if it looks like the one that was written."""
    facts = Facts(at=1, kind="k", request_id=None, code=str(odd), actor_id=None, actor_name=None, data="{}")
    stored = chained([facts])
    changed = replace(stored.links[0], facts=replace(facts, code=odd))
    assert replace(stored, links=[changed]).fault() is not None


def test_the_meaning_of_a_hash_never_changes_unnoticed() -> None:
    """The hash of an event is SHA-256 over its values, sorted by name, as compact JSON in ASCII."""
    facts = Facts(
        at=1_748_833_200_000_001,
        kind="decision",
        request_id="CG-7K2M9QX4AB",
        code=None,
        actor_id="U0AMIR0000",
        actor_name="Amír",
        data='{"action":"approve"}',
    )
    hashed = (
        r'{"actor_id":"U0AMIR0000","actor_name":"Am\u00edr","at":1748833200000001,"code":null,'
        r'"data":"{\"action\":\"approve\"}","id":7,"kind":"decision","previous":"beef",'
        r'"request_id":"CG-7K2M9QX4AB","version":1}'
    )
    assert link_hash(7, facts, "beef") == hashlib.sha256(hashed.encode()).hexdigest()
