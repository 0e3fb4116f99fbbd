"""Acts beyond the deletion of one coupon: a freeze, many codes from a form, and a restoration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.demo.scene import CHANNEL, Coupon, Person, Scene
from sandbox.slack_client import Message, Modal

RIKA = Person("U0RIKA0000", "Rika")
AMIR = Person("U0AMIR0000", "Amir")
BEA = Person("U0BEA00000", "Bea")

MANY = 24


async def frozen_meanwhile(scene: Scene) -> None:
    """A coupon is frozen by one click while people decide, and set back after they decided to keep it."""
    scene.telling.act("A coupon is frozen at once, while people decide")
    coupon = await scene.coupon("WHISK20OFF", nm="20% off whisks", disc=20)
    before = (await _held(scene, coupon.code))["endYmd"]
    card = await scene.asks(RIKA, coupon, "is it leaked?")
    scene.telling.say("Amir clicks [ Freeze Now ]. One approver is enough, and the card says:")
    await scene.slack.click(AMIR.id, card, "freeze")
    card = await scene.reads(card, "*Frozen* by")
    scene.telling.quote(card.rendered, "Frozen by @Amir")
    today = datetime.now(UTC).date().isoformat()
    ends = (await _held(scene, coupon.code))["endYmd"]
    scene.telling.check("In Vivoldi it has expired: nobody can use it.", ends < today, ends)
    scene.telling.say("It was a false alarm. Bea clicks [ Reject ], and Amir [ Unfreeze ].")
    await scene.slack.click(BEA.id, card, "reject")
    ended = await scene.reads(card, "rejected this request")
    await scene.slack.click(AMIR.id, ended, "unfreeze")
    ended = await scene.reads(card, "*Unfrozen* by")
    scene.telling.quote(ended.rendered, "Unfrozen by @Amir")
    ends = (await _held(scene, coupon.code))["endYmd"]
    scene.telling.check("Its expiry date is the one of before.", ends == before, (before, ends))
    await scene.kept(coupon)


async def many_codes(scene: Scene) -> None:
    """Many codes go from a form to one card, and to a file with what came of each."""
    scene.telling.act("Many codes at once, from a form")
    codes = [(await scene.coupon(f"FORK{number:02d}LEAK")).code for number in range(MANY)]
    scene.telling.say(
        "Rika types: /coupon-delete, and nothing else. A form opens. She pastes codes from a chat, chooses a "
        "reason, and clicks [ Ask for Deletion ]. Under the codes the form says:"
    )
    after = await scene.slack.last_seq()
    await scene.slack.command(RIKA.id, "")
    form = await scene.until("the form", scene.slack.wait_modal(RIKA.id, after=after))
    sent = await scene.slack.send_modal(form, codes=f"{' '.join(codes)}\nforks!", ground="leaked")
    scene.telling.quote(sent.modal.errors.get("codes", ""), "line 2: forks!")
    scene.telling.say("She takes that out, and sends it again. The card sums up:")
    await scene.slack.send_modal(form, codes=" ".join(codes), ground="leaked")
    card = await scene.until(
        "a card", scene.slack.wait_message(CHANNEL, f"Delete {MANY} coupons?", scene.within, after)
    )
    scene.telling.quote(
        card.rendered,
        f"{MANY} coupons: {MANY} shown by Vivoldi, 0 not shown.",
        f"The first 10 of {MANY}:",
        "Deleting them takes about",
        "[ Show All ]",
    )
    await _shows_all(scene, card, codes)
    scene.telling.say(
        f"Amir clicks {scene.label(card)}, and Bea [ Delete {MANY} Coupons ]. The outcome counts:"
    )
    await scene.clicks(AMIR, card)
    card = await scene.reads(card, "Step 2 of 2")
    await scene.clicks(BEA, card)
    outcome = await scene.until(
        "the outcome", scene.slack.wait_message(CHANNEL, "asked to delete", scene.within, card.seq)
    )
    scene.telling.quote(outcome.rendered, f"@Rika asked to delete {MANY} coupons: {MANY} deleted.")
    files = [file for reply in await scene.slack.replies(CHANNEL, card.ts) for file in reply.files]
    rows = [line.split(",")[:2] for file in files for line in file["content"].splitlines()[1:]]
    claim = "A CSV file in the thread has a row for every code: deleted."
    scene.telling.check(claim, rows == [[code, "deleted"] for code in codes], rows)
    gone = sorted(deletion.code for deletion in await scene.vivoldi.deletions() if deletion.code in codes)
    scene.telling.check(f"Vivoldi's log proves: each of the {MANY} was deleted, once.", gone == codes, gone)


async def _shows_all(scene: Scene, card: Message, codes: list[str]) -> None:
    after = await scene.slack.last_seq()
    await scene.slack.click(AMIR.id, card, "show-all")
    shown: Modal = await scene.until("the list", scene.slack.wait_modal(AMIR.id, after=after))
    listed = str(shown.view["blocks"])
    claim = "Amir clicks [ Show All ], and sees every one of them."
    scene.telling.check(claim, all(code in listed for code in codes), listed)
    await scene.slack.close_modal(shown)


async def restored(scene: Scene, coupon: Coupon, before: Mapping[str, Any]) -> None:
    """What was deleted by mistake is created again, as it was, with the same two approvals."""
    scene.telling.act("A coupon was deleted by mistake, and comes back")
    text = f"restore {coupon.code} it was the wrong one"
    scene.telling.say(f"Rika types: /coupon-delete {text}. A card comes up:")
    after = await scene.slack.last_seq()
    await scene.slack.command(RIKA.id, text)
    card = await scene.until(
        "a card",
        scene.slack.wait_message(CHANNEL, f"Restore coupon {coupon.code}?", scene.within, after),
    )
    scene.telling.quote(card.rendered, f"Restore coupon {coupon.code}?", "Can't be brought back:")
    scene.telling.say("Amir and Bea approve it. The card says:")
    await scene.clicks(AMIR, card)
    card = await scene.reads(card, "Step 2 of 2")
    await scene.clicks(BEA, card)
    card = await scene.reads(card, "Created again.")
    scene.telling.quote(card.rendered, "Created again. Vivoldi said so")
    now = await _held(scene, coupon.code)
    other = {name: value for name, value in before.items() if now.get(name) != value}
    claim = (
        "It is as it was, also what nobody here may see; but its uses count from 0, and it has a new date."
    )
    scene.telling.check(claim, set(other) <= {"uid", "regYmdt", "useCnt", "domain"}, other)


async def _held(scene: Scene, code: str) -> dict[str, Any]:
    """Return what Vivoldi has of a coupon."""
    return next(dict(each) for each in await scene.vivoldi.coupons() if each["cpnNo"] == code)
