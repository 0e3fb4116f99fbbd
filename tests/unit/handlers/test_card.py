"""Cards and outcomes: within Slack's limits whatever is in them, complete as text, and hard to misuse."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.domain.coupon import CouponCode, Reading, Shown, Warning
from bot.domain.item.deletion import Deleted, NotSent, NotSentReason, Source, Waiting
from bot.domain.item.freeze import Freeze, Frozen, NotDone, Why
from bot.domain.request.freeze import can_unfreeze
from bot.domain.request.request import Approved, Finished, Pending, Purpose
from bot.domain.request.request import Shown as ShownRequest
from bot.services.ports.outside import Message
from handlers.ids import block_id
from handlers.render import stop
from handlers.render.card import Cards
from handlers.render.coupon import warnings, warnings_in_list
from sandbox.slack.rules.hold import broken
from tests.builders import (
    CODE,
    FROZEN,
    OTHER_CODE,
    UNSEEN,
    a_coupon,
    approved,
    finished,
    later,
    pending,
    reviewed,
    with_states,
)
from tests.gallery import ENDINGS, SHOWN, twenty_ended, twenty_longest
from tests.strategies import shown_requests

CARDS = Cards()
MAX_TEXT = 4000
REQUESTS: dict[str, ShownRequest] = {
    **{f"{file}: {name}": request for file, group in SHOWN.items() for name, request in group.items()},
    "widest: pending": pending(twenty_longest("&"), reason="&" * 500),
    "widest: finished": twenty_ended("&"),
    "twenty not shown": reviewed(pending(dict.fromkeys(twenty_longest(), UNSEEN))),
}
# An entity that a cut has left incomplete.
_BROKEN_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def _outcomes(request: ShownRequest) -> list[Message]:
    return [] if isinstance(request, Pending | Approved) else [CARDS.outcome(request)]


def _taken_by_slack(message: Message) -> None:
    blocks = [dict(block) for block in message.blocks]
    assert [str(each) for each in broken("message", {"blocks": blocks})] == []
    assert 0 < len(message.text) <= MAX_TEXT


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in mrkdwn."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


@pytest.mark.parametrize("name", REQUESTS)
def test_slack_takes_every_card_and_outcome(name: str) -> None:
    """Every card and outcome is within Slack's limits, the longest texts of twenty coupons included."""
    request = REQUESTS[name]
    for message in [CARDS.card(request), *_outcomes(request)]:
        _taken_by_slack(message)


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=list(HealthCheck))
@given(request=shown_requests())
def test_slack_takes_whatever_is_in_a_card(request: ShownRequest) -> None:
    """Whatever Vivoldi and people wrote, Slack takes the card and the outcome (I5: told at least once)."""
    for message in [CARDS.card(request), *_outcomes(request)]:
        _taken_by_slack(message)


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_is_cut_in_the_middle_of_an_escape(name: str) -> None:
    """A text that is shortened stays well-formed, so that people never read `&am…`."""
    request = REQUESTS[name]
    for message in [CARDS.card(request), *_outcomes(request)]:
        for text in [message.text, *_texts(message.blocks)]:
            assert not _BROKEN_ENTITY.search(text)
            assert text.count("<") == text.count(">")


@pytest.mark.parametrize("name", REQUESTS)
def test_the_text_alone_has_no_doubled_full_stop(name: str) -> None:
    """What a screen reader reads is made of whole sentences, each with one full stop."""
    assert ".." not in CARDS.card(REQUESTS[name]).text


