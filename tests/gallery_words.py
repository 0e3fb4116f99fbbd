"""Every message that the bot writes, by its golden file: the gallery's cards, and all private answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.command import parse_command
from bot.domain.coupon import CouponCode, Reading, Shown
from bot.domain.errors import BadInput
from bot.domain.item.deletion import Deleted, Sending, Source, Unknown, Waiting
from bot.domain.item.freeze import Hindrance
from bot.domain.people import Grants
from bot.domain.policy import RequesterMayApprove, Verdict
from bot.domain.request.request import Approved, FailureReason, Purpose, Request
from bot.services.asked.command import (
    Accepted,
    Answer,
    Denied,
    History,
    Listing,
    Misread,
    Taken,
    TooFew,
    Usage,
)
from bot.services.ports.outside import Message
from bot.services.ports.store import OpenRequest
from handlers.render.answers import Answers
from handlers.render.card import Cards
from handlers.render.dialogs import confirmation
from tests import gallery_restore
from tests.builders import (
    CODE,
    DANA,
    NOW,
    OTHER_CODE,
    UNSEEN,
    a_coupon,
    a_policy,
    approved,
    cancelled,
    expired,
    failed,
    finished,
    only_frozen,
    pending,
    rejected,
    reviewed,
    stopped,
    submitted,
    with_states,
)
from tests.gallery import DELETED, ENDINGS, SHOWN, twenty_longest
from tests.gallery_home import home_messages
from tests.restoring import restored, restoring

_CARDS = Cards()
_BROKEN = "the connection to Vivoldi broke (RemoteProtocolError)"
_DENIALS = (
    Verdict.BOT,
    Verdict.GUEST,
    Verdict.DEACTIVATED,
    Verdict.STRANGER,
    Verdict.UNKNOWN_PERSON,
    Verdict.NOT_A_REQUESTER,
    Verdict.CHANNEL_NOT_ALLOWED,
    Verdict.DIRECT_MESSAGE,
    Verdict.FREEZE_OFF,
    Verdict.RESTORE_OFF,
)


def messages() -> dict[str, dict[str, Message]]:
    """Return every message by the name of its golden file and by what it is about."""
    cards = {
        file: {name: _CARDS.card(request) for name, request in group.items()} for file, group in SHOWN.items()
    }
    return {
        **cards,
        "outcomes": {name: _CARDS.outcome(request) for name, request in ENDINGS.items()},
        "failures": _failures(),
        "refused_clicks": _refused_clicks(),
        "command_answers": _answers(),
        "reminders": _reminders(),
        "homes": home_messages(),
        "stops": _stops(),
        "dialogs": _dialogs(),
    }


def _failures() -> dict[str, Message]:
    unreadable = failed(
        FailureReason.UNREADABLE,
        "Vivoldi refused the call (HTTP 401): look at the setting VIVOLDI_API_KEY",
        CODE,
        OTHER_CODE,
    )
    found = {"unreadable": unreadable, "unavailable": replace(unreadable, detail=_BROKEN)}
    for name in ("not_in_channel", "channel_not_found", "is_archived", "restricted_action"):
        found[name] = failed(FailureReason.NO_CARD, name)
    no = FailureReason.NOT_FREEZABLE
    found |= {f"not freezable, {each}": failed(no, each) for each in Hindrance}
    found["not freezable, two"] = failed(no, "used before, not shown", CODE, OTHER_CODE)
    found["not freezable, as stored before"] = failed(no, "only a coupon that was never used can be frozen")
    found |= gallery_restore.failures()
    return {name: Message(_CARDS.failure(request)) for name, request in found.items()}


def _reminders() -> dict[str, Message]:
    several = pending({CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN})
    waiting = {"step 1": pending(), "step 2": reviewed(), "several coupons": several}
    waiting |= {"a freeze alone": pending(purpose=Purpose.FREEZE, freeze=True), "a restoration": restoring()}
    return {name: _CARDS.reminder(request) for name, request in waiting.items()}


def _refused_clicks() -> dict[str, Message]:
    cases: dict[str, tuple[Verdict, Request | None]] = {
        verdict.value: (verdict, pending())
        for verdict in Verdict
        if verdict not in (Verdict.ALLOWED, Verdict.ALREADY_ENDED)
    }
    decided: dict[str, Request] = {
        "approved": approved(),
        "finished": finished(DELETED["answer, gone"]),
        "failed": failed(FailureReason.UNREADABLE, _BROKEN),
        "submitted": submitted(),
        "rejected": rejected(),
        "cancelled": cancelled(),
        "expired": expired(),
        "restored": restored(gallery_restore.CREATED["created"]),
        "restoring": approved(reviewed(restoring())),
        "frozen": only_frozen(),
    }
    cases |= {f"stop, {name}": (Verdict.NOTHING_TO_STOP, request) for name, request in _unstoppable().items()}
    cases |= {f"already {name}": (Verdict.ALREADY_ENDED, request) for name, request in decided.items()}
    return {name: Message(_CARDS.refused_click(*case)) for name, case in cases.items()}


def _unstoppable() -> dict[str, Request]:
    two = approved(reviewed(pending({CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN})))
    sent = with_states(two, DELETED["answer, gone"], Sending(1, 0))
    assert isinstance(sent, Approved)
    return {"nothing left": with_states(approved(), Deleted(Source.ANSWER, NOW)), "by another": stopped(sent)}


def _stops() -> dict[str, Message]:
    three: dict[CouponCode, Reading] = {CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN}
    three[CouponCode("GONE2024XX")] = UNSEEN
    running = with_states(approved(reviewed(pending(three))), DELETED["answer, gone"], Sending(1, 0))
    assert isinstance(running, Approved)
    settling = with_states(
        approved(reviewed(pending(three))), Waiting(1, 1, _BROKEN), Unknown(1, 1, _BROKEN, NOW)
    )
    assert isinstance(settling, Approved)
    return {
        "two of three were sent": Message(_CARDS.stopped(running)),
        "two of three got no answer": Message(_CARDS.stopped(settling)),
    }


def _dialogs() -> dict[str, Message]:
    """Return the dialogs as if they were messages: their titles and buttons are added as text."""
    several = reviewed(pending({CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN}))
    shown = {}
    for name, request in {"one coupon": reviewed(), "several coupons": several}.items():
        view = confirmation(request, "C0INCIDENT", "1.000100")
        names = [view[part]["text"] for part in ("title", "submit", "close")]
        shown[name] = Message(" / ".join(names), tuple(view["blocks"]))
    return shown


def _misread(text: str, *, reason_required: bool = False) -> Misread:
    """Return the answer to a command that can't be used."""
    try:
        raise AssertionError(f"understood as {parse_command(text, reason_required=reason_required)}")
    except BadInput as error:
        return Misread(str(error))


