"""Cards after the end, reminders, and what came of each command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from tests.judge import sentences
from tests.judge.case import Case
from tests.judge.rules import Rule
from tests.judge.seen import Card, Click, Command, Redrawn
from tests.judge.told import is_lost, told_of

_MOST_REMINDERS = 2
_DECIDING = ("approve", "reject", "freeze")
# While a request is carried out, two cards take another's place at most, and one is left to its end.
_MOST_REPLACED = 2
_STUCK_FOR = timedelta(seconds=20)


def look_at_cards(case: Case, codes: Sequence[str]) -> None:
    """I5, I6: a request that has ended has no card with buttons, nor any copy of one that was clicked."""
    clicked = {click.ts for click in case.seen.clicks}
    most_strays = case.record.interrupted + case.record.troubled if case.record.strays else 0
    for request in dict.fromkeys(card.request for card in case.seen.cards):
        about = [code for code in codes if request in case.requests(code)]
        told = any(told_of(case, code, request) for code in about)
        if not about or not (told or case.record.settled):
            continue
        latest = {card.ts: card for card in case.seen.of(request)}
        # Nothing can be changed in an archived channel, and nobody can click there.
        live = {ts for ts, card in latest.items() if card.live and card.channel not in case.seen.archived}
        live -= case.seen.unchangeable
        if live and is_lost(case, request):
            continue
        # The answer to a post may have been lost; a stray copy does no harm until it is clicked.
        if live and (live == latest.keys() or live & clicked or len(live) > most_strays):
            case.find(Rule.LIVE, about[0], f"{request}: {len(live)} of {len(latest)} cards")


def look_at_stuck_cards(case: Case) -> None:
    """I5: a card on which people decide, and that Slack refuses to change, has another take its place.

    Two refusals, ten seconds apart, are enough; each crash and each spoilt call may cost one more.
    """
    enough = 2 + case.record.interrupted + case.record.troubled
    runs: dict[str, list[Redrawn]] = {}
    for tried in case.seen.redrawn:
        run = runs.setdefault(tried.ts, [])
        run.append(tried)
        if not tried.refused or _has_another(case, run):
            run.clear()
        elif len(run) > enough and tried.at - run[0].at > _STUCK_FOR:
            case.find(Rule.STUCK, "", f"{tried.ts}: {len(run)} refusals", tried.index)
            run.clear()


def _has_another(case: Case, run: Sequence[Redrawn]) -> bool:
    """Return whether a card has another one, needs none, or can't have one."""
    first, last = run[0].index, run[-1].index
    mine = [card for card in case.seen.cards if card.ts == run[0].ts and card.index < last]
    if not mine or not mine[-1].live or case.seen.unposted:
        return True
    others = {card.ts: card.index for card in reversed(case.seen.of(mine[-1].request)) if card.index < last}
    del others[run[0].ts]
    return len(others) >= _MOST_REPLACED or any(index > first for index in others.values())


def look_at_reminders(case: Case) -> None:
    """People are reminded of a step twice at most."""
    for (thread, step), times in Counter(case.seen.reminded).items():
        if times > _MOST_REMINDERS:
            case.find(Rule.NAGGED, "", f"{thread}: {step}, {times} times")


def look_at_clicks(case: Case) -> None:
    """I5: who decides on a version of a card that is not the newest one is told that it changed nothing.

    The same is said once a minute. About a card that has changed again since, something else is to be said.
    """
    record = case.record
    if not record.settled or record.troubled:
        return
    for click in case.seen.clicks:
        if click.done is None or record.was_interrupted(click.index, click.done):
            continue
        newest = _stands_at(case, click)
        if newest is None or newest.text == click.text or click.action not in _DECIDING:
            continue
        # That someone's own approval counts already, or that they are none of the approvers, stays so.
        known = case.may(click, case.anyone) and not sentences.is_approved_by(newest.text, click.user)
        if newest.live and click.text and known and not _is_told(case, click, newest):
            case.find(Rule.MUTE, "", f"{click.user} clicked {click.action} on {click.request}", click.index)


def _stands_at(case: Case, click: Click) -> Card | None:
    """Return the version of a card that stood where someone clicked; None: there is none."""
    cards = [card for card in case.seen.of(click.request) if card.ts == click.ts and card.index < click.index]
    return cards[-1] if cards else None


def _is_told(case: Case, click: Click, newest: Card) -> bool:
    """Return whether someone was told after their click, or before it of the newest version of the card."""
    told = [said.index for said in case.seen.said if said.thread is None and said.to in (None, click.user)]
    return any(index > newest.index for index in told)


def look_at_commands(case: Case, codes: Sequence[str]) -> None:
    """I5: who was told of a request sees its card, or is told privately why there is none."""
    for command in case.seen.commands if case.record.settled else ():
        answer = command.answer or ""
        if not (sentences.promises_a_card(answer) or sentences.is_open_already(answer)):
            continue
        for code in (code for code in codes if code in answer):
            if not _is_followed_up(case, code, command):
                case.find(Rule.UNTOLD, code, "no card came, and no reason", command.index)


def _is_followed_up(case: Case, code: str, command: Command) -> bool:
    """Return whether a card or a private reason came.

    A request that is open already may have had its card before, with the code in another spelling.
    """
    private = [said for said in case.seen.said if said.thread is None]
    if not sentences.promises_a_card(command.answer or ""):
        texts = [*(card.text for card in case.seen.cards), *(said.text for said in private)]
        return any(code.upper() in text.upper() for text in texts)
    reasons = [said.index for said in private if f"`{code}`" in said.text]
    return max([*map(case.begin, case.requests(code)), *reasons], default=-1) > command.index
