"""What people read, as the judge understands it: the one place that knows the bot's words.

A sentence makes claims; each claim is judged by itself, in the module that judges its kind. When words
change, this table is changed, and nothing else here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum, auto


class Claim(StrEnum):
    """What a sentence can claim of a coupon."""

    # what became of a deletion
    SAID_SO = auto()
    CONFIRMED = auto()
    UNREAD_AFTER = auto()
    STILL_SHOWN = auto()
    REPLACED = auto()
    SETTLED = auto()
    UNKNOWN = auto()
    REFUSED = auto()
    READ_REFUSED = auto()
    CHANGED = auto()
    THAWED = auto()
    NOT_SHOWN = auto()
    BY_OTHERS = auto()
    APPEARED = auto()
    TOO_LATE = auto()
    STOPPED = auto()
    APPROVER_LOST = auto()
    FORGED = auto()
    SWITCHED = auto()
    REJECTED = auto()
    CANCELLED = auto()
    TIMED_OUT = auto()
    NO_ANSWER = auto()
    NO_YES = auto()
    REFUSED_LATER = auto()
    STILL_THERE = auto()
    UNSEEN_BEFORE = auto()
    GONE = auto()
    STILL_WORKS = auto()
    # what became of a freeze
    UNDERWAY = auto()
    FROZEN = auto()
    UNFROZEN = auto()
    NOT_FROZEN = auto()
    DATE_REFUSED = auto()
    NO_EFFECT = auto()
    STILL_HIDDEN = auto()
    CHANGED_MEANWHILE = auto()
    FREEZE_UNKNOWN = auto()
    FREEZE_UNSURE = auto()
    UNFREEZABLE = auto()
    HELD_BY_ANOTHER = auto()
    ENDED_FIRST = auto()
    APPROVED_FIRST = auto()
    ENDED_BY_ANOTHER = auto()
    # what became of a creation
    CREATED = auto()
    AS_APPROVED = auto()
    NOT_AS_APPROVED = auto()
    NOT_VALID = auto()
    ORIGINAL = auto()
    NEVER_SEEN = auto()
    HAS_ENDED = auto()
    KEPT_OTHERWISE = auto()
    VALIDATES_AGAIN = auto()


Table = tuple[tuple[str, Claim], ...]

# Every ending of a deletion makes at least one of these claims.
OF_A_DELETION: Table = (
    (r"Vivoldi said so|\*Deleted\*, as Vivoldi says", Claim.SAID_SO),
    (r"and the coupon no longer validates", Claim.CONFIRMED),
    (r"could not be read afterwards", Claim.UNREAD_AFTER),
    (r"a coupon still validates under this code", Claim.STILL_SHOWN),
    (r"nother coupon, created since", Claim.REPLACED),
    (r"settled by reading", Claim.SETTLED),
    (r"\*Unknown\.", Claim.UNKNOWN),
    (r"\*Blocked: it no longer works", Claim.GONE),
    (r"Still works", Claim.STILL_WORKS),
    (r"Vivoldi refused\.\*", Claim.REFUSED),
    (r"Vivoldi refused to be read", Claim.READ_REFUSED),
    (r"changed since it was shown", Claim.CHANGED),
    (r"it is no longer frozen", Claim.THAWED),
    (r"no longer shown", Claim.NOT_SHOWN),
    (r"it was used up, expired or removed", Claim.BY_OTHERS),
    (r"changed since it was approved unseen", Claim.APPEARED),
    (r"the time to do it ran out", Claim.TOO_LATE),
    (r"stopped by", Claim.STOPPED),
    (r"no longer counts", Claim.APPROVER_LOST),
    (r"are not for what is stored", Claim.FORGED),
    (r"switched to another server", Claim.SWITCHED),
    (r"rejected this request", Claim.REJECTED),
    (r"cancelled this request", Claim.CANCELLED),
    (r"[Tt]his request ran out", Claim.TIMED_OUT),
    (r"No answer came|No clear answer to the deletion came", Claim.NO_ANSWER),
    (r"No answer said so", Claim.NO_YES),
    (r"a later one was refused", Claim.REFUSED_LATER),
    (r"An attempt before got no clear answer, and a read after it still showed", Claim.STILL_THERE),
    (r"It did not validate before either", Claim.UNSEEN_BEFORE),
)
# What a request for a freeze alone says of its end; the rest of it is told as what its cards say.
OF_AN_END = frozenset({Claim.REJECTED, Claim.CANCELLED, Claim.TIMED_OUT})

# Every line about a freeze begins with one of `FREEZE_BEGINS`, and makes at least one of these claims.
OF_A_FREEZE: Table = (
    (r"\*Being ", Claim.UNDERWAY),
    (r"\*No longer validates\*", Claim.FREEZE_UNSURE),
    (r"\*Frozen\*", Claim.FROZEN),
    (r"\*Unfrozen\*", Claim.UNFROZEN),
    (r"\*Not frozen", Claim.NOT_FROZEN),
    (r"rozen: Vivoldi refused", Claim.DATE_REFUSED),
    (r"it still validates", Claim.NO_EFFECT),
    (r"it does not validate", Claim.STILL_HIDDEN),
    (r"changed since it was shown", Claim.CHANGED),
    (r"someone changed it meanwhile", Claim.CHANGED_MEANWHILE),
    (r"request CG-\w+ has it now", Claim.HELD_BY_ANOTHER),
    (r"the request ended before", Claim.ENDED_FIRST),
    (r"the deletion was approved first", Claim.APPROVED_FIRST),
    (r"no longer shown", Claim.NOT_SHOWN),
    (r"request CG-\w+ (may have )?(deleted|created) it", Claim.ENDED_BY_ANOTHER),
    (r"\*Unknown whether", Claim.FREEZE_UNKNOWN),
    (
        r"Vivoldi (does not show it|keeps its dates|does not tell)|frozen already|no expiry date",
        Claim.UNFREEZABLE,
    ),
)
FREEZE_BEGINS = (
    "*Frozen*",
    "*Unfrozen*",
    "*Not frozen",
    "*Not unfrozen",
    "*Unknown whether",
    "*Being ",
    "*No longer validates*",
    "*No longer frozen",
)

OF_A_CREATION: Table = (
    (r"Vivoldi said so|Vivoldi said that it was created|again\*, as Vivoldi says", Claim.CREATED),
    (r"and it validates, with the approved facts", Claim.AS_APPROVED),
    (r"a coupon with the approved facts validates under this code", Claim.AS_APPROVED),
    (r"settled by reading", Claim.SETTLED),
    (r"but it does not validate", Claim.NOT_VALID),
    (r"but not as approved|another coupon than the approved one validates", Claim.NOT_AS_APPROVED),
    (r"the very coupon of before validates", Claim.ORIGINAL),
    (r"could not be read (afterwards|to find out)", Claim.UNREAD_AFTER),
    (r"No clear answer to the creation came", Claim.NO_ANSWER),
    (r"has passed\*, so it could not be used", Claim.HAS_ENDED),
    (r"what was kept of the coupon is not what was approved", Claim.KEPT_OTHERWISE),
    (r"\*Unknown\.", Claim.UNKNOWN),
    (r"no read showed it", Claim.NEVER_SEEN),
    (r"Vivoldi refused\.\*", Claim.REFUSED),
    (r"the code validates again", Claim.VALIDATES_AGAIN),
    (r"Vivoldi refused to be read", Claim.READ_REFUSED),
    (r"the time to do it ran out", Claim.TOO_LATE),
    (r"stopped by", Claim.STOPPED),
    (r"no longer counts", Claim.APPROVER_LOST),
    (r"are not for what is stored", Claim.FORGED),
    (r"switched to another server", Claim.SWITCHED),
    (r"rejected this request", Claim.REJECTED),
    (r"cancelled this request", Claim.CANCELLED),
    (r"without two approvals", Claim.TIMED_OUT),
)

# How an ending is called, by how its words begin, or by what is in them; the first that fits.
_KINDS = (
    (r"The freeze was all that was asked for", "frozen"),
    (r"\*Still works", "still works"),
    (r"^\*Deleted", "deleted"),
    (r"^\*Blocked", "gone"),
    (r"^\*Unknown", "unknown"),
    (r"^\*Not deleted", "not deleted"),
    (r"^\*Created again", "created"),
    (r"^\*Not created", "not created"),
    (r"nothing was created|validates in Vivoldi|Nothing is kept", "not created"),
    (r"created again, it could not be used|can't be restored", "not created"),
    (r"can't be frozen", "not frozen"),
    (r"nothing was (deleted|done)", "not deleted"),
)
_FREEZE_ALONE = re.compile(r"The freeze was all that was asked for")


def claims(table: Table, words: str) -> list[tuple[str, Claim]]:
    """Return what a sentence claims, each claim with the words that make it."""
    found = ((re.search(pattern, words), claim) for pattern, claim in table)
    return [(match[0], claim) for match, claim in found if match]


def kind_of(words: str) -> str | None:
    """Return how an ending is called; None: the words tell none."""
    return next((kind for pattern, kind in _KINDS if re.search(pattern, words)), None)


def ends_a_freeze_alone(text: str) -> bool:
    """Return whether a reply says that a freeze, which was all that was asked for, is done."""
    return bool(_FREEZE_ALONE.search(text))


def is_of_a_freeze(words: str) -> bool:
    """Return whether a line tells of a freeze, and not of a deletion."""
    return words.startswith(FREEZE_BEGINS)


# ---------------------------------------------------------------- lines and messages


def lines_about(text: str, code: str) -> list[str]:
    """Return what each line of a text that begins with a code says of it."""
    return re.findall(rf"^`?{code}`?:? (.*)$", text, re.M)


def told_lines(text: str, code: str) -> list[str]:
    """Return what each line of a reply or a notice that tells an outcome says of a code."""
    return re.findall(rf"^`{code}`:? (.*)$", text, re.M)


def freezes_in(text: str, code: str) -> list[str]:
    """Return what a text says of the freeze of a coupon, in its line, where its outcome may come first."""
    lines = lines_about(text, code)
    begun = [(min((line.find(b) for b in FREEZE_BEGINS if b in line), default=-1), line) for line in lines]
    return [line[begin:] for begin, line in begun if begin >= 0]


# What follows on a card's line about a coupon, after how it ended.
_AFTER = (*FREEZE_BEGINS, "*Warnings shown:*", "Check first:")
_ENDED = re.compile(
    r"^(<@\w+> (?:rejected|cancelled) this request .*|This request ran out .*"
    r"|The freeze was all that was asked for.*)$",
    re.M,
)


def told_on_a_card(card: str, code: str) -> str:
    """Return what a card says of how its request ended for a code: in its line, or for all of them."""
    line = next(iter(lines_about(card, code)), "")
    own = line[: min((line.find(after) for after in _AFTER if after in line), default=len(line))]
    ended = _ENDED.search(card)
    return own if kind_of(own) or not ended else ended[0]


def is_listed(card: str, code: str) -> bool:
    """Return whether a card has a line about a coupon."""
    return any(line.startswith((f"{code}:", f"{code}.")) for line in card.splitlines())


def is_outcome(text: str, code: str) -> bool:
    """Return whether a private message tells how what was asked for ended for a code."""
    asked = re.search("asked to (delete|restore|freeze)", text) is not None
    return asked and f"`{code}`" in text


def request_of(blocks: list[dict[str, object]]) -> str | None:
    """Return the id of the request that a message is a card of; None: it is none."""
    named = re.search(r"Request (CG-[A-Z0-9]+)", str(blocks[-1:]))
    return named[1] if named else None


def is_about(code: str, text: str) -> bool:
    """Return whether a card is about a code."""
    return bool(re.search(rf"(?<![A-Za-z0-9]){code}(?![A-Za-z0-9])", text))


def purpose_of(card: str) -> str:
    """Return what a card's first version asks for: `delete`, `freeze` or `restore`."""
    named = re.match(r"(Delete|Freeze|Restore) ", card)
    return named[1].lower() if named else "delete"


