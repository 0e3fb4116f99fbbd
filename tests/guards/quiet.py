"""Guards of what is said once, told to few, and not left lying about."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLICK, _FLOOD = "bot/services/asked/click.py", "tests/integration/services/test_flood.py"
_REFUSALS = "bot/adapters/store/refusals.py"
_PRIVATE = "tests/integration/store/test_private_file.py"
_PRIVATELY = "tests/integration/services/test_told_privately.py"
_FAILING = "tests/security/test_failing.py"

GUARDS = (
    Guard(
        name="a flood is recorded once",
        keeps="I7",
        promise="The same refusal within a minute is one event, whoever clicks how often.",
        file=_CLICK,
        text="            if not again:\n                await tx.record",
        without="            if True:\n                await tx.record",
        tests=(f"{_FLOOD}::test_a_flood_is_one_event_one_answer_and_a_count",),
    ),
    Guard(
        name="a flood is told once",
        keeps="-",
        promise="The same refusal is told at most once a minute.",
        file=_CLICK,
        text="return not await is_repeated(tx, refusal and replace(refusal, what=None), now)",
        without="return True",
        tests=(f"{_FLOOD}::test_other_buttons_are_recorded_and_answered_once",),
    ),
    Guard(
        name="repeats are counted",
        keeps="I7",
        promise="How often a refusal came again is in the audit.",
        file=_REFUSALS,
        text=".values(repeats=refusals.c.repeats + 1)",
        without=".values(repeats=refusals.c.repeats)",
        tests=(f"{_FLOOD}::test_a_flood_is_one_event_one_answer_and_a_count",),
    ),
    Guard(
        name="a minute and no longer",
        keeps="I7",
        promise="A refusal that comes later is recorded and told again.",
        file=_REFUSALS,
        text='over = refusals.c.until <= bindparam("now", type_=Instant)',
        without='over = refusals.c.until < bindparam("now", type_=Instant) - 3600_000_000',
        tests=(f"{_FLOOD}::test_after_a_minute_it_is_told_again",),
    ),
    Guard(
        name="typed again is counted",
        keeps="I7",
        promise="A command that opens nothing is one event a minute, however often it is typed.",
        file="bot/services/asked/command.py",
        text="if not await is_repeated(tx, of_command(standing.person, name, command.text), now):",
        without="if True:",
        tests=(f"{_FLOOD}::test_a_flood_of_commands_is_counted",),
    ),
    Guard(
        name="made-up texts are few",
        keeps="I7",
        promise="However many different texts someone types, few of them are events of their own.",
        file="bot/services/asked/repeats.py",
        text="zlib.crc32(text.encode()) % _TEXTS",
        without="zlib.crc32(text.encode()) % 2**31",
        tests=(f"{_FLOOD}::test_a_flood_of_different_commands_is_counted",),
    ),
    Guard(
        name="all repeats at once",
        keeps="I7",
        promise="Every refusal that is over is recorded at the next look, however many there are.",
        file="bot/services/asked/repeats.py",
        text="            left = bool(over)\n",
        without="            left = False\n",
        tests=(f"{_FLOOD}::test_a_flood_of_many_people_is_counted_in_one_go",),
    ),
    Guard(
        name="answers to Slack alone",
        keeps="I8",
        promise="A private answer goes to no host but Slack's, whatever address a payload holds.",
        file="bot/adapters/slack/replies.py",
        text='any(host.endswith(f".{name}") for name in _SLACK)',
        without="True",
        tests=("tests/integration/slack/test_replies.py",),
    ),
    Guard(
        name="answers by our own way",
        keeps="I8",
        promise="What went wrong is told without a proxy from the environment.",
        file="handlers/errors.py",
        text="isinstance(address, str) and await reply(address, sentence)",
        without="isinstance(address, str)",
        tests=(f"{_FAILING}::test_a_failure_is_told_by_the_way_that_it_was_given",),
    ),
    Guard(
        name="a file for its owner",
        keeps="I8",
        promise="The database's file is made for the user alone whom the bot runs as.",
        file="bot/adapters/store/engine/sqlite.py",
        text='            make_private(Path(self._engine.url.database or ""))\n',
        without="",
        tests=(_PRIVATE,),
    ),
    Guard(
        name="an address ends in time",
        keeps="I8",
        promise="The address of a command, by which anyone could answer, is gone once the request has ended.",
        file="bot/adapters/store/transaction.py",
        text='            row["reply_url"] = None\n',
        without="            pass\n",
        tests=("tests/integration/services/test_told_privately.py::test_an_address_ends_with_its_request",),
    ),
    Guard(
        name="an address ends with the card",
        keeps="I8",
        promise="The address of a command is gone once there is a card.",
        file="bot/adapters/store/transaction.py",
        text="if delivery.is_settled or delivery.was_shown:",
        without="if delivery.is_settled:",
        tests=(f"{_PRIVATELY}::test_an_address_ends_with_the_card",),
    ),
    Guard(
        name="a dead address is forgotten",
        keeps="I8",
        promise="The address of a command is forgotten when Slack takes nothing by it any more.",
        file="bot/adapters/store/transaction.py",
        text='            await run(self._connection, _forget_url, [{"its_id": each} for each in ids])\n',
        without="            pass\n",
        tests=(f"{_PRIVATELY}::test_an_address_ends_when_slack_takes_nothing_by_it",),
    ),
    Guard(
        name="a dead address of the untold",
        keeps="I8",
        promise="What has ended and waits to be told keeps no dead address.",
        file="bot/adapters/store/transaction.py",
        text="        or_(requests.c.ended_at.is_(None), UNTOLD),\n",
        without="        requests.c.ended_at.is_(None),\n",
        tests=(f"{_PRIVATELY}::test_an_untold_failure_does_not_keep_a_dead_address",),
    ),
    Guard(
        name="no formula inside a cell",
        keeps="-",
        promise="No part of a cell is a formula to a program that splits at other characters.",
        file="bot/text.py",
        text="""    inside = _NEXT_CELL.sub(r"\\1'", text)""",
        without="    inside = text",
        tests=("tests/unit/project/test_cells.py",),
    ),
)
