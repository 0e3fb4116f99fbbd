"""What is said of many codes: sums, times, the list of them all, and the file of their outcomes."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import CouponCode, Reading, Shown
from bot.domain.item.deletion import Confirmation, Deleted, NotSent, NotSentReason, Refused, Source
from bot.domain.policy import Verdict
from bot.domain.rate import Plan, bulk_of
from bot.domain.request.request import Approved, Finished, Pending, stop
from bot.text import cell
from handlers.render.card import Cards
from handlers.render.many import span
from handlers.render.report import dialog, outcomes
from sandbox.slack.api.blocks import problems, view_problems
from tests.builders import (
    CARL,
    CHANNEL,
    NOW,
    RIKA,
    UNSEEN,
    a_coupon,
    approved,
    finished,
    pending,
    reviewed,
    with_states,
)
from tests.many import many

_GONE = Deleted(Source.ANSWER, NOW, Confirmation.GONE)


def many_pending(count: int = 1000, name: str = "cake") -> Pending:
    """Return a request of many codes, every tenth of which Vivoldi does not show."""
    readings: dict[CouponCode, Reading] = {
        code: UNSEEN if place % 10 == 9 else Shown(a_coupon(number=code, name=name, use_limit=0))
        for place, code in enumerate(many(count))
    }
    bulk = bulk_of(count, Plan(120, 10_000), timedelta(seconds=600))
    return pending(readings, bulk=bulk)


def many_approved(count: int = 1000) -> Approved:
    """Return the same with both approvals."""
    return approved(reviewed(many_pending(count)))


def test_a_card_of_a_thousand_sums_up() -> None:
    """The card counts what there is to think about, lists ten, says how long it takes, and shows all."""
    card = Cards().card(many_pending())
    assert problems(list(card.blocks)) == []
    assert len(card.text) <= 4000
    for said in (
        "Delete 1,000 coupons?",
        "900 shown by Vivoldi, 100 not shown",
        "900 valid today",
        "100 not shown, so it is approved unseen",
        "Deleting them takes about 34 minutes",
        "COUPON00009",
    ):
        assert said in card.text
        assert said in json.dumps(card.blocks, ensure_ascii=False)
    assert "COUPON00010" not in card.text
    assert "show-all" in json.dumps(card.blocks)


def test_a_running_card_shows_progress_in_words() -> None:
    """How far it is stands there in blocks and in words, by outcome, with the time that is left."""
    running = with_states(many_approved(), *[_GONE] * 410, Refused("no"))
    text = Cards().card(running).text
    assert "████████░░░░░░░░░░░░ *411 of 1,000 done* (41 %)" in text
    assert "410 deleted, 1 not deleted (refused)" in text
    assert "589 still wait; that takes about 20 minutes" in text
    assert "COUPON00410" in text


def test_every_end_fits_into_a_message() -> None:
    """Whatever a thousand coupons came to, Slack takes the card and the outcome."""
    ended = finished(*[Refused("x" * 3000)] * 1000, request=many_approved())
    for message in (Cards().card(ended), Cards().outcome(ended), Cards().outcome(ended, "missing_scope")):
        assert problems(list(message.blocks)) == []
        assert len(message.text) <= 4000


@pytest.mark.parametrize("name", ["cake", "케이크 " * 60, "🎂" * 100])
def test_the_pages_hold_every_code(name: str) -> None:
    """However long the names are, the pages hold every code in its order, and Slack takes each of them."""
    request, listed = many_pending(name=name), []
    for page in range(1, 21):
        view = dialog(request, CHANNEL, page)
        assert view_problems(view) == []
        assert len(json.dumps(view)) < 250_000
        listed += re.findall(r"\d+\. `(COUPON\d+)`", json.dumps(view))
        # Without a choice the next one comes, and after the last one the first.
        assert view["blocks"][-1]["element"]["initial_option"]["value"] == str(page % 20 + 1)
    assert listed == list(many(1000))
    assert dialog(request, CHANNEL, 99) == dialog(request, CHANNEL, 20)


def test_a_list_of_one_page_and_a_refusal_ask_for_nothing() -> None:
    """Where there is no other page there is nothing to send."""
    for view in (dialog(many_pending(50), CHANNEL), dialog(Verdict.GUEST, CHANNEL)):
        assert view_problems(view) == []
        assert "submit" not in view


def test_the_file_names_who_stopped_it() -> None:
    """The person who stopped a request is in its file by name, also if they had no other part in it."""
    after = stop(many_approved(25), CARL, NOW)
    assert isinstance(after, Finished)
    file = outcomes(after)
    assert file is not None
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert {row[2] for row in rows[1:]} == {f"Not deleted: stopped by @{CARL.name} before it was sent."}


def test_the_file_tells_every_outcome() -> None:
    """The file has a row for each code, and Vivoldi's words never as a formula."""
    by = (NotSent(NotSentReason.STOPPED, stopped_by=user) for user in (RIKA.id, "U0NOBODY00"))
    ended = finished(_GONE, *by, *[Refused("=1+1 <@U0RIKA0000>")] * 22, request=many_approved(25))
    file = outcomes(ended)
    assert file is not None
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == list(many(25))
    assert rows[1][1] == "deleted"
    assert "*" not in rows[1][2]
    assert [row[2] for row in rows[2:4]] == [
        f"Not deleted: stopped by @{RIKA.name} before it was sent.",
        "Not deleted: stopped by @U0NOBODY00 before it was sent.",
    ]
    assert "<@U0RIKA0000>" in rows[4][2]
    assert outcomes(finished(_GONE)) is None


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(text: str) -> None:
    """A cell never begins as a formula does, wherever it is split, and is otherwise what it was."""
    shown = cell(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert _without_marks(shown) == _without_marks(text)


def _without_marks(text: str) -> str:
    return re.sub(r"(^|[;\t\r\n])'", r"\1", text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "about 10 seconds"),
        (61, "about 70 seconds"),
        (91, "about 2 minutes"),
        (5400, "about 90 minutes"),
        (5401, "about 1 hour and 40 minutes"),
        (7200, "about 2 hours"),
        (12_000, "about 3 hours and 20 minutes"),
    ],
)
def test_times_are_rounded_up(seconds: float, said: str) -> None:
    """What takes long is said roughly, and never as less than it is."""
    assert span(timedelta(seconds=seconds)) == said
