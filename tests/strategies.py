"""Hypothesis strategies: coupons, requests and texts as Vivoldi and people may write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import cycle

from hypothesis import strategies as st

from bot.domain.coupon import (
    Coupon,
    CouponCode,
    DiscountKind,
    NotShown,
    Reading,
    Shown,
    differences,
)
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    ItemState,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.item.freeze import Dates, Free, Freeze, Frozen, Goal, NotDone, Sent, Underway, Unfrozen, Why
from bot.domain.item.restore import (
    Created,
    Creating,
    Doubt,
    Held,
    NotCreated,
    RestoreState,
    Seen,
    ToCreate,
    Unclear,
    WhyNot,
)
from bot.domain.policy import Verdict
from bot.domain.request.request import Pending, Purpose
from bot.domain.request.request import Shown as ShownRequest
from bot.text import plain
from tests.builders import (
    AMIR,
    CODE,
    NOW,
    a_coupon,
    approved,
    cancelled,
    expired,
    freezing,
    pending,
    rejected,
    reviewed,
    with_states,
)
from tests.restoring import DELETION, a_draft, restored, restoring

CODES = st.from_regex(r"[A-Za-z0-9]{8,16}", fullmatch=True).map(CouponCode)
# What Slack's format gives a meaning to, and letters of more than one width.
_ALPHABET = st.one_of(st.sampled_from("<>&*_~`|@#!^:\n aé字🎂"), st.characters(codec="utf-8"))
_DAYS = st.dates(date(2024, 1, 1), date(2027, 1, 1)).map(date.isoformat)


def texts(longest: int) -> st.SearchStrategy[str]:
    """Return texts as the adapters let them in: fit for showing, and at most so long."""
    pieces = st.text(_ALPHABET, min_size=1, max_size=8)
    return st.builds(
        lambda piece, times: plain(piece * times, longest) or "x", pieces, st.sampled_from([1, 3, longest])
    )


def coupons(number: CouponCode = CODE) -> st.SearchStrategy[Coupon]:
    """Return coupons of one number, any fact of which may be missing."""
    return st.builds(
        Coupon,
        number=st.just(number),
        name=st.none() | texts(200),
        discount_kind=st.none() | st.sampled_from(DiscountKind),
        discount=st.none() | st.sampled_from(["60", "0.5", "9" * 30]),
        currency=st.none() | st.sampled_from(["USD", "KRW"]) | texts(40),
        starts_on=st.none() | _DAYS | texts(40),
        ends_on=st.none() | _DAYS | texts(40),
        use_limit=st.none() | st.integers(0, 5),
        use_count=st.none() | st.integers(0, 10**9),
        created_at=st.none() | st.sampled_from(["2024-11-17 17:29:25", "2025-06-01 00:00:00"]) | texts(40),
        domain=st.none() | texts(200),
        issued_to_person=st.booleans(),
    )


def _near() -> st.SearchStrategy[Coupon]:
    """Return coupons that differ from a_coupon() in few facts, so that pairs are often alike."""
    return st.builds(
        a_coupon,
        use_count=st.integers(0, 1),
        ends_on=st.sampled_from(["2025-12-31", "2026-12-31"]),
        created_at=st.sampled_from([None, "2024-11-17 17:29:25", "2025-06-01 00:00:00"]),
    )


def readings(number: CouponCode = CODE) -> st.SearchStrategy[Reading]:
    """Return what a read of a code may show."""
    return st.one_of(
        st.builds(Shown, coupons(number)), st.builds(Shown, _near()), st.builds(NotShown, texts(500))
    )


def _finals(before: Reading) -> st.SearchStrategy[ItemState]:
    """Return the outcomes that an item may have which was shown as `before`."""
    attempts = st.integers(1, 9)
    return st.one_of(
        st.builds(Deleted, st.just(Source.ANSWER), st.just(NOW), st.sampled_from(Confirmation)),
        st.just(Deleted(Source.READING, NOW, Confirmation.GONE)),
        st.builds(Refused, texts(700)),
        st.builds(Changed, message=st.none() | texts(500)),
        st.builds(
            NotSent,
            st.sampled_from([NotSentReason.TOO_LATE, NotSentReason.UNREADABLE, NotSentReason.NOT_BOUND]),
            st.none() | texts(700),
            unanswered=attempts,
        ),
        st.builds(
            NotSent,
            st.just(NotSentReason.APPROVER_LOST),
            st.sampled_from([Verdict.GUEST, Verdict.NOT_AN_APPROVER]),
            st.just(AMIR.id),
        ),
        st.builds(
            NotSent,
            st.just(NotSentReason.STOPPED),
            unanswered=st.integers(0, 2),
            stopped_by=st.just(AMIR.id),
        ),
        st.builds(Unknown, attempts, attempts, texts(700), st.just(NOW), final=st.just(True)),
        *([readings().map(lambda after: _drift(before, after))] if isinstance(before, Shown) else []),
    )


def _drift(before: Shown, after: Reading) -> Changed:
    if isinstance(after, NotShown):
        return Changed(message=after.message)
    return Changed(differences(before.coupon, after.coupon))


_RUNNING: st.SearchStrategy[ItemState] = st.one_of(
    st.builds(Waiting, obstacle=st.none() | texts(700)),
    st.just(Sending(1, 0)),
    st.builds(Unknown, st.just(1), st.just(1), texts(700), st.just(NOW)),
    st.just(Deleted(Source.ANSWER, NOW)),
)


_DATES = st.builds(Dates, st.sampled_from(["2025-12-31", "9999-12-31"]) | texts(40), st.just("2025-06-01"))
FREEZES: st.SearchStrategy[Freeze] = st.one_of(
    st.just(Free()),
    st.builds(Frozen, st.just(AMIR.id), st.just(NOW), _DATES),
    st.builds(Unfrozen, st.just(AMIR.id), st.just(NOW), _DATES),
    st.builds(
        Underway,
        st.sampled_from(Goal),
        st.just(AMIR.id),
        st.just(NOW),
        _DATES,
        st.sampled_from(Sent),
        st.none() | texts(700),
    ),
    st.builds(
        NotDone,
        st.sampled_from(Goal),
        st.just(AMIR.id),
        st.just(NOW),
        _DATES,
        st.sampled_from(Why),
        st.booleans(),
        st.none() | texts(700),
        st.builds(lambda after: differences(a_coupon(), after), coupons()),
    ),
)


_DIFFERENCES = st.builds(lambda after: differences(a_coupon(), after), coupons())
_RESTORE_STATES: st.SearchStrategy[RestoreState] = st.one_of(
    st.builds(ToCreate, obstacle=st.none() | texts(700)),
    st.just(Creating(1)),
    st.builds(
        Unclear,
        st.just(1),
        texts(700),
        st.just(NOW),
        st.none() | st.sampled_from(Seen),
        _DIFFERENCES,
        texts(500),
    ),
    st.builds(
        Created, st.booleans(), st.just(NOW), st.none() | st.sampled_from(Seen), _DIFFERENCES, texts(500)
    ),
    st.builds(
        NotCreated, st.sampled_from([why for why in WhyNot if why is not WhyNot.APPROVER_LOST]), texts(700)
    ),
    st.just(NotCreated(WhyNot.APPROVER_LOST, Verdict.GUEST, AMIR.id)),
)


@st.composite
def restorations(draw: st.DrawFn) -> ShownRequest:
    """Return a request for a restoration at any state."""
    drafted = a_draft(
        held=Held(draw(coupons()), draw(st.booleans())),
        deletion=replace(DELETION, certain=draw(st.booleans())),
        doubts=tuple(draw(st.sets(st.sampled_from(Doubt)))),
    )
    asked = restoring(drafted, reason=draw(texts(500)))
    if draw(st.booleans()):
        return restored(draw(_RESTORE_STATES), drafted)
    decided: list[ShownRequest] = [asked, reviewed(asked), rejected(asked), cancelled(asked), expired(asked)]
    return draw(st.sampled_from(decided))


@st.composite
def shown_requests(draw: st.DrawFn) -> ShownRequest:
    """Return a request at any state, for up to twenty coupons, some of which may be frozen."""
    if draw(st.integers(0, 3)) == 0:
        return draw(restorations())
    found = draw(_unfrozen_requests())
    if draw(st.booleans()):
        return found
    return freezing(found, *(draw(FREEZES) for _ in found.items))


# Drawing a coupon takes long. Of many codes, several are alike then, as they are where codes were leaked.
_KINDS_OF_READINGS = 4


def _read(codes: Sequence[CouponCode], drawn: Sequence[Reading]) -> dict[CouponCode, Reading]:
    """Return a reading of each code: those that were drawn, in turns."""
    return {code: _of(code, reading) for code, reading in zip(codes, cycle(drawn), strict=False)}


def _of(code: CouponCode, reading: Reading) -> Reading:
    if not isinstance(reading, Shown):
        return reading
    return replace(reading, coupon=replace(reading.coupon, number=code))


@st.composite
def _unfrozen_requests(draw: st.DrawFn) -> ShownRequest:
    codes = [CouponCode(f"COUPON{number:010d}") for number in range(draw(st.sampled_from([1, 3, 20])))]
    purpose = draw(st.sampled_from([Purpose.DELETE, Purpose.FREEZE]))
    asked = pending(
        _read(codes, [draw(readings(code)) for code in codes[:_KINDS_OF_READINGS]]),
        reason=draw(texts(500)),
        purpose=purpose,
        freeze=draw(st.booleans()),
    )
    if purpose is Purpose.FREEZE:
        decided: list[ShownRequest] = [asked, rejected(asked), cancelled(asked), expired(asked)]
        return draw(st.sampled_from(decided))
    given = draw(st.sampled_from([asked, reviewed(asked)]))
    stage = draw(st.sampled_from(["pending", "ended", "running", "finished"]))
    if stage == "pending":
        return given
    if stage == "ended":
        ends: list[Callable[[Pending], ShownRequest]] = [rejected, cancelled, expired]
        return draw(st.sampled_from(ends))(given)
    ready = approved(reviewed(asked))
    finals = [draw(_finals(item.snapshot)) for item in ready.items]
    if stage == "running":
        return with_states(ready, *finals[:-1], draw(_RUNNING))
    return with_states(ready, *finals)
