"""Guards of the command: who may ask for a deletion, and where."""

from __future__ import annotations

from tests.guards.guard import Guard

_POLICY = "bot/domain/policy.py"
_SUBMIT = "bot/services/asked/command.py"
_BY_POLICY = ("tests/unit/domain/test_policy.py",)

GUARDS = (
    Guard(
        name="commands by the policy",
        keeps="I1",
        promise="A request is opened only where the policy allows it.",
        file=_SUBMIT,
        text="(verdict := may_request(self._policy, standing, command.channel)) is not Verdict.ALLOWED",
        without="(verdict := Verdict.ALLOWED) is not Verdict.ALLOWED",
        tests=(
            "tests/integration/services/test_services.py::test_a_command_that_opens_nothing_is_answered_at_once",
        ),
    ),
    Guard(
        name="history by the policy",
        keeps="I8",
        promise="What happened to a code is shown to who may ask or approve.",
        file=_SUBMIT,
        text="(verdict := may_look(self._policy, standing, command.channel)) is not Verdict.ALLOWED",
        without="(verdict := Verdict.ALLOWED) is not Verdict.ALLOWED",
        tests=("tests/integration/services/test_show.py::test_only_who_may_ask_or_approve_may_look",),
    ),
    Guard(
        name="too few people",
        keeps="I1",
        promise="A request that nobody could complete is not opened.",
        file=_SUBMIT,
        text="return can_complete(self._policy, standing.person.id, everyone)",
        without="return True",
        tests=(
            "tests/integration/services/test_services.py::test_a_request_that_nobody_could_complete_is_refused",
        ),
    ),
    Guard(
        name="command from this workspace",
        keeps="I1",
        promise="A command from another workspace is refused.",
        file=_SUBMIT,
        text="return standing.coming_from(command.team, self._team)",
        without="return standing",
        tests=(
            "tests/integration/services/test_services.py::test_a_command_from_another_workspace_is_refused",
        ),
    ),
    Guard(
        name="no direct message",
        keeps="I1",
        promise="A request is made where others see it.",
        file=_POLICY,
        text='if channel.startswith("D"):',
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="allowed channels",
        keeps="I1",
        promise="Where CHANNELS is set, requests come from nowhere else.",
        file=_POLICY,
        text="if policy.channels is not None and channel not in policy.channels:",
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="allowed requesters",
        keeps="I1",
        promise="Where REQUESTERS is set, nobody else asks.",
        file=_POLICY,
        text="if policy.requesters is not None and not standing.granted(policy.requesters):",
        without="if False:",
        tests=_BY_POLICY,
    ),
    Guard(
        name="two who can complete it",
        keeps="I1",
        promise="A request that two different people can't complete is refused at once.",
        file=_POLICY,
        text="if first and final and len(first | final) > 1:",
        without="if first and final:",
        tests=_BY_POLICY,
    ),
)
