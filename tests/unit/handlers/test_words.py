"""The sentences: there is one for everything that can happen, and none says more than was seen."""

from __future__ import annotations

import html
import re
from dataclasses import fields

import pytest
from hypothesis import given

from bot.domain.coupon import (
    Coupon,
    Difference,
    DiscountKind,
    Reading,
    Shown,
    Warning,
    differences,
    facts,
)
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    ItemState,
    NotSent,
    NotSentReason,
    is_final,
)
from bot.domain.people import Kind
from bot.domain.policy import Verdict
from handlers.render import coupon, refusals, words
from handlers.render.blocks import clip, code, escape, quote, when
from tests import strategies
from tests.builders import (
    AMIR,
    CODE,
    NOW,
    UNSEEN,
    a_coupon,
    an_item,
    approved,
    pending,
)
from tests.gallery import DELETED, NOT_DELETED, RUNNING

NEVER_TOLD = {Verdict.ALLOWED, Verdict.ALREADY_ENDED}


# ---------------------------------------------------------------- coupons


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "60 % off"),
        ({"discount_kind": DiscountKind.AMOUNT}, "60 USD off"),
        ({"discount_kind": DiscountKind.AMOUNT, "currency": None}, "60 (currency not told) off"),
        ({"discount_kind": None}, "60 off"),
        ({"discount": None}, "not told by Vivoldi"),
    ],
)
def test_a_discount_is_told_as_given(changes: dict[str, object], said: str) -> None:
    """Percent, amount, and what Vivoldi left out are told as they are."""
    assert coupon.discount(a_coupon(**changes)) == said


@pytest.mark.parametrize(
    ("use_count", "use_limit", "said"),
    [
        (0, 1, "0 of 1"),
        (3, 0, "3 (no limit)"),
        (3, None, "3 (limit not told)"),
        (None, 5, "unknown of 5"),
    ],
)
def test_uses_are_told_with_their_limit(use_count: int | None, use_limit: int | None, said: str) -> None:
    """A limit of 0 is no limit, and one that is missing is not taken for that."""
    assert coupon.uses(a_coupon(use_count=use_count, use_limit=use_limit)) == said


@pytest.mark.parametrize("kind", Warning)
def test_every_warning_has_its_words(kind: Warning) -> None:
    """Each warning is told with what it means."""
    reading: Reading = UNSEEN if kind is Warning.NOT_SHOWN else Shown(a_coupon(use_count=12))
    said = coupon.warnings((kind,), reading)
    assert said
    assert ("12 times" in said) == (kind is Warning.USED)
    assert coupon.warnings_in_list((kind,))
    assert ("“This coupon is not valid”" in said) == (kind is Warning.NOT_SHOWN)


@given(before=strategies.coupons(), after=strategies.coupons())
def test_every_fact_that_differs_is_named(before: Coupon, after: Coupon) -> None:
    """Each difference is told with both values, escaped, whatever they hold."""
    for found in differences(before, after):
        said = coupon.difference(found)
        for value in (found.before, found.after):
            assert value is None or escape(value) in said or found.fact == "issued_to_person"


def test_facts_have_names_for_people() -> None:
    """No fact is told by its name in the code, where that differs from plain words."""
    for name in facts(a_coupon()):
        assert "_" not in coupon.difference(Difference(name, "a", "b"))
    assert {field.name for field in fields(Coupon)} >= set(facts(a_coupon()))


# ---------------------------------------------------------------- items


@pytest.mark.parametrize("name", [*DELETED, *NOT_DELETED])
def test_every_outcome_says_first_whether_it_is_deleted(name: str) -> None:
    """An outcome begins with the one thing that matters, and never says deleted of what is not (I4)."""
    state: ItemState = {**DELETED, **NOT_DELETED}[name]
    said = words.outcome(state, an_item(state=state))
    begins = said.removeprefix("*")
    if isinstance(state, Deleted):
        works = state.confirmation is Confirmation.STILL_SHOWN
        assert begins.startswith(f"Still works: {CODE}." if works else "Deleted")
    else:
        assert begins.startswith(("Not deleted", "Blocked:", "Unknown"))


