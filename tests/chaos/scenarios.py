"""The stories that are told again and again, each time with something else going wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tests.chaos import freeze_stories, restore_stories, stories, world_stories
from tests.chaos.play import Play
from tests.chaos.stories import CODE, OTHER, UNKNOWN

_WINDOW = timedelta(seconds=30)
DELETED, GONE, NOT_DELETED, UNCLEAR = "deleted", "gone", "not deleted", "unknown"
CREATED, NOT_CREATED = "created", "not created"
FROZEN = "frozen"


@dataclass(frozen=True)
class Scenario:
    """A story. words: what people read at its end when nothing goes wrong besides.

    ends: for each code, the ways in which it may be told to have ended, whatever crashes or freezes then.
    takes_time: a server works for a while, which servers that listen do by the real clock. stop_window: the
    bots' setting.
    """

    tell: Callable[[Play], Awaitable[None]]
    words: str
    ends: Mapping[str, frozenset[str]]
    replicas: int = 1
    takes_time: bool = False
    stop_window: timedelta = timedelta()
    called: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return self.called or self.tell.__name__


def _one(tell: Callable[[Play], Awaitable[None]], end: str, words: str) -> Scenario:
    """Return a story about one coupon that always ends in the same way."""
    # What a process that died had sent may be gone without an answer.
    return Scenario(tell, words, {CODE: frozenset({end, GONE} if end == DELETED else {end})})


def _all() -> list[Scenario]:
    yes = frozenset({DELETED, GONE})
    # A DELETE of what was approved unseen can't be settled by a read, so a crash may leave it unknown.
    unseen = frozenset({NOT_DELETED, UNCLEAR})
    # Step 2 is clicked once, so a crash in between may leave it out.
    either = frozenset({DELETED, GONE, NOT_DELETED})
    return [
        _one(stories.single, DELETED, "*Deleted.*"),
        Scenario(stories.several, "The coupon does not exist", {CODE: yes, OTHER: yes, UNKNOWN: unseen}),
        _one(stories.rejected, NOT_DELETED, "rejected"),
        _one(stories.wrong_people, NOT_DELETED, "two approvals"),
        _one(stories.asked_twice, DELETED, "*Deleted.*"),
        _one(stories.late_click, NOT_DELETED, "two approvals"),
        _one(stories.tampered, NOT_DELETED, "not for what is stored"),
        _one(stories.cancelled, NOT_DELETED, "cancelled"),
        _one(stories.no_thread, NOT_DELETED, "cancelled"),
        _one(stories.expired, NOT_DELETED, "two approvals"),
        _one(stories.drifted, NOT_DELETED, "changed since"),
        _one(stories.remade, NOT_DELETED, "changed since"),
        _one(stories.lost_answer, GONE, "no longer works"),
        _one(stories.lost_deletion, DELETED, "*Deleted.*"),
        Scenario(stories.late_deletion, "no longer works", {CODE: yes}, takes_time=True),
        Scenario(stories.lost_then_remade, "settled by reading", {CODE: either}, takes_time=True),
        _one(stories.lost_unseen, UNCLEAR, "*Unknown"),
        _one(stories.rate_limited, DELETED, "*Deleted.*"),
        _one(stories.refused, NOT_DELETED, "It belongs to a group"),
        _one(stories.refused_after_lost, NOT_DELETED, "It belongs to a group"),
        _one(stories.approver_left, NOT_DELETED, "no longer counts"),
        # The time counts from when the click was carried out, which a bot that is frozen then does later.
        Scenario(stories.too_late, "ran out", {CODE: either}),
        Scenario(stories.slow_read, "ran out", {CODE: either}, takes_time=True),
        _one(stories.unreadable, NOT_DELETED, "I could not read"),
        _one(stories.no_channel, NOT_DELETED, "I can't post the card"),
        # What is in flight goes on; a crash may bring the stop before the first of them or after.
        Scenario(stories.stopped, "stopped by", {CODE: either, OTHER: either, UNKNOWN: unseen}),
        Scenario(stories.stopped_after_lost, "stopped by", {CODE: either, OTHER: either}),
        Scenario(stories.stopped_in_window, "stopped by", {CODE: either}, stop_window=_WINDOW),
        Scenario(stories.single, "*Deleted.*", {CODE: yes}, stop_window=_WINDOW, called="window_passed"),
        *_freezes(),
        *_restorations(),
        *_outside(),
        Scenario(stories.two_workers, "*Deleted.*", {CODE: either, OTHER: either}, replicas=2),
    ]


def _freezes() -> list[Scenario]:
    # Of what is hidden, a DELETE that a crash cut short can't be settled by a read.
    hidden = {CODE: frozenset({DELETED, UNCLEAR})}
    return [
        Scenario(freeze_stories.frozen_then_deleted, "*Deleted.*", hidden),
        _one(freeze_stories.frozen_then_unfrozen, NOT_DELETED, "rejected"),
        _one(freeze_stories.freeze_alone, FROZEN, "*Frozen*"),
        Scenario(freeze_stories.freeze_lost, "*Deleted.*", hidden),
        _one(freeze_stories.freeze_overridden, NOT_DELETED, "rejected"),
        _one(freeze_stories.freeze_refused, DELETED, "*Deleted.*"),
        _one(freeze_stories.thawed_by_hand, NOT_DELETED, "no longer frozen"),
        _one(freeze_stories.rejected_while_freezing, NOT_DELETED, "rejected"),
        _one(freeze_stories.freeze_alone_refused, NOT_DELETED, "ran out"),
        Scenario(
            freeze_stories.deleted_late_then_refused,
            "a later one was refused",
            {CODE: frozenset({DELETED, GONE, NOT_DELETED, UNCLEAR})},
        ),
        # Step 2 is clicked once, so a crash in between may leave it out.
        Scenario(
            freeze_stories.freeze_overtaken,
            "*Deleted.*",
            {CODE: frozenset({DELETED, GONE, NOT_DELETED, UNCLEAR})},
        ),
    ]


def _outside() -> list[Scenario]:
    any_end = {CODE: frozenset({DELETED, GONE, NOT_DELETED, UNCLEAR})}
    return [
        _one(world_stories.odd_read, DELETED, "*Deleted.*"),
        Scenario(world_stories.used_at_the_wrong_moment, "no longer works", any_end, takes_time=True),
        Scenario(world_stories.used_while_its_freeze_hangs, "*Not deleted", any_end, takes_time=True),
        Scenario(
            world_stories.freeze_of_two,
            "rejected",
            {CODE: frozenset({FROZEN, NOT_DELETED}), OTHER: frozenset({FROZEN, NOT_DELETED})},
        ),
        _one(world_stories.unfrozen_after_a_change, NOT_DELETED, "rejected"),
        _one(world_stories.unfrozen_from_an_old_card, NOT_DELETED, "rejected"),
        _one(world_stories.never_set_back, NOT_DELETED, "rejected"),
        Scenario(world_stories.unheard_of_everywhere, "", any_end),
        _one(world_stories.unheard_of_when_told, DELETED, "*Deleted.*"),
        Scenario(world_stories.card_that_cant_be_changed, "*Deleted.*", any_end),
        _one(world_stories.old_cards, DELETED, "*Deleted.*"),
    ]


def _restorations() -> list[Scenario]:
    # What was about to be sent when a process died is never sent again, so it may stay unclear.
    created = {CODE: frozenset({DELETED, GONE, CREATED, UNCLEAR})}
    # Step 2 is clicked once, so a crash in between may leave it out; held up, it may also be carried out.
    either = {CODE: frozenset({DELETED, GONE, CREATED, NOT_CREATED, UNCLEAR})}
    not_created = {CODE: frozenset({DELETED, GONE, NOT_CREATED})}
    return [
        Scenario(restore_stories.restored, "*Created again.* Vivoldi said so", created),
        Scenario(restore_stories.lost_creation_answer, "settled by reading", created),
        Scenario(
            restore_stories.lost_creation, "*Unknown", {CODE: frozenset({DELETED, GONE, UNCLEAR, CREATED})}
        ),
        Scenario(restore_stories.late_creation, "settled by reading", created, takes_time=True),
        Scenario(restore_stories.creation_rate_limited, "*Created again.* Vivoldi said so", created),
        Scenario(restore_stories.creation_refused, "The plan is full", either),
        Scenario(restore_stories.number_taken, "validates again", either),
        Scenario(restore_stories.restorer_left, "no longer counts", not_created),
        Scenario(restore_stories.restored_too_late, "ran out", either),
        Scenario(restore_stories.restoring_rejected, "rejected", not_created),
        _one(restore_stories.nothing_to_restore, NOT_CREATED, "validates in Vivoldi"),
    ]


SCENARIOS = {scenario.name: scenario for scenario in _all()}
