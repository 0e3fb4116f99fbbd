"""Guards of the way to the database: which server, which pooler, whether there is room, and what is said."""

from __future__ import annotations

from tests.guards.guard import Guard

_ENGINE = "bot/adapters/store/engine"
_URL = "bot/database_url.py"
_ROOM = "bot/adapters/store/room.py"
_BY_URL = "tests/unit/run/test_database_url.py"
_BY_SERVER = "tests/integration/store/test_read_only_server.py"
_BY_ROOM = "tests/integration/store/test_room.py"
_BY_COPY = "tests/integration/operate/test_audit_read_only.py"
_BY_SILENCE = "tests/integration/store/test_silent_server.py"
_BY_POOLER = "tests/integration/store/test_pooler.py"

GUARDS = (
    Guard(
        name="a server that takes changes",
        keeps="-",
        promise="Of several servers the bot uses the one that can be written to.",
        file=f"{_ENGINE}/postgres.py",
        text='return {**asked, "target_session_attrs": "read-write"}',
        without="return asked",
        tests=(f"{_BY_SERVER}::test_of_several_servers_the_one_that_takes_changes_is_used",),
    ),
    Guard(
        name="a demoted server is left",
        keeps="-",
        promise="After a server has said that it can't be written to, no connection to it is used.",
        file=f"{_ENGINE}/postgres.py",
        text="            context.is_disconnect = True\n",
        without="            pass\n",
        tests=(f"{_BY_SERVER}::test_after_one_refusal_no_connection_to_that_server_is_used",),
    ),
    Guard(
        name="a pooler that scatters",
        keeps="-",
        promise="A pooler that gives each transaction another connection is refused at the start.",
        file="bot/adapters/store/store.py",
        text="            await require_own_process(self._database)\n",
        without="            pass\n",
        tests=(f"{_BY_POOLER}::test_a_connection_for_each_transaction_is_refused",),
    ),
    Guard(
        name="limits after the start",
        keeps="-",
        promise="A pooler in session mode will do, since limits are set on a connection that is there.",
        file=f"{_ENGINE}/postgres.py",
        text='asked = {**_SILENCE, **parameters, "connect_timeout": patience.SECONDS}',
        without='asked = {**parameters, "options": "-c lock_timeout=2s"}',
        tests=(f"{_BY_POOLER}::test_a_connection_for_each_client_will_do",),
    ),
    Guard(
        name="a server that never answers",
        keeps="-",
        promise="A server that takes a connection and says nothing is given up before Slack gives up.",
        file=f"{_ENGINE}/postgres.py",
        text=', "connect_timeout": patience.SECONDS}',
        without="}",
        tests=(f"{_BY_SILENCE}::test_a_server_that_never_answers_is_given_up_in_time",),
    ),
    Guard(
        name="a host that vanishes",
        keeps="-",
        promise="A connection to a host that lost its power, or is cut off, ends within seconds.",
        file=f"{_ENGINE}/postgres.py",
        text="asked = {**_SILENCE, **parameters,",
        without="asked = {**parameters,",
        tests=(f"{_BY_SILENCE}::test_the_system_is_told_not_to_wait_for_a_host_that_vanished",),
    ),
    Guard(
        name="room on SQLite's disk",
        keeps="-",
        promise="On a full disk the bot is not ready.",
        file=_ROOM,
        text="if disk.f_bavail * disk.f_frsize < _BYTES:",
        without="if disk.f_bavail < 0:",
        tests=(f"{_BY_ROOM}::test_a_full_disk_is_not_ready_until_there_is_room",),
    ),
    Guard(
        name="room on PostgreSQL's disk",
        keeps="-",
        promise="If PostgreSQL's disk is full, the bot is not ready.",
        file=_ROOM,
        text="    await run(connection, _A_LITTLE_MORE)\n",
        without="",
        tests=(f"{_BY_ROOM}::test_a_full_tablespace_is_not_ready",),
    ),
    Guard(
        name="one answer a second",
        keeps="-",
        promise="Asking whether the bot is ready, however often, causes one commit a second.",
        file=_ROOM,
        text="if self._asked is None or self._elapsed() - self._asked >= _SECONDS:",
        without="if True:",
        tests=(f"{_BY_ROOM}::test_those_who_ask_at_once_share_an_answer",),
    ),
    Guard(
        name="the newest part of a copy",
        keeps="I7",
        promise="A copy of the audit whose newest part can't be read is never shown as a whole one.",
        file=f"{_ENGINE}/read_only.py",
        text="    if newest.exists() and newest.stat().st_size:\n",
        without="    if False:\n",
        tests=(f"{_BY_COPY}::test_a_copy_whose_newest_part_can_not_be_read_says_so",),
    ),
    Guard(
        name="an @ in the wrong place",
        keeps="I8",
        promise="A password that was not encoded is not taken for a host or a database, which are shown.",
        file=_URL,
        text='    if misplaced or "@" in str(typed.get("host", "")):\n',
        without="    if False:\n",
        tests=(f"{_BY_URL}::test_what_is_wrong_is_told_without_a_part_of_it",),
    ),
    Guard(
        name="passwords as parameters",
        keeps="I8",
        promise="A password is kept out of the log also if it is a parameter of the URL.",
        file=_URL,
        text="+ _SECRET_PARAMETERS.findall(rest)",
        without="",
        tests=(f"{_BY_URL}::test_every_secret_is_known_to_the_redactor",),
    ),
)