@pytest.mark.parametrize("name", RUNNING)
def test_what_is_not_final_is_no_outcome(name: str) -> None:
    """A coupon that is still being worked on is never told as ended."""
    state = RUNNING[name]
    assert not is_final(state)
    said = words.state(an_item(state=state))
    assert ("Deleted" in said) == isinstance(state, Deleted)


@pytest.mark.parametrize(
    "verdict",
    [
        *(verdict for verdict in Verdict if verdict.value in {kind.value for kind in Kind}),
        Verdict.UNKNOWN_PERSON,
        Verdict.NOT_AN_APPROVER,
        Verdict.NOT_A_FINAL_APPROVER,
        Verdict.SAME_PERSON,
        Verdict.IS_REQUESTER,
    ],
)
def test_every_way_to_lose_an_approver_has_its_words(verdict: Verdict) -> None:
    """Why an approval no longer counts is told, with the person it is about."""
    state = NotSent(NotSentReason.APPROVER_LOST, verdict, AMIR.id)
    said = words.outcome(state, an_item(state=state))
    assert f"<@{AMIR.id}>" in said
    assert "is no longer eligible" not in said


@pytest.mark.parametrize(
    "state",
    [
        NOT_DELETED["gone, refused later"],
        NOT_DELETED["unknown for good, refused later"],
        RUNNING["unknown, refused later"],
    ],
    ids=str,
)
def test_an_answer_that_came_is_not_denied(state: ItemState) -> None:
    """If Vivoldi refused a later attempt, its words are told, and not that no answer came (C3)."""
    told = words.state(an_item(state=state))
    assert "a later one was refused. Vivoldi says: “The coupon does not exist.”" in told
    assert "No answer" not in told
    assert "No clear answer" not in told


def test_a_message_of_vivoldi_is_quoted_not_followed() -> None:
    """What Vivoldi wrote stands in quotation marks and can't mention anyone."""
    said = words.outcome(Changed(message="<!channel> gone"), an_item())
    assert "“&lt;!channel&gt; gone" in said


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict not in NEVER_TOLD])
def test_every_refusal_says_what_to_do(verdict: Verdict) -> None:
    """Someone who is refused reads a sentence of their own, in whole sentences."""
    said = refusals.refused_click(verdict, pending())
    assert said == refusals.denied(verdict)
    assert len(said) > 30
    assert said.endswith(".")
    assert "_" not in re.sub("`[A-Z_]+`", "", said)


def test_a_click_too_late_says_what_happened_meanwhile() -> None:
    """Who clicks on a decided request reads who decided what."""
    said = refusals.refused_click(Verdict.ALREADY_ENDED, approved())
    assert "<@U0AMIR0000> and <@U0BEA00000>" in said
    assert said.endswith("Your click changed nothing.")


# ---------------------------------------------------------------- Slack's format


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("a & b", "a &amp; b"),
        ("&lt;", "&amp;lt;"),
        ("“plain”", "“plain”"),
    ],
)
def test_what_others_wrote_is_escaped(text: str, escaped: str) -> None:
    """The three characters by which Slack acts are replaced, once."""
    assert escape(text) == escaped
    assert escaped in quote(text)
    assert escaped in code(text)


def test_code_stays_code() -> None:
    """A backtick in what is shown as code does not end it."""
    assert code("a`b") == "`aˋb`"


def test_a_text_is_cut_to_fit() -> None:
    """A cut text has exactly the length that is allowed, with an ellipsis at its end."""
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"


@pytest.mark.parametrize("cut", ["ab &amp; cd", "ab <@U1> cd", "ab <!date^1^{time}|x> cd", "ab &lt;x&gt;"])
@pytest.mark.parametrize("longest", range(1, 12))
def test_a_cut_leaves_nothing_half(cut: str, longest: int) -> None:
    """A mention, date or escaped character is kept whole or left out."""
    kept = clip(cut, longest)
    assert len(kept) <= longest
    assert html.unescape(kept).count("&") in (0, 1)
    assert kept.count("<") == kept.count(">")
    assert not re.search(r"&(?!amp;|lt;|gt;)", kept)


def test_a_time_is_shown_in_the_readers_zone() -> None:
    """Slack gets the moment, and a fallback in UTC for clients that can't show it."""
    assert when(NOW) == "<!date^1748833200^{date_short_pretty} {time}|2025-06-02 03:00 UTC>"