def _past() -> list[Request]:
    """Return requests about one code, one of each way that it can go."""
    return [
        submitted(),
        reviewed(),
        approved(),
        finished(DELETED["answer, gone"]),
        rejected(reviewed()),
        cancelled(),
        expired(),
        only_frozen(),
        pending(purpose=Purpose.FREEZE),
        failed(FailureReason.UNREADABLE, _BROKEN, CODE),
        restoring(),
        restored(gallery_restore.CREATED["created"]),
    ]


def _freezes() -> list[Request]:
    return [only_frozen(), expired(pending(purpose=Purpose.FREEZE))]


def _answers() -> dict[str, Message]:
    plain = OpenRequest(pending(), "1748833205.000100")
    several = OpenRequest(reviewed(pending(dict.fromkeys(list(twenty_longest())[:5], UNSEEN))), "1.000200")
    unread = OpenRequest(submitted(CODE, OTHER_CODE), None)
    never = a_policy(
        requester_may_approve=RequesterMayApprove.NEVER,
        final_approvers=Grants(users=frozenset({DANA.id})),
        approve_within=timedelta(seconds=61),
    )
    answers: dict[str, Answer] = {
        "accepted": Accepted("CG-7K2M9QX4AB", (CODE,)),
        "accepted, several": Accepted("CG-7K2M9QX4AB", (CODE, OTHER_CODE)),
        "help": Usage(a_policy()),
        "help, the requester never approves": Usage(never),
        "list": Listing([plain, several, unread, OpenRequest(approved(), "1.000300")], False),
        "list, more than fit": Listing([plain], True),
        "list, empty": Listing([], False),
        "show": History(CODE, [OpenRequest(request, "1.000400") for request in _past()], False),
        "show, more than fit": History(CODE, [plain], True),
        "show, a freeze alone": History(
            CODE, [OpenRequest(request, "1.000400") for request in _freezes()], False
        ),
        "show, never asked for": History(CODE, [], False),
        "taken": Taken(CODE, plain),
        "taken, not posted yet": Taken(CODE, unread),
        "taken, just ended": Taken(CODE, None),
        "too few": TooFew(),
        "too few for a freeze": TooFew(Purpose.FREEZE),
        "accepted, a freeze": Accepted("CG-7K2M9QX4AB", (CODE,), Purpose.FREEZE),
        "help, with restoring": Usage(a_policy(restore=True)),
        "restore without a code": _misread("restore"),
        "restore several": _misread(f"restore {CODE},{OTHER_CODE}"),
        "help, no freezing": Usage(a_policy(freeze=False)),
        "list, a freeze": Listing([OpenRequest(pending(purpose=Purpose.FREEZE), "1.000500")], False),
        "freeze without a code": _misread("freeze"),
        "no code": _misread(","),
        "not a code": _misread("FREE!CAKE for all"),
        "hostile": _misread("<!channel>`*x*`"),
        "too long": _misread("x" * 60),
        "a code or the reason": _misread(f"{CODE} DUPLICATE"),
        "a word before a code": _misread(f"campaign {CODE} is over"),
        "close to a command": _misread(f"freez {CODE} leaked"),
        "unfreeze": _misread(f"unfreeze {CODE}"),
        "no reason": _misread(CODE, reason_required=True),
        "reason too long": _misread(f"{CODE} {'x' * 501}"),
        "too many codes": _misread(",".join(twenty_longest()) + f",{CODE}"),
        "codes that differ in case": _misread(f"{CODE},{CODE.lower()}"),
    }
    answers |= {f"denied: {verdict}": Denied(verdict) for verdict in _DENIALS}
    return {
        name: Message(Answers("https://guard.slack.com").text(answer)) for name, answer in answers.items()
    }