def step_of(card: str) -> int | None:
    """Return the step that a card waits for; None: none."""
    named = re.search(r"Step ([12]) of 2", card)
    return int(named[1]) if named else None


def is_approved_by(card: str, user: str) -> bool:
    """Return whether a card names someone for an approval."""
    return f"Approved by <@{user}>" in card


def requester_of(card: str) -> str | None:
    """Return who asked for what a card is about."""
    named = re.search(r"\*Asked by\* <@(\w+)>", card)
    return named[1] if named else None


def deadline_of(card: str) -> datetime | None:
    """Return the approve-by of a card, at the latest: the card has whole seconds."""
    named = re.search(r"Decide by <!date\^(\d+)\^", card)
    return datetime.fromtimestamp(int(named[1]) + 1, UTC) if named else None


def named_approver(words: str) -> str | None:
    """Return whose approval is told to count no more."""
    named = re.search(r"the approval by <@(\w+)>", words)
    return named[1] if named else None


def decider(words: str) -> str | None:
    """Return who is told to have rejected or cancelled a request."""
    named = re.search(r"<@(\w+)> (?:rejected|cancelled) this request", words)
    return named[1] if named else None


def stopper(words: str) -> str | None:
    """Return who is told to have stopped a deletion."""
    named = re.search(r"stopped by <@(\w+)>", words)
    return named[1] if named else None


