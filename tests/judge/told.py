"""What people were told of how a request ended, found among all that was said."""

from __future__ import annotations

from tests.judge import sentences
from tests.judge.case import Case
from tests.judge.rules import Ending
from tests.judge.seen import Said


def told_of(case: Case, code: str, request: str) -> list[Said]:
    """Return what was told of how a request ended: in its thread, or else privately."""
    threads = {card.ts for card in case.seen.of(request)}
    since = [said for said in case.seen.said if case.begin(request) < said.index]
    told = [said for said in since if said.thread in threads and _tells(said, code)]
    private = [said for said in since if said.thread is None]
    # Where Slack refuses the thread, the requester is told privately.
    return told or [said for said in private if sentences.is_outcome(said.text, code)]


def _tells(said: Said, code: str) -> bool:
    return ending_of(code, said.text) is not None


def is_lost(case: Case, request: str) -> bool:
    """Tell whether the bot was held up right after it had posted the request's card, and Slack took no other.

    The requester is told that privately, and why. The one card keeps its buttons, which do nothing any more.
    """
    held_up, cards = case.record.interrupted + case.record.troubled, case.seen.of(request)
    if not held_up or len(cards) > 1 or any(click.request == request for click in case.seen.clicks):
        return False
    private = [said.text for said in case.seen.said if said.thread is None and said.index > cards[0].index]
    return any(
        sentences.is_about(code, cards[0].text)
        for text in private
        if sentences.tells_unposted(text)
        for code in sentences.codes_in(text)
    )


def ending_of(code: str, text: str) -> Ending | None:
    """Return how a request ended for a code, as a reply or a private message tells it; None: it does not."""
    lines = sentences.told_lines(text, code)
    if sentences.ends_a_freeze_alone(text):
        return Ending(code, "frozen", (lines or [text])[0])
    own = [words for words in lines if not sentences.is_of_a_freeze(words)]
    rest = "\n".join(line for line in text.splitlines() if not line.startswith(f"`{code}`: *"))
    words = (own or [rest])[0]
    kind = sentences.kind_of(words)
    return Ending(code, kind, words) if kind else None
