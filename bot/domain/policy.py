"""Who may do what. Every function is pure and gives a verdict: allowed, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.people import Grants, Kind, Person, Standing
from bot.domain.rate import Plan
from bot.domain.request.freeze import can_freeze, can_unfreeze
from bot.domain.request.request import (
    Approved,
    Decision,
    Pending,
    Purpose,
    Request,
    Shown,
    ShownAtEnd,
    Step,
    Submitted,
    can_be_stopped,
)


class RequesterMayApprove(StrEnum):
    """Whether the requester may give an approval of their own request."""

    FIRST = "first"  # step 1 only
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules in force, from the settings. None for requesters or channels: no restriction.

    freeze: whether approvers may freeze coupons. restore: whether what deleted coupons held is kept, so that
    they can be created again. stop_window: for how long nothing is deleted after the final approval, so that
    it can be stopped. confirm_by_typing: whether the final approver of a deletion has to type what
    `confirmation` says. plan: the calls that Vivoldi allows. max_codes: of one request.
    """

    approvers: Grants
    final_approvers: Grants
    requesters: Grants | None = None
    channels: frozenset[str] | None = None
    requester_may_approve: RequesterMayApprove = RequesterMayApprove.FIRST
    approve_within: timedelta = timedelta(seconds=1800)
    execute_within: timedelta = timedelta(seconds=600)
    remind_after: timedelta = timedelta(seconds=300)
    reason_required: bool = False
    freeze: bool = True
    stop_window: timedelta = timedelta()
    confirm_by_typing: bool = False
    restore: bool = False
    plan: Plan = field(default_factory=Plan)
    max_codes: int = 1000

    def grants(self, step: Step) -> Grants:
        """Return who may give a step."""
        return self.approvers if step is Step.REVIEW else self.final_approvers

    def in_force(self) -> dict[str, object]:
        """Return the rules about approvals as plain values, for the audit: ids, groups first."""
        return {
            "approvers": _ids(self.approvers),
            "final_approvers": _ids(self.final_approvers),
            "requester_may_approve": self.requester_may_approve.value,
            "stop_window_seconds": int(self.stop_window.total_seconds()),
            "confirm_by_typing": self.confirm_by_typing,
        }


def _ids(granted: Grants) -> list[str]:
    return sorted(granted.groups) + sorted(granted.users)


class Verdict(StrEnum):
    """Allowed, or the reason why not."""

    ALLOWED = "allowed"
    BOT = "bot"
    GUEST = "guest"
    DEACTIVATED = "deactivated"
    STRANGER = "stranger"
    UNKNOWN_PERSON = "unknown_person"
    NOT_A_REQUESTER = "not_a_requester"
    CHANNEL_NOT_ALLOWED = "channel_not_allowed"
    DIRECT_MESSAGE = "direct_message"
    NOT_AN_APPROVER = "not_an_approver"
    NOT_A_FINAL_APPROVER = "not_a_final_approver"
    IS_REQUESTER = "is_requester"  # step 2 is never the requester's (nor step 1, by the setting `never`)
    SAME_PERSON = "same_person"  # gave step 1, so someone else gives step 2
    NOT_THE_REQUESTER = "not_the_requester"
    TOO_LATE = "too_late"
    STALE_CARD = "stale_card"  # the click came from an older version of the card
    ALREADY_ENDED = "already_ended"  # decided, or not open any more
    NO_SUCH_REQUEST = "no_such_request"
    NOT_BOUND = "not_bound"  # an approval is not for what is stored
    OTHER_SERVER = "other_server"  # an approval was stored on another server of the database
    FREEZE_OFF = "freeze_off"
    NOT_FREEZABLE = "not_freezable"  # no coupon of the request allows it, or it was asked for already
    NOT_FROZEN = "not_frozen"  # nothing is left to be undone
    RESTORE_OFF = "restore_off"
    ONLY_A_FREEZE = "only_a_freeze"  # a deletion was not asked for, so it can't be approved
    NOT_TYPED = "not_typed"  # the final approval has to be confirmed by typing
    WRONG_TEXT = "wrong_text"  # something else was typed
    MAY_NOT_STOP = "may_not_stop"
    NOT_APPROVED = "not_approved"  # there is nothing to stop yet
    NOTHING_TO_STOP = "nothing_to_stop"  # all was sent, or it was stopped already


_BY_KIND = {
    Kind.MEMBER: Verdict.ALLOWED,
    Kind.BOT: Verdict.BOT,
    Kind.GUEST: Verdict.GUEST,
    Kind.DEACTIVATED: Verdict.DEACTIVATED,
    Kind.STRANGER: Verdict.STRANGER,
}


def may_act(standing: Standing) -> Verdict:
    """Only full members of the workspace act: no bot, guest, deactivated person or stranger."""
    return _BY_KIND.get(standing.kind, Verdict.UNKNOWN_PERSON)


