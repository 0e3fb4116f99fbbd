"""Guards of requests of many codes: their pace, the calls that all share, and the files that come and go."""

from __future__ import annotations

from tests.guards.guard import Guard

_CALLS = "tests/unit/test_calls.py"
_MANY = "tests/integration/test_many.py"
_FORM = "tests/integration/test_form.py"
_FILES = "tests/integration/test_slack_adapter.py"
_RATE = "tests/integration/test_store_rate.py"

GUARDS = (
    Guard(
        name="a slot counts to its end",
        keeps="I3",
        promise="A call counts until it has left the minute or hour for certain, however late it was made.",
        file="bot/domain/calls.py",
        text="    return (slot + 1) * window.slot + window.span + HELD_FOR\n",
        without="    return slot * window.slot + window.span\n",
        tests=(f"{_CALLS}::test_no_minute_and_no_hour_has_more_calls_than_allowed",),
    ),
    Guard(
        name="calls under a lock",
        keeps="I3",
        promise="Two replicas that ask at once are not given the same calls.",
        file="bot/adapters/store/rate.py",
        text="_locked = _read.with_for_update()",
        without="_locked = _read",
        tests=(f"{_RATE}::test_two_replicas_take_no_more_than_the_plan",),
    ),
    Guard(
        name="calls left to others",
        keeps="I5",
        promise="Requests of many codes don't use up the calls of a minute or an hour.",
        file="bot/services/many.py",
        text="elif self._taken >= _AT_ONCE or not await self._store.has_room(self._plan):",
        without="elif self._taken >= _AT_ONCE:",
        tests=(f"{_MANY}::test_where_no_calls_are_left_many_codes_wait_and_a_small_request_does_not",),
    ),
    Guard(
        name="small requests first",
        keeps="I5",
        promise="What is overdue of many codes does not hold up a small request.",
        file="bot/adapters/store/claims.py",
        text="(items.c.position >= MANY, table.c.due_at) if table is items else (table.c.due_at,)",
        without="(table.c.due_at,)",
        tests=(f"{_MANY}::test_a_small_request_comes_before_what_is_overdue",),
    ),
    Guard(
        name="items are paced",
        keeps="I5",
        promise="Many codes are due one after the other, and not all at once.",
        file="bot/adapters/store/transaction.py",
        text='            row["due_at"] += position * after.origin.bulk.every\n',
        without="            pass\n",
        tests=(f"{_MANY}::test_items_are_sent_at_the_pace_of_the_plan",),
    ),
    Guard(
        name="what was read is kept",
        keeps="I5",
        promise="What was read of many coupons is stored as it goes.",
        file="bot/services/read.py",
        text="                await tx.save(after)\n",
        without="",
        tests=(f"{_MANY}::test_what_was_read_is_kept",),
    ),
    Guard(
        name="no formula in a file",
        keeps="I4",
        promise="No cell of the file of outcomes is a formula to a spreadsheet.",
        file="handlers/report.py",
        text="text.startswith(_FORMULA)",
        without="False",
        tests=("tests/unit/test_many_words.py",),
    ),
    Guard(
        name="files from Slack alone",
        keeps="I8",
        promise="The bot's token is sent to no host but Slack's, whatever address a form holds.",
        file="bot/adapters/slack/files.py",
        text="trusted = parsed.user is None and parsed.origin() in (slack, _OF_FILES)",
        without="trusted = True",
        tests=(f"{_FILES}::TestFetch::test_the_token_goes_to_slack_alone",),
    ),
    Guard(
        name="no endless file",
        keeps="I5",
        promise="No more of a file is read than a list of codes may hold.",
        file="bot/adapters/slack/files.py",
        text="if len(content) > _LARGEST:",
        without="if False:",
        tests=(f"{_FILES}::TestFetch::test_a_file_that_is_too_large_is_refused",),
    ),
    Guard(
        name="outcome without file",
        keeps="I5",
        promise="An outcome is told at last, also where Slack never takes its file.",
        file="bot/services/present.py",
        text="if claim.attempts <= _TRIES_WITH_FILE:",
        without="if True:",
        tests=(f"{_MANY}::test_the_outcome_does_not_wait_for_a_file_for_good",),
    ),
    Guard(
        name="nothing wrong in a form",
        keeps="I2",
        promise="Where anything in a form is no code, nothing is asked for.",
        file="bot/services/form.py",
        text="if found.bad or taken:",
        without="if taken:",
        tests=(f"{_FORM}::test_an_error_is_as_long_as_a_form_can_show",),
    ),
    Guard(
        name="a list for its channel",
        keeps="I8",
        promise="The coupons of a request are shown nowhere but in its channel.",
        file="bot/services/looking.py",
        text="elsewhere = found.request.origin.channel != look.channel",
        without="elsewhere = False",
        tests=(f"{_FORM}::test_all_coupons_are_shown_in_the_channel_of_their_card_alone",),
    ),
    Guard(
        name="a heading is no code",
        keeps="I2",
        promise="The first code of a file is asked for, also where it begins like a heading.",
        file="bot/domain/codes.py",
        text='re.compile(r"[^a-z0-9]")',
        without='re.compile(r"[^a-z]")',
        tests=("tests/unit/test_codes.py::test_a_code_that_looks_like_a_heading_is_not_lost",),
    ),
    Guard(
        name="a press is answered",
        keeps="I4",
        promise="Who presses the button for the form and may not ask is told why.",
        file="bot/services/form.py",
        text="        if refused is not None:\n            await self._dialogs.open",
        without="        if False:\n            await self._dialogs.open",
        tests=(f"{_FORM}::test_a_press_is_always_answered",),
    ),
    Guard(
        name="taken at once, told in form",
        keeps="I6",
        promise="Of two forms with a code sent at once, the second names the request, and stays as it is.",
        file="bot/services/form.py",
        text="case Taken(code, holder) if holder is not None:",
        without="case Taken(code, holder) if False:",
        tests=(f"{_FORM}::test_of_two_forms_at_once_one_is_told_what_is_taken",),
    ),
)
