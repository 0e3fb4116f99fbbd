"""The record of bots that ran as real processes: what the two local servers have in their logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Stage
from tests.judge.judge import judge as judged
from tests.judge.record import Record, Terms, merged
from tests.judge.rules import Finding, Rule
from tests.scenario.playing import PERSONAL

SECRETS = (*PERSONAL.values(), BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, API_KEY)


async def judge(stage: Stage, codes: Sequence[str], since: int = 0, switched: bool = False) -> None:
    """Raise AssertionError where anything that happened to these codes breaks a rule.

    since: the last entry of the local Slack's log before any of them was asked for. switched: whether the
    database was switched to another server meanwhile.
    """
    record = replace(await recorded(stage, codes, since), switched=switched)
    found = [*judged(record, codes, SECRETS).findings, *in_logs(stage)]
    assert not found, "\n".join(map(str, found))


async def recorded(stage: Stage, codes: Sequence[str], since: int) -> Record:
    """Ask the two local servers; the local Slack for what came after a log entry, and for who is who."""
    slack, vivoldi = stage.slack, stage.vivoldi
    world = [entry for entry in await slack.log("world") if entry.seq <= since]
    calls = [call for code in codes for call in await vivoldi.calls(code=code)]
    events = [event for code in codes for event in await vivoldi.events(code)]
    facts = merged([*world, *await slack.log(after=since)], calls, events)
    return Record(terms(stage.bot.settings), facts, settled=False)


def terms(settings: dict[str, str]) -> Terms:
    """Return what the bot's settings say about who may approve, and by when."""

    def seconds(name: str, usual: int) -> timedelta:
        return timedelta(seconds=float(settings.get(name, usual)))

    first = settings["APPROVERS"]
    return Terms(
        first=frozenset(first.split(",")),
        final=frozenset((settings.get("FINAL_APPROVERS") or first).split(",")),
        approve_within=seconds("APPROVE_WITHIN_SECONDS", 1800),
        execute_within=seconds("EXECUTE_WITHIN_SECONDS", 600),
        stop_window=seconds("STOP_WINDOW_SECONDS", 0),
        typed=settings.get("CONFIRM_BY_TYPING") == "true",
        asked_afresh=timedelta(seconds=5),
        groups_afresh=timedelta(seconds=10),
        # Written within 3 s of the read, and a second on the wire.
        read_afresh=timedelta(seconds=4),
    )


def in_logs(stage: Stage) -> list[Finding]:
    """Return each key, token or personal field of a coupon that is in a bot's own log (I8)."""
    logs = [log for log in stage.folder.glob("*.log") if log.stem not in ("slack", "vivoldi")]
    seen = "".join(log.read_text(errors="replace") for log in logs)
    return [Finding(Rule.SECRET, "", secret) for secret in SECRETS if secret in seen]