def may_request(policy: Policy, standing: Standing, channel: str) -> Verdict:
    """Tell whether someone may ask for a deletion in a channel."""
    if (verdict := may_act(standing)) is not Verdict.ALLOWED:
        return verdict
    if channel.startswith("D"):
        return Verdict.DIRECT_MESSAGE
    if policy.channels is not None and channel not in policy.channels:
        return Verdict.CHANNEL_NOT_ALLOWED
    if policy.requesters is not None and not standing.granted(policy.requesters):
        return Verdict.NOT_A_REQUESTER
    return Verdict.ALLOWED


def may_look(policy: Policy, standing: Standing, channel: str) -> Verdict:
    """Tell whether someone may see what happened to a code: who may ask there, and any approver."""
    if may_act(standing) is Verdict.ALLOWED and standing.granted(policy.approvers | policy.final_approvers):
        return Verdict.ALLOWED
    return may_request(policy, standing, channel)


@dataclass(frozen=True)
class Sight:
    """Which requests someone may be told of.

    person: what they asked for themselves; None: not even that. channels: what was asked in these; None: what
    was asked anywhere.
    """

    person: str | None
    channels: frozenset[str] | None = frozenset()

    def covers(self, channel: str, requester: str) -> bool:
        """Tell whether what someone asked in a channel is within it."""
        return requester == self.person or self.channels is None or channel in self.channels


def sight(policy: Policy, standing: Standing, open_to: Iterable[str] = ()) -> Sight:
    """Return which requests someone may be told of: the one rule about private channels.

    open_to: the channels that they can read, such as the one in which they ask. A channel of which that is
    not known does not belong there: it counts as private. Approvers are told of all, since they are asked to
    decide about it anyway.
    """
    if may_act(standing) is not Verdict.ALLOWED:
        return Sight(None)
    if standing.granted(policy.approvers | policy.final_approvers):
        return Sight(standing.person.id, None)
    return Sight(standing.person.id, frozenset(open_to))


def sight_of_everyone_in(channel: str, public: Iterable[str]) -> Sight:
    """Return which requests everyone who reads a channel may be told of.

    public: channels that everyone in the workspace can read.
    """
    return Sight(None, frozenset({channel, *public}))


def eligible(policy: Policy, standing: Standing, step: Step, requester: str) -> Verdict:
    """Tell whether someone counts for a step of a request, no matter who gives the other one."""
    if (verdict := may_act(standing)) is not Verdict.ALLOWED:
        return verdict
    if not standing.granted(policy.grants(step)):
        return Verdict.NOT_AN_APPROVER if step is Step.REVIEW else Verdict.NOT_A_FINAL_APPROVER
    never = step is Step.FINAL or policy.requester_may_approve is RequesterMayApprove.NEVER
    return Verdict.IS_REQUESTER if never and standing.person.id == requester else Verdict.ALLOWED


def may_approve(policy: Policy, standing: Standing, request: Pending, now: datetime) -> Verdict:
    """Tell whether someone may give the step that the request waits for (I1)."""
    if request.origin.purpose is Purpose.FREEZE:
        return Verdict.ONLY_A_FREEZE
    verdict = eligible(policy, standing, request.step, request.origin.requester.id)
    if verdict is not Verdict.ALLOWED:
        return verdict
    if request.review is not None and request.review.actor.id == standing.person.id:
        return Verdict.SAME_PERSON
    if now >= request.approve_by:
        return Verdict.TOO_LATE
    if request.review is not None and request.review.digest != request.digest:
        return Verdict.NOT_BOUND
    return Verdict.ALLOWED


def may_reject(policy: Policy, standing: Standing, request: Pending, now: datetime) -> Verdict:
    """Any eligible approver of either step may reject."""
    if (verdict := _of_either_step(policy, standing)) is not Verdict.ALLOWED:
        return verdict
    return Verdict.TOO_LATE if now >= request.approve_by else Verdict.ALLOWED


def _of_either_step(policy: Policy, standing: Standing) -> Verdict:
    if (verdict := may_act(standing)) is not Verdict.ALLOWED:
        return verdict
    approver = standing.granted(policy.approvers | policy.final_approvers)
    return Verdict.ALLOWED if approver else Verdict.NOT_AN_APPROVER


def may_freeze(policy: Policy, standing: Standing, request: Pending, now: datetime) -> Verdict:
    """Any eligible approver of either step may freeze, the requester included: it can be undone."""
    if not policy.freeze:
        return Verdict.FREEZE_OFF
    if (verdict := may_reject(policy, standing, request, now)) is not Verdict.ALLOWED:
        return verdict
    return Verdict.ALLOWED if can_freeze(request) else Verdict.NOT_FREEZABLE


def may_unfreeze(policy: Policy, standing: Standing, request: ShownAtEnd) -> Verdict:
    """Any eligible approver of either step may undo a freeze, also if no new one is allowed any more."""
    if (verdict := _of_either_step(policy, standing)) is not Verdict.ALLOWED:
        return verdict
    return Verdict.ALLOWED if can_unfreeze(request) else Verdict.NOT_FROZEN


