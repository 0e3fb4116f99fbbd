"""What 75994b6 has stored is understood by this version: its requests end rightly, its cards can be clicked.

Nothing here may ever be changed to suit a new way of storing things: it is what runs somewhere. What may
change is how a request ends, where the rules for that have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.integration.databases import KINDS
from tests.integration.kept import stored
from tests.integration.kept_run import Run, run_over

pytestmark = pytest.mark.timeout(180)

_FROZEN, _SHOWN = "2026-02-28", "2026-03-31"
_CHANGES = ("delete", "create", "update")


@dataclass(frozen=True)
class Ends:
    """How a request has to end. deletes, creates: how many are sent for all its coupons together.

    day: the last day of each coupon that is there in the end. gone: how many coupons are not. outcomes: what
    the audit says of them, and whether the request expired. told: how often its end is told; said: how many
    replies the whole channel sees.
    """

    deletes: int = 0
    creates: int = 0
    day: str | None = _SHOWN
    gone: int = 0
    outcomes: frozenset[str] = frozenset()
    told: int = 1
    said: int = 0


def _said(*outcomes: str) -> frozenset[str]:
    return frozenset(outcomes)


# What was over before, and told: nothing more happens.
OVER, OVER_AND_GONE = Ends(told=0), Ends(told=0, day=None, gone=1)
UNFROZEN = Ends(told=0, outcomes=_said("unfrozen"))
# What ends without a change of the coupon.
TIMED_OUT = Ends(outcomes=_said("expired"))
TIMED_OUT_AND_UNSEEN = Ends(outcomes=_said("expired"), day=None, gone=1)
DECIDED, DECIDED_AND_UNSEEN = Ends(), Ends(day=None, gone=1)
FROZEN_AND_TIMED_OUT = Ends(day=_FROZEN, outcomes=_said("frozen", "expired"))
DELETED = Ends(deletes=1, day=None, gone=1, outcomes=_said("deleted"), said=1)
DELETED_BEFORE = Ends(day=None, gone=1, outcomes=_said("deleted"), said=1)
GONE_BEFORE = Ends(day=None, gone=1, outcomes=_said("gone"), said=1)
STOPPED = Ends(outcomes=_said("notsent"), said=1)
CREATED = Ends(creates=1, outcomes=_said("created"), said=1)
CREATED_BEFORE = Ends(outcomes=_said("created"), said=1)

ENDS: Mapping[str, Ends] = {
    "deleted": OVER_AND_GONE,
    "rejected": OVER,
    "cancelled": OVER,
    "refused": OVER,
    "changed": OVER,
    "stopped": OVER,
    "unknown for good": OVER_AND_GONE,
    "failed": OVER_AND_GONE,
    "timed out": OVER_AND_GONE,
    "unfrozen": OVER,
    "deleted while frozen": OVER_AND_GONE,
    "restored": OVER,
    "large and deleted": Ends(told=0, day=None, gone=21),
    # Their cards are clicked: unfreeze.
    "only frozen": UNFROZEN,
    "frozen and rejected": UNFROZEN,
    # Not decided: each times out, unless a click decides it.
    "submitted": TIMED_OUT,
    "read, no card yet": TIMED_OUT,
    "freeze alone, not read": TIMED_OUT,
    "restoration, not read": TIMED_OUT_AND_UNSEEN,
    "large and partly read": TIMED_OUT,
    "large at step 1": TIMED_OUT,
    "large at step 2": TIMED_OUT,
    "three codes at step 1": Ends(gone=1, outcomes=_said("expired")),
    "not shown": TIMED_OUT_AND_UNSEEN,
    "step 1, a notice waits": TIMED_OUT,
    "step 1, to be approved": TIMED_OUT,
    "step 1, to be rejected": DECIDED,
    "step 1, to be cancelled": DECIDED,
    "step 1, to be frozen": FROZEN_AND_TIMED_OUT,
    "step 1, clicked by the wrong people": TIMED_OUT,
    "step 2, clicked on an old card": TIMED_OUT,
    "step 2, to be approved": DELETED,
    "step 2, to be rejected": DECIDED,
    "step 2, to be cancelled": DECIDED,
    "step 2, clicked by who gave step 1": TIMED_OUT,
    "step 2, clicked by the requester": TIMED_OUT,
    "step 2, to be confirmed": TIMED_OUT,
    "step 2, dialog to be sent": DELETED,
    "step 2, dialog to be sent with wrong words": TIMED_OUT,
    "freeze alone": TIMED_OUT,
    "freeze alone to be clicked": Ends(day=_FROZEN, outcomes=_said("frozen")),
    "freeze refused": TIMED_OUT,
    "freeze asked for": FROZEN_AND_TIMED_OUT,
    "freeze maybe sent, executed": FROZEN_AND_TIMED_OUT,
    "freeze maybe sent, not executed": FROZEN_AND_TIMED_OUT,
    "freeze answered, not read": FROZEN_AND_TIMED_OUT,
    "frozen at step 1": Ends(day=_FROZEN, outcomes=_said("expired")),
    "unfreeze asked for": UNFROZEN,
    "unfreeze maybe sent": UNFROZEN,
    "restoration at step 1": TIMED_OUT_AND_UNSEEN,
    "restoration to be rejected": DECIDED_AND_UNSEEN,
    "restoration at step 2": CREATED,
    # Approved.
    "approved": DELETED,
    "approved, in its time to stop": DELETED,
    "approved, to be stopped": STOPPED,
    # Its freeze was never sent, and ends without a date: the deletion comes first.
    "approved, freeze asked for": Ends(
        deletes=1, day=None, gone=1, outcomes=_said("deleted", "notdone"), said=1
    ),
    "frozen and approved": DELETED,
    "sending, executed": GONE_BEFORE,
    "sending, not executed": DELETED,
    "unknown, executed": GONE_BEFORE,
    "unknown, not executed": DELETED,
    "unknown, never shown": Ends(day=None, gone=1, outcomes=_said("unknown"), said=1),
    "waiting again after no answer": DELETED,
    "deleted, not confirmed": DELETED_BEFORE,
    "large and half deleted": Ends(deletes=10, day=None, gone=21, outcomes=_said("deleted"), said=1),
    "large, to be stopped": Ends(gone=10, outcomes=_said("notsent"), said=1),
    "restoration approved": CREATED,
    "creating, executed": CREATED_BEFORE,
    "creating, not executed": Ends(day=None, gone=1, outcomes=_said("unclear"), said=1),
    "creation unclear": CREATED_BEFORE,
    "created, not confirmed": CREATED_BEFORE,
    # Over, and not told.
    "deleted, not told": Ends(day=None, gone=1, said=1),
    "rejected, not told": DECIDED,
}
_NO_FREEZE = [name for name, ends in ENDS.items() if not ends.outcomes & {"frozen", "unfrozen"}]
# Its coupons are those of the restorations.
_SHARED = "deleted together"


@pytest.fixture(scope="module", params=KINDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What came of the fixture in one kind of database."""
    return asyncio.run(run_over(request.param, tmp_path_factory.mktemp("kept")))


