"""The incident, act by act."""

from __future__ import annotations

import json
import signal
from collections.abc import Awaitable, Callable

from sandbox.demo import beyond
from sandbox.demo.beyond import AMIR, BEA, MANY, RIKA
from sandbox.demo.scene import CHANNEL, Coupon, Person, Scene
from sandbox.stage import API_KEY, BOT_TOKEN, SIGNING_SECRET

Act = Callable[[Scene], Awaitable[None]]

CARL = Person("U0CARL0000", "Carl")

# Whom the first coupon was issued to, and its password: nobody in Slack may see them (I8).
_PRIVATE = {"userNm": "Mina Example", "userEml": "mina@shop.example", "onsitePwd": "open-sesame-0417"}

_FIRST = "CAKE100OFF"
_DELETED = "Deleted. Vivoldi said so, and the coupon no longer validates."


async def two_people(scene: Scene) -> None:
    """A deletion from command to outcome."""
    scene.telling.act("A coupon leaked, and two people delete it")
    coupon = await scene.coupon(
        _FIRST, nm="$100 off cake", discTypeIdx=458, disc=100, useLimit=5, useCnt=2, **_PRIVATE
    )
    scene.telling.say("Rika is on call with Amir and Bea. She finds a coupon on a public forum.")
    card = await scene.asks(RIKA, coupon, "leaked on a forum")
    scene.telling.say("A card comes up in #incident, with the coupon as Vivoldi has it now:")
    scene.telling.quote(
        card.rendered,
        "Delete coupon CAKE100OFF?",
        "Name: $100 off cake",
        "Discount: 100 USD off",
        "Used: 2 of 5",
        "Check first:",
        "Reason “leaked on a forum”",
        "Step 1 of 2",
        "[ Approve ]  [ Reject ]  [ Cancel Request ]",
    )
    title = "Delete coupon CAKE100OFF?"
    await scene.opens_home(AMIR, "Waiting for you (1)", title, "Step 1 of 2…Asked for by @Rika")
    scene.telling.say("Step 1 may be given by the person who asked; step 2 only by someone else.")
    card = await scene.reviews(RIKA, card)
    scene.telling.quote(card.rendered, "Step 2 of 2")
    scene.telling.say(f"Amir clicks {scene.label(card)}.")
    await scene.clicks(AMIR, card)
    await scene.outcome(RIKA, coupon, card, _DELETED, "Deleted: coupon CAKE100OFF", by=(RIKA, AMIR))
    scene.telling.say("Amir's Home follows by itself:")
    await scene.home_follows(AMIR, card.seq, "Last outcomes (1)", "Deleted: coupon CAKE100OFF")
    await scene.deleted(coupon)


async def who_may_not(scene: Scene) -> None:
    """The requester and a person who is no approver are refused, and a double click counts once."""
    scene.telling.act("Who may not, and a double click")
    coupon = await scene.coupon("TEAPOT25OFF", nm="25% off teapots", disc=25)
    card = await scene.asks(RIKA, coupon, "wrong discount")
    card = await scene.reviews(AMIR, card)
    await scene.refused(RIKA, card, "You asked for this")
    await scene.refused(CARL, card, "You are not one of those who may give the final approval")
    await scene.kept(coupon)
    scene.telling.say(f"Bea is an approver. She clicks {scene.label(card)} twice at once.")
    after = await scene.slack.last_seq()
    await scene.clicks(BEA, card, times=2)
    notice = await scene.alone(BEA, "Your click changed nothing.", after)
    scene.telling.say("One click counts. About the other one, only Bea sees:")
    scene.telling.quote(notice.rendered, "Your click changed nothing.")
    await scene.outcome(RIKA, coupon, card, _DELETED, "Deleted: coupon TEAPOT25OFF", by=(AMIR, BEA))
    await scene.deleted(coupon)


async def changed_meanwhile(scene: Scene) -> None:
    """A coupon that changed after approval is not deleted."""
    scene.telling.act("The coupon changes after it was approved")
    coupon = await scene.coupon("SPOON10OFF", nm="10% off spoons", disc=10)
    card = await scene.asks(RIKA, coupon, "campaign is over")
    card = await scene.reviews(AMIR, card)
    await scene.vivoldi.change(coupon.code, disc=50)
    scene.telling.say("In Vivoldi, someone turns the coupon into 50% off. Bea has not seen that.")
    scene.telling.say(f"Bea clicks {scene.label(card)}.")
    await scene.clicks(BEA, card)
    words = "Not deleted: changed since it was shown. The discount was “10” and is now “50”."
    await scene.outcome(RIKA, coupon, card, words, "Not deleted (changed): coupon SPOON10OFF", by=(AMIR, BEA))
    await scene.kept(coupon)