@pytest.mark.parametrize("name", REQUESTS)
def test_the_text_alone_says_what_matters(name: str) -> None:
    """Who only hears the text knows every code, how far the request is, and what to do (accessibility)."""
    request = REQUESTS[name]
    message = CARDS.card(request)
    said = html.unescape(message.text)
    assert said.startswith(str(_header(message)))
    for item in request.items:
        assert item.code in said
        if isinstance(request, Approved | Finished):
            assert _words(stop.state(request, item))[:3] == _words(said.split(f"{item.code}: ", 1)[1])[:3]
    if isinstance(request, Pending):
        alone = request.origin.purpose is Purpose.FREEZE
        assert ("Can freeze:" if alone else f"Step {int(request.step)} of 2") in said
        deed = {Purpose.DELETE: "deleted", Purpose.FREEZE: "done", Purpose.RESTORE: "created"}
        assert f"otherwise nothing is {deed[request.origin.purpose]}." in said
    assert "Asked by" in said


@pytest.mark.parametrize("name", [name for name in REQUESTS if isinstance(REQUESTS[name], Pending)])
def test_no_warning_is_cut_off(name: str) -> None:
    """Whatever else is shortened, an approver sees every warning of every coupon.

    That a coupon is valid today is no warning once it is not shown any more, and would not be true.
    """
    request = REQUESTS[name]
    said = "\n".join(_texts(CARDS.card(request).blocks))
    for item in request.items:
        alone = len(request.items) == 1
        valid = not (isinstance(item.freeze, Frozen) or _was_seen_to_be_gone(item.freeze))
        found = tuple(each for each in item.warnings if valid or each is not Warning.RUNNING)
        warned = warnings(found, item.snapshot) if alone else warnings_in_list(found)
        assert warned in said.split(item.code, 1)[1]


def _was_seen_to_be_gone(freeze: Freeze) -> bool:
    return isinstance(freeze, NotDone) and (freeze.hidden or freeze.why is Why.GONE)


def _header(message: Message) -> object:
    header: Any = message.blocks[0]
    return header["text"]["text"]


def _words(text: str) -> list[str]:
    return html.unescape(text).replace("*", "").split()


@pytest.mark.parametrize("name", ENDINGS)
def test_the_outcome_mentions_who_asked_and_every_code(name: str) -> None:
    """The requester is mentioned with every ending, and each code with its own."""
    request = ENDINGS[name]
    message = CARDS.outcome(request)
    for said in (message.text, " ".join(_texts(message.blocks))):
        assert said.startswith(f"<@{request.origin.requester.id}>")
        assert all(item.code in said for item in request.items)


def test_the_outcome_names_every_code_whatever_else_it_says() -> None:
    """Twenty coupons, each with a long outcome and a long line on its freeze: no code is left out (I5)."""
    asked = pending(twenty_longest(), freeze=True)
    frozen = replace(asked, items=tuple(replace(item, freeze=FROZEN) for item in asked.items))
    states = [NotSent(NotSentReason.UNREADABLE, "x" * 500) for _ in asked.items]
    request = finished(*states, request=approved(reviewed(frozen)))
    message = CARDS.outcome(request)
    for said in (message.text, " ".join(_texts(message.blocks))):
        assert [item.code for item in request.items if said.count(item.code) != 2] == []
    assert len(message.text) <= 4000


# ---------------------------------------------------------------- nothing acts that someone else wrote


@pytest.mark.parametrize("name", [name for name in REQUESTS if "hostile" in name])
def test_what_others_wrote_neither_mentions_nor_links(name: str) -> None:
    """A coupon or reason called `<!channel>` pings nobody: what others wrote is escaped and verbatim."""
    request = REQUESTS[name]
    for message in [CARDS.card(request), *_outcomes(request)]:
        for text in [message.text, *_texts(message.blocks)]:
            acting = re.findall(r"<([^>]*)>", text)
            assert all(re.match(r"@U0|!subteam\^S0|!date\^\d", each) for each in acting), acting
            assert "<!channel>" not in text
        assert all(part["verbatim"] for part in _mrkdwn(message.blocks))


