"""Guards of what was asked in private channels, and of what is not known yet."""

from __future__ import annotations

from tests.guards.guard import Guard

_POLICY, _SUBMIT = "bot/domain/policy.py", "bot/services/asked/command.py"
_CHANNELS, _DIRECTORY = "bot/adapters/slack/channels.py", "bot/adapters/slack/directory.py"
_DRAFT = "bot/services/requests/draft.py"
_PRIVACY = "tests/integration/services/test_privacy.py"
_BY_CHANNELS = ("tests/integration/slack/test_channels.py",)
_BY_DIRECTORY = "tests/integration/slack/test_directory.py::TestDirectory"
_SERVICES = "tests/integration/services/test_services.py"

_TOLD = (
    Guard(
        name="private channels stay private",
        keeps="-",
        promise="What was asked in a channel is told to those who can read it, and to approvers.",
        file=_POLICY,
        text="    return Sight(standing.person.id, frozenset(open_to))",
        without="    return Sight(standing.person.id, None)",
        tests=(f"{_PRIVACY}::test_someone_else_is_told_nothing",),
    ),
    Guard(
        name="approvers are told of all",
        keeps="-",
        promise="Approvers are told what was asked anywhere.",
        file=_POLICY,
        text="        return Sight(standing.person.id, None)\n",
        without="        pass\n",
        tests=(f"{_PRIVACY}::test_members_and_approvers_are_told",),
    ),
    Guard(
        name="a private list",
        keeps="-",
        promise="The list has no request that someone may not be told of.",
        file=_SUBMIT,
        text="self._store.open_requests(_LISTED + 1, seen)",
        without="self._store.open_requests(_LISTED + 1)",
        tests=(f"{_PRIVACY}::test_someone_else_is_told_nothing",),
    ),
    Guard(
        name="a private history",
        keeps="-",
        promise="What happened to a code is shown as far as someone may be told.",
        file=_SUBMIT,
        text="self._store.history(show.code, _REMEMBERED + 1, seen)",
        without="self._store.history(show.code, _REMEMBERED + 1)",
        tests=(f"{_PRIVACY}::test_someone_else_is_told_nothing",),
    ),
    Guard(
        name="a private holder",
        keeps="-",
        promise="Of a code that is taken, who holds it is told to those who may be told.",
        file=_SUBMIT,
        text="told=seen.covers(origin.channel, origin.requester.id)",
        without="told=True",
        tests=(f"{_PRIVACY}::test_someone_else_is_told_nothing",),
    ),
    Guard(
        name="a private holder in the form",
        keeps="-",
        promise="The form names a request only to those who may be told of it.",
        file="bot/services/asked/form.py",
        text=" if sight.covers(holder.channel, holder.requester) else None",
        without="",
        tests=(f"{_PRIVACY}::test_the_form_names_no_hidden_request",),
    ),
    Guard(
        name="a card keeps it private",
        keeps="-",
        promise="A card that restores a coupon names no deletion that not everyone there may be told of.",
        file=_DRAFT,
        text="hidden=not everyone.covers(origin.channel, origin.requester.id)",
        without="hidden=False",
        tests=(f"{_PRIVACY}::test_a_card_names_no_hidden_deletion",),
    ),
    Guard(
        name="a failure keeps it private",
        keeps="-",
        promise="Why nothing can be restored names no deletion that the requester may not be told of.",
        file=_DRAFT,
        text=" if seen.covers(origin.channel, origin.requester.id) else why",
        without="",
        tests=(f"{_PRIVACY}::test_a_failure_names_no_hidden_deletion",),
    ),
    Guard(
        name="unless Slack says public",
        keeps="-",
        promise="A channel of which Slack does not say that it is public is private.",
        file=_CHANNELS,
        text='info.get("is_private") is False',
        without='not info.get("is_private")',
        tests=_BY_CHANNELS,
    ),
    Guard(
        name="no answer is private",
        keeps="-",
        promise="Of a channel about which Slack gives no answer nothing is told.",
        file=_CHANNELS,
        text="    except SlackUnavailable:\n        return False",
        without="    except SlackUnavailable:\n        return True",
        tests=_BY_CHANNELS,
    ),
    Guard(
        name="a refusal is private",
        keeps="-",
        promise="Of a channel that the bot may not see nothing is told.",
        file=_CHANNELS,
        text="                return _NOBODY\n",
        without="                return None\n",
        tests=_BY_CHANNELS,
    ),
    Guard(
        name="channels in time",
        keeps="-",
        promise="A command does not wait longer for Slack than it has.",
        file=_CHANNELS,
        text="timeout=self._patience)",
        without="timeout=None)",
        tests=_BY_CHANNELS,
    ),
)

_KNOWN = (
    Guard(
        name="not known yet is not no",
        keeps="I4",
        promise="As long as it is not known who the approvers are, nobody is told that there are too few.",
        file=_SUBMIT,
        text="return TooFew(purpose) if everyone_known else OneMoment()",
        without="return TooFew(purpose)",
        tests=(f"{_SERVICES}::test_approvers_who_are_not_known_yet_are_no_reason_to_refuse",),
    ),
    Guard(
        name="who is not known is asked for",
        keeps="I4",
        promise="Before someone is told to wait, Slack is asked about those who are not known yet.",
        file=_SUBMIT,
        text="everyone_known = await self._people.learn(enough)",
        without="everyone_known = False",
        tests=(f"{_SERVICES}::test_approvers_who_are_not_known_yet_are_asked_for",),
    ),
    Guard(
        name="each of a refresh by itself",
        keeps="I1",
        promise="One person whom Slack can't be asked about keeps nobody else's memory old.",
        file=_DIRECTORY,
        text="                failed.append(error)\n",
        without="                raise error\n",
        tests=(f"{_BY_DIRECTORY}::test_each_question_of_a_refresh_stands_on_its_own",),
    ),
    Guard(
        name="a rate limit ends a refresh",
        keeps="-",
        promise="Once Slack says that these are too many calls, a refresh makes no more.",
        file=_DIRECTORY,
        text="            if _is_limited(failed):\n                return\n",
        without="",
        tests=(f"{_BY_DIRECTORY}::test_a_rate_limit_ends_a_refresh",),
    ),
    Guard(
        name="everybody gets a turn",
        keeps="I1",
        promise="People who always fail do not keep others from being asked for.",
        file=_DIRECTORY,
        text="key=lambda user: (self._people.last_put(user), user)",
        without="key=lambda user: (user in self._known(), user)",
        tests=(f"{_BY_DIRECTORY}::test_those_who_always_fail_take_nobodys_turn",),
    ),
    Guard(
        name="old memory ends",
        keeps="I1",
        promise="What Slack could not be asked about for ten minutes is not known any more.",
        file="bot/adapters/slack/shared.py",
        text="            if abs(now - question.at) <= within\n",
        without="",
        tests=(f"{_BY_DIRECTORY}::test_what_can_not_be_asked_for_is_known_for_ten_minutes",),
    ),
    Guard(
        name="newer answers stay",
        keeps="I1",
        promise="An answer that comes late never takes the place of a newer one.",
        file="bot/adapters/slack/shared.py",
        text="if known is None or known[0].turn < question.turn:",
        without="if True:",
        tests=(f"{_BY_DIRECTORY}::test_an_older_answer_never_overwrites_a_newer_one",),
    ),
)

GUARDS = (*_TOLD, *_KNOWN)
