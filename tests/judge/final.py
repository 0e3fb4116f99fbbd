"""What the cards of a request say of how it ended: it is as true as a reply, and says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.judge import headings, sentences
from tests.judge.case import Case
from tests.judge.rules import Ending, Rule
from tests.judge.seen import Card, Said
from tests.judge.told import is_lost


def shown_of(case: Case, code: str, request: str) -> Iterator[tuple[Ending, Said]]:
    """Return what each version of a request's cards says of how it ended for a code, if it says so."""
    for card in case.seen.of(request):
        if (ending := ending_on(card, code)) is not None:
            yield ending, Said(card.index, card.at, card.ts, card.text)


def ending_on(card: Card, code: str) -> Ending | None:
    """Return how a request ended for a code, as a version of its card says; None: it does not."""
    words = sentences.told_on_a_card(card.text, code)
    kind = sentences.kind_of(words)
    return Ending(code, kind, words) if kind else None


def look_at_headings(case: Case, code: str, request: str) -> None:
    """A heading about one coupon says what the card itself says of it."""
    for card in case.seen.of(request):
        heading = card.text.partition("\n")[0]
        if not headings.is_of_one(heading):
            continue
        told = sentences.told_on_a_card(card.text, code)
        needed = headings.of_an_end(heading)
        if needed is None:
            needed, told = headings.of_a_freeze(heading), (sentences.freezes_in(card.text, code) or [""])[-1]
        if needed is not None and not re.search(needed, told):
            case.find(Rule.WRONG, code, f"the heading “{heading}”, and below: “{told}”", card.index)


def look_at_last(case: Case, code: str, request: str, told: Sequence[Ending]) -> None:
    """The card that stands in the end tells the same end as the replies.

    One that Slack refuses to change, or whose channel is archived, can't; nor can one that nobody knows of.
    """
    last = case.seen.of(request)[-1]
    is_stuck = last.ts in case.seen.unchangeable or last.channel in case.seen.archived
    if not case.record.settled or not told or is_stuck or is_lost(case, request):
        return
    heading, ending = last.text.partition("\n")[0], ending_on(last, code)
    if ending is None and not sentences.is_listed(last.text, code):
        return
    if ending is None or all(ending.kind != each.kind for each in told):
        says = f"{ending.kind}: {ending.words}" if ending else "nothing of it"
        case.find(Rule.WRONG, code, f"told as {told[-1].kind}, and the card says {says}", last.index)
    elif headings.is_of_one(heading) and not (headings.of_an_end(heading) or headings.of_a_freeze(heading)):
        case.find(Rule.WRONG, code, f"it has ended, and the card is headed “{heading}”", last.index)
