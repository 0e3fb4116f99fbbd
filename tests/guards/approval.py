"""Guards of the approvals: who may click and count, and what an approval is for."""

from __future__ import annotations

from tests.guards.guard import Guard

_POLICY = "bot/domain/policy.py"
_REQUEST = "bot/domain/request/request.py"
_COUPON = "bot/domain/coupon.py"
_DECIDE = "bot/services/asked/click.py"
_BY_POLICY = ("tests/unit/domain/test_policy.py",)
_WHEN_SENT = ("tests/unit/domain/test_still_approved.py",)

_CLICKED = (
    Guard(
        name="another person for step 2",
        keeps="I1",
        promise="The person who gave step 1 can't give step 2.",
        file=_POLICY,
        text="if request.review is not None and request.review.actor.id == standing.person.id:",
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="requester not in step 2",
        keeps="I1",
        promise="The requester never gives step 2.",
        file=_POLICY,
        text="never = step is Step.FINAL or ",
        without="never = ",
        tests=_BY_POLICY,
    ),
    Guard(
        name="requester not at all",
        keeps="I1",
        promise="With REQUESTER_MAY_APPROVE=never the requester gives no step.",
        file=_POLICY,
        text="step is Step.FINAL or policy.requester_may_approve is RequesterMayApprove.NEVER",
        without="step is Step.FINAL",
        tests=_BY_POLICY,
    ),
    Guard(
        name="full members only",
        keeps="I1",
        promise="No bot, guest, deactivated person or stranger requests or approves.",
        file=_POLICY,
        text="return _BY_KIND.get(standing.kind, Verdict.UNKNOWN_PERSON)",
        without="return Verdict.ALLOWED",
        tests=_BY_POLICY,
    ),
    Guard(
        name="unknown people count not",
        keeps="I1",
        promise="Someone whom Slack could not be asked about does not act.",
        file=_POLICY,
        text="_BY_KIND.get(standing.kind, Verdict.UNKNOWN_PERSON)",
        without="_BY_KIND.get(standing.kind, Verdict.ALLOWED)",
        tests=_BY_POLICY,
    ),
    Guard(
        name="approvers only",
        keeps="I1",
        promise="Only who is named for a step gives it.",
        file=_POLICY,
        text="if not standing.granted(policy.grants(step)):",
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="final approvers of their own",
        keeps="I1",
        promise="Only FINAL_APPROVERS give step 2.",
        file=_POLICY,
        text="return self.approvers if step is Step.REVIEW else self.final_approvers",
        without="return self.approvers | self.final_approvers",
        tests=_BY_POLICY,
    ),
    Guard(
        name="approve-by at the click",
        keeps="I1",
        promise="An approval that comes at approve-by is none.",
        file=_POLICY,
        text="    if now >= request.approve_by:",
        without="    if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="same digest for step 2",
        keeps="I1",
        promise="Step 2 is for what step 1 was shown.",
        file=_POLICY,
        text="request.review is not None and request.review.digest != request.digest",
        without="False",
        tests=_BY_POLICY,
    ),
    Guard(
        name="approvers reject",
        keeps="I1",
        promise="Only approvers reject.",
        file=_POLICY,
        text="approver = standing.granted(policy.approvers | policy.final_approvers)",
        without="approver = True",
        tests=_BY_POLICY,
    ),
    Guard(
        name="requester cancels",
        keeps="I1",
        promise="Only the requester cancels.",
        file=_POLICY,
        text="if standing.person.id != request.origin.requester.id:",
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="card version",
        keeps="I6",
        promise="A click on an old version of the card has no effect.",
        file=_POLICY,
        text="return Verdict.ALLOWED if version == request.version else Verdict.STALE_CARD",
        without="return Verdict.ALLOWED",
        tests=(
            *_BY_POLICY,
            "tests/integration/services/test_invariants_kept.py::test_i6_a_replayed_click_has_no_effect",
        ),
    ),
    Guard(
        name="click from this workspace",
        keeps="I1",
        promise="A click from another workspace is a stranger's, no matter whose id it is here.",
        file=_DECIDE,
        text="return standing.coming_from(click.team, self._team)",
        without="return standing",
        tests=(
            "tests/integration/services/test_click.py::test_an_approver_of_another_workspace_is_a_stranger",
        ),
    ),
)