def may_cancel(standing: Standing, request: Pending, now: datetime) -> Verdict:
    """Only the requester may cancel."""
    if standing.person.id != request.origin.requester.id:
        return Verdict.NOT_THE_REQUESTER
    return Verdict.TOO_LATE if now >= request.approve_by else Verdict.ALLOWED


def may_stop(policy: Policy, standing: Standing, request: Request | None) -> Verdict:
    """Any eligible approver of either step, or the requester, may stop what was not sent yet.

    It is safe, so it counts from any version of the card.
    """
    if (verdict := may_act(standing)) is not Verdict.ALLOWED:
        return verdict
    match request:
        case None:
            return Verdict.NO_SUCH_REQUEST
        case Submitted() | Pending():
            return Verdict.NOT_APPROVED
        case Approved():
            asked = standing.person.id == request.origin.requester.id
            if not asked and not standing.granted(policy.approvers | policy.final_approvers):
                return Verdict.MAY_NOT_STOP
            return Verdict.ALLOWED if can_be_stopped(request) else Verdict.NOTHING_TO_STOP
        case _:
            return Verdict.ALREADY_ENDED


def confirmation(request: Pending) -> str:
    """Return what is typed to confirm the final approval: the end of the code, or how many there are."""
    return request.items[0].code[-4:] if len(request.items) == 1 else str(len(request.items))


def is_confirmed(policy: Policy, request: Pending, typed: str | None) -> Verdict:
    """Tell whether an approval that is allowed is also confirmed. typed: what was typed; None: nothing was.

    Capitals, spaces around it, and the comma of `1,000` as the card writes it make no difference: nobody is
    to fight a phone's keyboard at night.
    """
    if request.step is Step.REVIEW or request.origin.purpose is not Purpose.DELETE:
        return Verdict.ALLOWED
    if typed is None:
        return Verdict.NOT_TYPED if policy.confirm_by_typing else Verdict.ALLOWED
    same = typed.strip().replace(",", "").upper() == confirmation(request).upper()
    return Verdict.ALLOWED if same else Verdict.WRONG_TEXT


def current(request: Request | None, version: int) -> Verdict:
    """Tell whether a click on version `version` of a card is about the request as it stands now (I6)."""
    if request is None:
        return Verdict.NO_SUCH_REQUEST
    if not isinstance(request, Pending):
        return Verdict.ALREADY_ENDED
    return _same(request, version)


def current_at_end(request: Request | None, version: int) -> Verdict:
    """Tell whether a click on version `version` of a card is about an ended request as it is now (I6)."""
    if request is None:
        return Verdict.NO_SUCH_REQUEST
    return _same(request, version) if isinstance(request, ShownAtEnd) else Verdict.STALE_CARD


def _same(request: Shown, version: int) -> Verdict:
    return Verdict.ALLOWED if version == request.version else Verdict.STALE_CARD


@dataclass(frozen=True)
class ApproverLost:
    """An approval that no longer counts, and why."""

    actor: Person
    verdict: Verdict


def still_approved(
    policy: Policy, request: Approved, standings: Iterable[Standing], server: str | None
) -> ApproverLost | None:
    """Return the first approval that does not count when the deletion is to be sent; None: both do (I1).

    standings: the two approvers as Slack knows them now. server: which server of the database stores that it
    is sent; None: it does not tell.
    """
    now = {standing.person.id: standing for standing in standings}
    requester = request.origin.requester.id
    for decision in (request.review, request.final):
        standing = now.get(decision.actor.id, Standing(decision.actor, Kind.UNKNOWN))
        verdict = eligible(policy, standing, decision.step, requester)
        if verdict is Verdict.ALLOWED:
            verdict = _bound(request, decision, server)
        if verdict is not Verdict.ALLOWED:
            return ApproverLost(decision.actor, verdict)
    if request.review.actor.id == request.final.actor.id:
        return ApproverLost(request.final.actor, Verdict.SAME_PERSON)
    return None


def _bound(request: Approved, decision: Decision, server: str | None) -> Verdict:
    if decision.digest != request.digest:
        return Verdict.NOT_BOUND
    # What another server had committed, such as that a DELETE was sent, may be lost (I3).
    if decision.server is not None and decision.server != server:
        return Verdict.OTHER_SERVER
    return Verdict.ALLOWED if decision.at < request.approve_by else Verdict.TOO_LATE


def anyone_may_freeze(policy: Policy, people: Iterable[Standing]) -> bool:
    """Tell whether there is someone among `people` who may freeze."""
    return any(_of_either_step(policy, standing) is Verdict.ALLOWED for standing in people)


def can_complete(policy: Policy, requester: str, people: Iterable[Standing]) -> bool:
    """Tell whether two different people among `people` can give the two steps of a request.

    No more of them are looked at than it takes, which is two if all may give both steps.
    """
    first, final = set[str](), set[str]()
    for standing in people:
        for step, able in ((Step.REVIEW, first), (Step.FINAL, final)):
            if eligible(policy, standing, step, requester) is Verdict.ALLOWED:
                able.add(standing.person.id)
        # Two are enough if either step has one: someone gives it, and somebody else can give the other.
        if first and final and len(first | final) > 1:
            return True
    return False