def _mrkdwn(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _mrkdwn(part)


# ---------------------------------------------------------------- buttons


def _buttons(request: ShownRequest) -> dict[str, dict[str, Any]]:
    blocks: list[Any] = [block for block in CARDS.card(request).blocks if block["type"] == "actions"]
    return {button["action_id"]: button for block in blocks for button in block["elements"]}


@pytest.mark.parametrize("request_", [pending(), reviewed()], ids=["step 1", "step 2"])
def test_an_open_card_has_its_three_buttons(request_: Pending) -> None:
    """Each button carries the request, and their block the version: an old card is recognised (I6)."""
    card = CARDS.card(request_)
    assert [block["block_id"] for block in card.blocks if block["type"] == "actions"] == [
        block_id(request_.version)
    ]
    buttons = _buttons(request_)
    assert list(buttons) == ["approve", "reject", "cancel"]
    assert {button["value"] for button in buttons.values()} == {request_.origin.id}
    assert all(CODE in button["accessibility_label"] for button in buttons.values())


@pytest.mark.parametrize(
    ("request_", "label", "style"),
    [
        (pending(), "Approve", "primary"),
        (reviewed(), "Delete Coupon", "danger"),
        (reviewed(pending({CODE: UNSEEN, OTHER_CODE: UNSEEN})), "Delete 2 Coupons", "danger"),
    ],
)
def test_an_approval_is_named_for_what_it_does_and_asks_first(
    request_: Pending, label: str, style: str
) -> None:
    """Both approvals ask first; the final one is the dangerous button and says that it can't be undone."""
    approve = _buttons(request_)["approve"]
    assert (approve["text"]["text"], approve["style"]) == (label, style)
    assert ("can't be undone" in approve["confirm"]["text"]["text"]) == (style == "danger")
    assert all("style" not in _buttons(request_)[other] for other in ("reject", "cancel"))


@pytest.mark.parametrize("step", [lambda shown: shown, reviewed], ids=["step 1", "step 2"])
@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ({CODE: Shown(a_coupon())}, f"coupon {CODE} as shown on the card."),
        ({CODE: UNSEEN}, f"coupon {CODE} unseen, since Vivoldi does not show it."),
        ({CODE: UNSEEN, OTHER_CODE: UNSEEN}, "2 coupons unseen, since Vivoldi does not show them."),
        (
            {CODE: UNSEEN, OTHER_CODE: Shown(a_coupon())},
            "2 coupons as shown on the card, 1 of them unseen.",
        ),
    ],
)
def test_who_approves_a_coupon_unseen_is_told_so(
    step: Callable[[Pending], Pending], readings: dict[CouponCode, Reading], said: str
) -> None:
    """The dialog before an approval never says that a coupon was shown which Vivoldi does not show."""
    asks = _buttons(step(pending(readings)))["approve"]["confirm"]["text"]["text"]
    assert said.replace(",", "") in asks.replace(",", "")


@pytest.mark.parametrize("name", [name for name in REQUESTS if not isinstance(REQUESTS[name], Pending)])
def test_a_decided_card_has_no_buttons(name: str) -> None:
    """After the decision a line says what happened; what is left is Stop, while it can, and the way back."""
    request = REQUESTS[name]
    stoppable = isinstance(request, Approved) and any(isinstance(i.state, Waiting) for i in request.items)
    ways_back = {"unfreeze"} if can_unfreeze(request) else set()
    assert set(_buttons(request)) - ({"stop"} if stoppable else set()) == ways_back


# ---------------------------------------------------------------- what a card says


def test_a_card_is_drawn_from_what_is_stored_alone() -> None:
    """The same request always looks the same, no matter which bot draws it and when."""
    request = reviewed()
    assert CARDS.card(request) == CARDS.card(reviewed())
    assert CARDS.card(request) != CARDS.card(pending())


def test_an_answered_deletion_is_not_told_as_read_before_it_was() -> None:
    """While the read after a deletion is still to come, the card does not speak of its result (I4)."""
    running = with_states(approved(), Deleted(Source.ANSWER, later(180)))
    said = CARDS.card(running).text
    assert "Deleted" in said
    assert "could not be read" not in said
    assert "no longer validates" not in said