def test_the_audit_is_whole(run: Run) -> None:
    """The chain of the audit is unbroken after the migrations, and after what was added to it."""
    assert run.faults == (None, None)


def test_every_request_is_looked_at(run: Run) -> None:
    """No request of the fixture is without its end here."""
    assert {*ENDS, _SHARED} == set(run.ends) == set(stored("requests.json"))


@pytest.mark.parametrize("name", ENDS)
def test_a_request_ends_rightly(run: Run, name: str) -> None:
    """Each request comes to its one end: what is sent, what becomes of the coupons, and who hears of it."""
    ends = run.ends[name]
    sent = [kind for calls in ends.calls.values() for kind in calls]
    assert ends.over
    assert (
        Ends(
            deletes=sent.count("delete"),
            creates=sent.count("create"),
            day=max(ends.last_days.values(), default=None),
            gone=len(ends.calls) - len(ends.last_days),
            outcomes=ends.outcomes,
            told=ends.told,
            said=ends.said,
        )
        == ENDS[name]
    )
    assert len(set(ends.last_days.values())) <= 1


@pytest.mark.parametrize("name", _NO_FREEZE)
def test_no_date_is_changed_without_a_freeze(run: Run, name: str) -> None:
    """A coupon that nobody asks to freeze keeps its dates."""
    assert "update" not in [kind for calls in run.ends[name].calls.values() for kind in calls]


@pytest.mark.parametrize("name", [*ENDS, _SHARED])
def test_nothing_is_sent_before_a_read(run: Run, name: str) -> None:
    """A coupon is read before everything that changes it, also if that was sent by 75994b6 already."""
    for calls in run.ends[name].calls.values():
        for before, call in pairwise(["nothing", *calls]):
            assert call not in _CHANGES or before == "read", calls


@pytest.mark.parametrize("click", stored("clicks.json"), ids=lambda click: str(click["name"]))
def test_a_click_is_understood(run: Run, click: dict[str, Any]) -> None:
    """A click on a card or in a dialog of 75994b6 has its effect, or is refused for its reason."""
    expected, heard = click["expect"], run.heard[click["name"]]
    assert heard.status == 200
    assert list(heard.opened) == ([expected["opens"]] if "opens" in expected else [])
    assert expected.get("shows", "") in heard.answer
    if "event" not in expected:
        # That a form was opened was not recorded then.
        assert not [data for *_, data in heard.events if data.get("answer") != "form"]
        return
    kind, request, actor, data = heard.events[0]
    assert (kind, actor) == (expected["event"], click["payload"]["user"]["id"])
    assert click["request"] in (None, request)
    for name in ("action", "verdict", "codes"):
        assert data.get(name) == expected.get(name)


def test_what_was_filled_in_is_asked_for(run: Run) -> None:
    """The form that was open at the upgrade leads to a card about its codes."""
    (form,) = [click for click in stored("clicks.json") if click["name"] == "the form"]
    assert [card for card in run.cards if form["expect"]["codes"][0] in card]


def test_homes_and_notices_are_carried_on(run: Run) -> None:
    """A Home that was due is drawn, also of who opens it now; who waits for a private word hears it."""
    assert {"U0AMIR0000", "U0BEA00000", "U0CARL0000"} <= run.homes
    # One was stored, the other is about a click of clicks.json.
    assert [person for person, _ in run.told].count("U0GUEST000") == 2