async def lost_answer(scene: Scene) -> None:
    """A DELETE whose answer is lost is settled by two looks, and never sent again blindly."""
    scene.telling.act("Vivoldi deletes the coupon, but its answer is lost")
    coupon = await scene.coupon("KETTLE30OFF", nm="30% off kettles", disc=30)
    card = await scene.asks(RIKA, coupon, "made by mistake")
    card = await scene.reviews(AMIR, card)
    await scene.vivoldi.fault("drop_after", code=coupon.code)
    scene.telling.say("From now on, Vivoldi executes the DELETE and then drops the connection.")
    scene.telling.say(f"Bea clicks {scene.label(card)}.")
    await scene.clicks(BEA, card)
    words = "Blocked: it no longer works.…whether it was deleted or used up is not known."
    await scene.outcome(
        RIKA, coupon, card, words, "Blocked (deleted or used up): coupon KETTLE30OFF", by=(AMIR, BEA)
    )
    await scene.deleted(coupon, answered=False)
    sent = await scene.vivoldi.calls("delete", coupon.code)
    lost = [(call.executed, call.status, call.dropped) for call in sent]
    scene.telling.check(
        "That DELETE was executed, and nothing was answered.", lost == [(True, None, "after")], sent
    )


async def killed_between_steps(scene: Scene) -> None:
    """The bot is killed between step 1 and step 2, and the card from before still works."""
    scene.telling.act("The bot is killed between step 1 and step 2")
    coupon = await scene.coupon("LADLE15OFF", nm="15% off ladles", disc=15)
    card = await scene.asks(RIKA, coupon, "test coupon went live")
    card = await scene.reviews(AMIR, card)
    await scene.refused(AMIR, card, "Your approval is already counted.")
    await scene.asks_in_vain(BEA, coupon, f"{coupon.code} by @Rika, waits for step 2 of 2")
    first = scene.bot.server.pid
    await scene.bot.kill()
    killed = scene.bot.server.exit_code
    scene.telling.check(f"SIGKILL ends the bot, process {first}.", killed == -signal.SIGKILL, killed)
    scene.telling.say(f"Bea clicks {scene.label(card)} on the card that still stands there.")
    answer = await scene.slack.click(BEA.id, card, "approve")
    scene.telling.check("Slack tells her that it did not work.", answer.error is not None, answer)
    await scene.kept(coupon)
    await scene.bot.restart()
    second = scene.bot.server.pid
    claim = f"The bot is started again on the same database, as process {second}."
    scene.telling.check(claim, second != first and scene.bot.server.exit_code is None)
    now = await scene.slack.message(CHANNEL, card.ts)
    scene.telling.check("The card waits for step 2, as before.", now == card, now.rendered)
    scene.telling.say(f"Bea clicks {scene.label(card)} again, on the old card.")
    await scene.clicks(BEA, card)
    await scene.outcome(RIKA, coupon, card, _DELETED, "Deleted: coupon LADLE15OFF", by=(AMIR, BEA))
    await scene.deleted(coupon)


async def deleted_by_mistake(scene: Scene) -> None:
    """The coupon of the first act comes back, with what only Vivoldi knew of it."""
    created = next(event for event in await scene.vivoldi.events(_FIRST) if event.kind == "created")
    await beyond.restored(scene, Coupon(_FIRST, created.uid), created.facts)


async def all_in_all(scene: Scene) -> None:
    """What has to hold for the whole incident."""
    scene.telling.heading("All in all")
    cards = await scene.slack.cards(CHANNEL)
    live = [b for card in cards for b in card.buttons() if b["action_id"] != "show-all"]
    scene.telling.check(
        f"{len(cards)} cards for 8 requests, none with a live button.", len(cards) == 8 and not live, live
    )
    calls, deletions = await scene.vivoldi.calls("delete"), await scene.vivoldi.deletions()
    gone = 4 + MANY
    claim = f"{gone} coupons deleted by {gone} DELETE calls; 2 coupons kept, 1 created again."
    counts = (len(calls), len(deletions), len(await scene.vivoldi.coupons()))
    scene.telling.check(claim, counts == (gone, gone, 3), counts)
    seen = json.dumps([entry.data for entry in await scene.slack.log()])
    written = seen + scene.bot.server.said()
    leaked = [text for text in (API_KEY, BOT_TOKEN, SIGNING_SECRET, *_PRIVATE.values()) if text in written]
    scene.telling.check(
        "No key, token, personal data or coupon's password is in Slack or the log.",
        not leaked,
        leaked,
    )


ACTS: tuple[Act, ...] = (
    two_people,
    who_may_not,
    changed_meanwhile,
    lost_answer,
    killed_between_steps,
    beyond.frozen_meanwhile,
    beyond.many_codes,
    deleted_by_mistake,
    all_in_all,
)