def freezer(words: str) -> str | None:
    """Return who is told to have asked for a freeze, or for its end; None: nobody is named."""
    named = re.search(r"(?:by|since) <@(\w+)>", words)
    return named[1] if named else None


def is_of_an_undoing(words: str) -> bool:
    """Return whether a line about a freeze tells that it was not undone."""
    return words.startswith("*Not unfrozen")


def reminded_of(text: str) -> str | None:
    """Return the step that a reply reminds people of; None: it is no reminder."""
    waiting = re.search(r"still waits (for step \d|for one of you)", text)
    return waiting[1] if waiting else None


def told_to_be_frozen(reminder: str) -> list[str]:
    """Return the codes for which a reminder calls people to the Freeze button."""
    named = re.search(r"freezing ((?:`\w+`, )*`\w+`) still waits", reminder)
    return codes_in(named[1]) if named else []


def has_freeze_button(card: str) -> bool:
    """Return whether a card, by its text and blocks, has the button that freezes."""
    return '"action_id": "freeze"' in card


# What the bot tells someone whose stop came too late, for some coupons or for all, which is no outcome.
_STOPS = ("Stopped: nothing more is sent.", "There is nothing left to stop.", "has stopped it already")


def answers_a_stop(text: str) -> bool:
    """Return whether a private message tells what a stop came to, which is no outcome."""
    return any(told in text for told in _STOPS)


