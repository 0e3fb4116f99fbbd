"""I4: who is told privately that there is no card is told why."""

from __future__ import annotations

from collections.abc import Sequence

from tests.judge import coupons, sentences
from tests.judge.case import Case
from tests.judge.rules import Ending, Rule
from tests.judge.seen import Asked, Said
from tests.judge.told import ending_of


def look_at_failures(case: Case, codes: Sequence[str]) -> None:
    """Judge what each person was told who got no card."""
    for code in codes:
        private = [said for said in case.seen.said if said.thread is None and f"`{code}`" in said.text]
        _judge_private(case, code, [said for said in private if not sentences.is_outcome(said.text, code)])


def _judge_private(case: Case, code: str, private: list[Said]) -> None:
    told = {(ending_of(code, said.text), said.text): said for said in private}
    for (ending, text), said in told.items():
        if ending is None:
            continue
        if not _is_true(case, said):
            case.find(Rule.WRONG, code, f"that is not why there is no card: {text}", said.index)
        case.endings.append(Ending(code, ending.kind, ending.words))


def _is_true(case: Case, said: Said) -> bool:
    named = sentences.codes_in(said.text)
    reads = [read for name in named for read in case.seen.calls("read", name) if read.index < said.index]
    if sentences.tells_unread(said.text):
        return not all(read.answered for read in reads)
    if sentences.tells_unposted(said.text):
        return bool(case.seen.unposted)
    if sentences.tells_unfreezable(said.text):
        return all(_is_unfreezable(case, said, name) for name in named)
    why = sentences.tells_nothing_to_restore(said.text)
    return why is not None and _is_not_restorable(case, said, why, reads)


def _is_unfreezable(case: Case, said: Said, code: str) -> bool:
    """Return whether the reason that is given for a coupon is that of what the last read of it showed."""
    reads = [read for read in case.seen.calls("read", code) if read.answered and read.index < said.index]
    why = sentences.why_unfreezable(said.text, code) or ""
    found = case.seen.coupon(code, reads[-1].finished) if reads and reads[-1].shown else None
    return coupons.is_no_freeze(why, found)


def _is_not_restorable(case: Case, said: Said, why: str, reads: list[Asked]) -> bool:
    """Return whether there is such a reason why a coupon can't be created again."""
    (code, *_) = sentences.codes_in(said.text)
    gone = coupons.deleted_last(case.seen, code, said.index)
    match why:
        case "validates":
            return any(read.shown for read in reads)
        case "not kept":
            return not _is_kept(case, code, said.index)
        case "has ended":
            return gone is not None and coupons.is_over(gone, said.at + coupons.FURTHEST_AHEAD)
        case "incomplete":
            return gone is not None and any(gone.facts.get(name) is None for name in coupons.NEEDED)
        case _:
            return gone is not None and case.record.forged


def _is_kept(case: Case, code: str, index: int) -> bool:
    """Return whether the bot deleted a coupon that it had been shown right before, as Vivoldi said."""
    deletes = [d for d in case.seen.calls("delete", code) if d.shown and d.finished < index]
    bases = [case.own_read(code, 0, delete) for delete in deletes]
    return any(basis is not None and basis.shown for basis in bases)