_AT_THE_CLICK = (
    Guard(
        name="every click by a member",
        keeps="I1",
        promise="Who is no full member can't even cancel what they asked for.",
        file=_DECIDE,
        text="if (verdict := may_act(standing)) is not Verdict.ALLOWED:",
        without="if (verdict := Verdict.ALLOWED) is not Verdict.ALLOWED:",
        tests=("tests/integration/services/test_click.py::test_who_may_not_end_a_request_does_not",),
    ),
    Guard(
        name="clicks decided by the policy",
        keeps="I1",
        promise="An approval counts only where the policy allows it.",
        file=_DECIDE,
        text="verdict = may_approve(self._policy, standing, request, now)",
        without="verdict = Verdict.ALLOWED",
        tests=("tests/integration/services/test_click.py::test_silence_ends_the_request",),
    ),
    Guard(
        name="rejections by the policy",
        keeps="I1",
        promise="A rejection counts only where the policy allows it.",
        file=_DECIDE,
        text="return may_reject(self._policy, standing, request, now)",
        without="return Verdict.ALLOWED",
        tests=("tests/integration/services/test_click.py::test_who_may_not_end_a_request_does_not",),
    ),
    Guard(
        name="cancellations by the policy",
        keeps="I1",
        promise="A cancellation counts only where the policy allows it.",
        file=_DECIDE,
        text="return may_cancel(standing, request, now)",
        without="return Verdict.ALLOWED",
        tests=("tests/integration/services/test_click.py::test_who_may_not_end_a_request_does_not",),
    ),
)

_BOUND = (
    Guard(
        name="eligible when sent",
        keeps="I1",
        promise="Both approvers are eligible when the deletion is sent.",
        file=_POLICY,
        text="verdict = eligible(policy, standing, decision.step, requester)",
        without="verdict = Verdict.ALLOWED",
        tests=_WHEN_SENT,
    ),
    Guard(
        name="absent approvers count not",
        keeps="I1",
        promise="An approver whom Slack was not asked about does not count when it is sent.",
        file=_POLICY,
        text="Standing(decision.actor, Kind.UNKNOWN))",
        without="Standing(decision.actor, Kind.MEMBER, policy.grants(decision.step).groups))",
        tests=_WHEN_SENT,
    ),
    Guard(
        name="digest when sent",
        keeps="I1",
        promise="What is sent is what both approvals are bound to.",
        file=_POLICY,
        text="if decision.digest != request.digest:",
        without="if False:",
        tests=_WHEN_SENT,
    ),
    Guard(
        name="approve-by when sent",
        keeps="I1",
        promise="An approval that was stored too late does not count when it is sent.",
        file=_POLICY,
        text="return Verdict.ALLOWED if decision.at < request.approve_by else Verdict.TOO_LATE",
        without="return Verdict.ALLOWED",
        tests=_WHEN_SENT,
    ),
    Guard(
        name="two people when sent",
        keeps="I1",
        promise="Two approvals by one person send nothing, however they got stored.",
        file=_POLICY,
        text="if request.review.actor.id == request.final.actor.id:",
        without="if False:",
        tests=_WHEN_SENT,
    ),
    Guard(
        name="digest of every coupon",
        keeps="I1",
        promise="Approvals are bound to every coupon of the request.",
        file=_REQUEST,
        text="combined_digest(item.digest for item in items)",
        without="combined_digest(item.digest for item in items[:1])",
        tests=("tests/unit/domain/test_request.py",),
    ),
    Guard(
        name="digest of the facts",
        keeps="I1",
        promise="Approvals are bound to the facts that were shown, not to the code alone.",
        file=_COUPON,
        text=', "shown": shown}',
        without="}",
        tests=("tests/unit/domain/test_coupon.py",),
    ),
)

GUARDS = (*_CLICKED, *_AT_THE_CLICK, *_BOUND)
