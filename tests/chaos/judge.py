"""An independent judge: what was clicked, sent, true and told, by the two local servers' logs alone.

It knows neither the bot's code nor its database, only the rules and the words that people read.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from tests.chaos import freezes, restored
from tests.chaos.case import NEVER, Case, Ending, Judgement, Rule, deadline
from tests.chaos.evidence import Asked, Command, Said, gathered
from tests.chaos.freezes import look_at_freezes
from tests.chaos.journal import Journal
from tests.chaos.restored import look_at_creations
from tests.chaos.sent import look_at_deletes
from tests.chaos.town import EXECUTE_WITHIN
from tests.chaos.truth import Told, excuse, untrue

# An outcome is told this soon. A crash or a freeze holds it up by a lease, a spoilt call by itself and by the
# longest backoff.
_TOLD_WITHIN = timedelta(seconds=60)
_MOST_REMINDERS = 2
_HELD_UP_BY_INTERRUPTION, _HELD_UP_BY_TROUBLE = timedelta(seconds=11), timedelta(seconds=42)


def judge(journal: Journal, codes: tuple[str, ...]) -> Judgement:
    """Judge all that happened to these codes."""
    case = Case(gathered(journal), journal)
    for code in codes:
        look_at_deletes(case, code)
        look_at_creations(case, code)
        look_at_freezes(case, code)
        _look_at_endings(case, code)
    _look_at_cards(case)
    _look_at_reminders(case)
    _look_at_commands(case, codes)
    case.excused += ["Slack refuses every way to the person"] * len(case.seen.undelivered)
    deletes = sum(asked.call.kind == "delete" for asked in case.seen.asked)
    return Judgement(tuple(case.findings), tuple(case.endings), deletes, tuple(case.excused))


# ---------------------------------------------------------------- what was told


def _look_at_endings(case: Case, code: str) -> None:
    requests, deletes = case.requests(code), case.seen.calls("delete", code)
    for number, name in enumerate(requests, start=1):
        begin, end = case.begin(name), min(map(case.begin, requests[number:]), default=NEVER)
        sent = case.seen.calls("create", code) if restored.is_one(case, name) else deletes
        _judge_ending(case, code, name, [call for call in sent if begin < call.index < end])


def _judge_ending(case: Case, code: str, request: str, deletes: list[Asked]) -> None:
    threads = {card.ts for card in case.seen.of(request)}
    since = [said for said in case.seen.said if said.index > case.begin(request)]
    # Where Slack refuses the thread, the requester is told privately.
    told = [said for said in since if said.thread in threads]
    told = told or [said for said in since if said.thread is None and _is_outcome(said, code)]
    if not told and not deletes and _is_lost(case, request):
        case.excused.append("a card that nobody could note, and Slack took no other")
        return
    if not told:
        case.find(Rule.UNTOLD, f"{code}: {len(deletes)} DELETEs")
        return
    endings = {_ending(code, said) for said in told}
    case.endings += endings
    if len(endings) > 1:
        case.find(Rule.WRONG, f"{code}: told in several ways: {sorted(ending.words for ending in endings)}")
    for said in told:
        told_so = _told(case, _ending(code, said), said, request, deletes)
        if freezes.is_one(case, request):
            # What is told of a freeze is judged as what the cards say of it.
            continue
        if restored.is_one(case, request):
            if wrong := restored.untrue(told_so):
                case.find(Rule.WRONG, f"{code}: {wrong}")
        elif wrong := untrue(told_so):
            case.find(Rule.WRONG, f"{code}: {wrong}")
        elif why := excuse(told_so):
            case.excused.append(why)
    if (late := _late(case, request, told[0])) > _patience(case.journal):
        case.find(Rule.LATE, f"{code}: {late} after all was done")


def _is_lost(case: Case, request: str) -> bool:
    """Tell whether the bot was held up right after it had posted the request's card, and Slack took no other.

    The requester is told that privately, and why. The one card keeps its buttons, which do nothing any more.
    """
    held_up, cards = case.journal.interrupted + case.journal.troubled, case.seen.of(request)
    if not held_up or len(cards) > 1 or any(click.request == request for click in case.seen.clicks):
        return False
    private = [said.text for said in case.seen.said if said.thread is None and said.index > cards[0].index]
    named = [re.findall(r"`(\w+)`", text) for text in private if "I can't post the card" in text]
    return any(re.search(rf"^{code}\b", cards[0].text, re.M) for codes in named for code in codes)


def _told(case: Case, ending: Ending, said: Said, request: str, deletes: list[Asked]) -> Told:
    read, clicks = case.card_read(ending.code, request), case.clicks(request, said.index)
    return Told(
        seen=case.seen,
        code=ending.code,
        words=ending.words,
        said=said,
        clicks=clicks,
        deadline=deadline(case.seen.of(request)[0].text),
        card_read=read,
        coupon=case.seen.coupon(ending.code, read.finished) if read.shown else None,
        deletes=deletes,
        interrupted=bool(case.journal.interrupted),
        forged=case.journal.forged,
    )


def _patience(journal: Journal) -> timedelta:
    interrupted = journal.interrupted * _HELD_UP_BY_INTERRUPTION
    return _TOLD_WITHIN + interrupted + journal.troubled * _HELD_UP_BY_TROUBLE


def _late(case: Case, request: str, said: Said) -> timedelta:
    """Return for how long the bots worked between what ended a request and its telling."""
    clicks = case.clicks(request, said.index)
    card = case.seen.of(request)[0]
    about = [a for a in case.seen.asked if a.call.code and a.call.code in card.text and a.index > card.index]
    times = [click.carried_out for click in clicks] + [asked.finished_at for asked in about]
    times += [
        deadline(card.text) - timedelta(seconds=1),
        *(click.carried_out + EXECUTE_WITHIN for click in clicks),
    ]
    end = max(time for time in [card.at, *times] if time <= said.at)
    pauses = [(at, at + timedelta(seconds=seconds)) for at, seconds in case.journal.idle]
    idle = (min(until, said.at) - max(at, end) for at, until in pauses)
    return said.at - end - sum((time for time in idle if time > timedelta()), timedelta())


def _look_at_cards(case: Case) -> None:
    """I5, I6: a request that has ended has no card with buttons, nor any copy of one that was clicked."""
    clicked = {click.ts for click in case.seen.clicks}
    # As often, the answer to a post may have been lost; a stray copy does no harm until it is clicked.
    most_strays = case.journal.interrupted + case.journal.troubled
    for request in dict.fromkeys(card.request for card in case.seen.cards):
        latest = {card.ts: card for card in case.seen.of(request)}
        live = {ts for ts, card in latest.items() if card.live} - case.seen.unchangeable
        if live and _is_lost(case, request):
            continue
        if live and (live == latest.keys() or live & clicked or len(live) > most_strays):
            case.find(Rule.LIVE, f"{request}: {len(live)} of {len(latest)} cards")


def _look_at_reminders(case: Case) -> None:
    """People are reminded of a step twice at most."""
    for (thread, step), times in Counter(case.seen.reminded).items():
        if times > _MOST_REMINDERS:
            case.find(Rule.NAGGED, f"{thread}: {step}, {times} times")


def _look_at_commands(case: Case, codes: tuple[str, ...]) -> None:
    """I5: who was told of a request sees its card, or is told privately why there is none."""
    for command in case.seen.commands:
        answer = command.answer or ""
        if "the card appears here" not in answer and "already in an open request" not in answer:
            continue
        for code in (code for code in codes if code in answer):
            if not _is_followed_up(case, code, command):
                case.find(Rule.UNTOLD, f"{code}: no card came, and no reason")
    for code in codes:
        private = [said for said in case.seen.said if said.thread is None and f"`{code}`" in said.text]
        _judge_private(case, code, [said for said in private if not _is_outcome(said, code)])


def _is_followed_up(case: Case, code: str, command: Command) -> bool:
    """Return whether a card or a private reason came.

    A request that is open already may have had its card before, with the code in another spelling.
    """
    private = [said for said in case.seen.said if said.thread is None]
    if "the card appears here" not in (command.answer or ""):
        texts = [*(card.text for card in case.seen.cards), *(said.text for said in private)]
        return any(code.upper() in text.upper() for text in texts)
    reasons = [said.index for said in private if f"`{code}`" in said.text]
    return max([*map(case.begin, case.requests(code)), *reasons], default=-1) > command.index


def _judge_private(case: Case, code: str, private: list[Said]) -> None:
    """I4: who is told that there is no card is told why."""
    for ending, said in {_ending(code, said): said for said in private}.items():
        named = re.findall(r"`([A-Za-z0-9]{8,16})`", said.text)
        reads = [read for name in named for read in case.seen.calls("read", name) if read.index < said.index]
        unread = "I could not read" in said.text and not all(read.answered for read in reads)
        unposted = "I can't post the card" in said.text and bool(case.seen.unposted)
        # What Vivoldi did not show can't be frozen.
        hidden = "can't be frozen" in said.text and not all(read.shown for read in reads)
        if not (unread or unposted or restored.is_true_failure(case, code, said) or hidden):
            case.find(Rule.WRONG, f"{code}: that is not why there is no card: {said.text}")
        case.endings.append(ending)


def _is_outcome(said: Said, code: str) -> bool:
    return bool(re.search("asked to (delete|restore|freeze)", said.text)) and f"`{code}`" in said.text


def _ending(code: str, said: Said) -> Ending:
    lines = re.findall(rf"^`{code}`: (.*)$", said.text, re.M)
    deletions = [words for words in lines if not freezes.says_so(words)]
    is_freeze = "The freeze was all that was asked for" in said.text
    rest = "\n".join(line for line in said.text.splitlines() if not line.startswith(f"`{code}`: *"))
    words = (lines if is_freeze else [*deletions, rest])[0]
    if is_freeze:
        return Ending(code, "frozen", words)
    if "can't be frozen" in words:
        return Ending(code, "not frozen", words)
    kinds = {
        "*Deleted": "deleted",
        "*Still works": "deleted",
        "*Blocked": "gone",
        "*Unknown": "unknown",
        "*Not deleted": "not deleted",
    }
    kinds |= {"*Created again": "created", "*Not created": "not created"}
    for start, kind in kinds.items():
        if words.startswith(start):
            return Ending(code, kind, words)
    if restored.came_to_nothing(words):
        return Ending(code, "not created", words)
    assert "nothing was deleted" in words, f"what is meant by {words}"
    return Ending(code, "not deleted", words)