def promises_a_card(answer: str) -> bool:
    """Return whether an answer says that a card comes."""
    return "the card appears here" in answer


def is_open_already(answer: str) -> bool:
    """Return whether an answer says that a code is in an open request."""
    return "already in an open request" in answer


def tells_unread(text: str) -> bool:
    """Return whether a message says that there is no card because Vivoldi could not be read."""
    return "I could not read" in text


def tells_unposted(text: str) -> bool:
    """Return whether a message says that there is no card because Slack refused it."""
    return "I can't post the card" in text


def why_unfreezable(text: str, code: str) -> str | None:
    """Return why a coupon is said not to be freezable; None: no reason is given for it."""
    named = re.search(rf"`{code}`(?: can't be frozen)?: ([^.;]+)", text)
    return named[1] if named else None


def calls_hidden_valid(line: str) -> bool:
    """Return whether a line warns that a coupon is valid which it says is not shown any more."""
    hidden = re.search(r"\*(Frozen\*|No longer validates\*|Not frozen: no longer shown)", line)
    return bool(hidden and re.search(r"\*Check first:\*.*valid today", line[hidden.end() :]))


def tells_unfreezable(text: str) -> bool:
    """Return whether a message says that there is no card because a coupon can't be frozen."""
    return "can't be frozen" in text


_NOT_RESTORED = (
    ("validates in Vivoldi", "validates"),
    ("Nothing is kept", "not kept"),
    ("created again, it could not be used", "has ended"),
    ("none of the keys in `SNAPSHOT_KEYS` opens what is kept", "key lost"),
    ("what is kept in its place belongs to another coupon", "not its own"),
    ("Vivoldi had not given everything that is needed", "incomplete"),
)


def tells_nothing_to_restore(text: str) -> str | None:
    """Return why there is no card for a restoration, in a word or two; None: it does not say so."""
    return next((why for words, why in _NOT_RESTORED if words in text), None)


# Buttons that may stay on a card after the end, since they decide nothing about what it asked for.
_STAYING = ("unfreeze", "show-all")


def stays(action: str) -> bool:
    """Return whether a button may stay on the card of a request that has ended."""
    return action in _STAYING


def codes_asked_to_delete(card: str) -> list[str]:
    """Return the code that a card with a single coupon asks to delete."""
    return re.findall(r"^Delete (?:coupon )?(\w+)\?", card)


def codes_in(text: str) -> list[str]:
    """Return the codes that a message names."""
    return re.findall(r"`([A-Za-z0-9]{8,16})`", text)


# ---------------------------------------------------------------- what is said of several, and of nothing

# What is said not to have been done: to what kinds of calls that is a claim.
_NOTHING = (
    (r"[Nn]othing was set back", ("update",)),
    (r"[Nn]othing was (changed|done)", ("delete", "update", "create")),
    (r"[Nn]othing was deleted", ("delete",)),
    (r"[Nn]othing was created", ("create",)),
    (r"[Nn]othing was frozen", ("update",)),
)


def nothing_done(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each claim of a text that nothing was done, with the kinds of calls that would belie it."""
    found = ((re.search(pattern, text), kinds) for pattern, kinds in _NOTHING)
    return [(match[0], kinds) for match, kinds in found if match]


def date_set(words: str) -> str | None:
    """Return the expiry date that a line says was set; None: it names none."""
    named = re.search(r"(?:is now|its date is) (\d{4}-\d\d-\d\d)", words)
    return named[1] if named else None


def date_going_back(words: str) -> str | None:
    """Return the expiry date that a line says is being set back; None: it says so of none."""
    named = re.search(r"its expiry date is set back to (\d{4}-\d\d-\d\d)", words)
    return named[1] if named else None


def offers_the_way_back(card: str) -> bool:
    """Return whether a card has the button that undoes a freeze. card: its text and its blocks."""
    return '"unfreeze"' in card


def promises_the_way_back(card: str) -> bool:
    """Return whether a card's freeze is offered as one that can be undone."""
    return "sets it back" in card and "can't be set back" not in card


def blames_itself(text: str) -> bool:
    """Return whether a message names no owner of the trouble but the bot."""
    return bool(re.search(r"error of my own", text))


def plays_down(text: str) -> bool:
    """Return whether a message tells of a deletion that did not work, and not first of all."""
    works = re.search(r"a coupon still validates under this code", text)
    return bool(works) and "⚠️ Still works" not in text.partition("\n")[0]


def named_request(words: str) -> str | None:
    """Return the request that is told to have a coupon now; None: none is named."""
    named = re.search(r"request (CG-\w+) (?:has it now|(?:may have )?(?:deleted|created) it)", words)
    return named[1] if named else None
