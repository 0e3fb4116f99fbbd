"""What was asked in a private channel is told elsewhere to its members and to approvers alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.seal import Seal, new_key
from bot.domain.errors import SlackRefused
from bot.domain.people import Person
from bot.domain.policy import Verdict
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted, History, Listing, SlashCommand, Taken
from bot.services.asked.form import Filled, Form, Ground, WrongCodes
from bot.services.asked.show_all import Look
from handlers.render import dialogs as fields
from handlers.render.answers import Answers
from tests.builders import AMIR, BEA, CARL, CHANNEL, CODE, DANA, OTHER_CODE, RIKA, TEAM, a_coupon
from tests.fakes import FakeDialogs, FakeFiles, Sent
from tests.integration.wired import Wired, wired_on

SECRET, ELSEWHERE, MOVED = "C0SECRET00", "C0ELSEWHERE", "C0MOVED000"
WORDS = Answers("https://guard.slack.com/")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    """Rika has asked for a coupon in a private channel, of which nobody else here is a member."""
    async with wired_on(tmp_path) as wired:
        wired.channels.private[SECRET] = {RIKA.id}
        wired.coupons.store(a_coupon(number=OTHER_CODE))
        await wired.command(f"{CODE} leaked by a customer", RIKA, SECRET)
        await wired.drain()
        yield wired


async def _told(wired: Wired, text: str, by: object = CARL, channel: str = ELSEWHERE) -> str:
    return WORDS.text(await wired.command(text, by, channel))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("list", "No request is open."),
        (f"show {CODE}", f"No request was ever about `{CODE}`."),
        (f"{CODE} mine", "An approver can tell you more."),
    ],
)
async def test_someone_else_is_told_nothing(wired: Wired, text: str, said: str) -> None:
    """Neither who asked, nor why, nor where, nor how far it is; what no code can hide is that it is taken."""
    answer = await _told(wired, text)
    assert said in answer
    assert not [part for part in (RIKA.id, "leaked", SECRET, "step 1", "archives") if part in answer]


@pytest.mark.parametrize("text", ["list", f"show {CODE}", f"{CODE} mine"])
@pytest.mark.parametrize(
    ("by", "channel"), [(CARL, SECRET), (RIKA, ELSEWHERE), (BEA, ELSEWHERE), (DANA, ELSEWHERE)]
)
async def test_members_and_approvers_are_told(wired: Wired, text: str, by: object, channel: str) -> None:
    """Who types in that very channel is in it; who asked, and approvers of either step, are told too."""
    answer = await _told(wired, text, by, channel)
    assert RIKA.id in answer
    assert SECRET in answer


@pytest.mark.parametrize("text", ["list", f"show {CODE}", f"{CODE} mine"])
async def test_a_member_who_asks_elsewhere_is_told(wired: Wired, text: str) -> None:
    """Slack says who is in the channel."""
    wired.channels.private[SECRET].add(CARL.id)
    assert RIKA.id in await _told(wired, text)


async def test_the_way_it_ended_is_hidden_too(wired: Wired) -> None:
    """What came of a request is as private as the request."""
    (found,) = await wired.store.open_requests(1)
    await wired.click(Action.REJECT, BEA, found.request.origin.id, channel=SECRET)
    answer = await wired.command(f"show {CODE}", CARL, ELSEWHERE)
    assert isinstance(answer, History)
    assert answer.requests == ()


async def test_what_is_hidden_takes_no_place(wired: Wired) -> None:
    """Hidden requests neither fill the list nor make it say that there are more."""
    codes = [f"SECRET{number:04}" for number in range(25)]
    for code in codes:
        await wired.command(code, RIKA, SECRET)
    await wired.command(OTHER_CODE, RIKA, CHANNEL)
    for number in range(12):
        await wired.command(f"show {codes[number]}", RIKA, SECRET)
    listing = await wired.command("list", CARL, ELSEWHERE)
    assert isinstance(listing, Listing)
    assert [found.request.origin.channel for found in listing.requests] == [CHANNEL]
    assert not listing.more


async def test_slack_is_asked_about_other_channels_alone(wired: Wired) -> None:
    """Nobody waits for Slack who need not: no approver, and nobody who asks where all of it was asked."""
    for by, channel in ((BEA, ELSEWHERE), (CARL, SECRET)):
        await wired.command("list", by, channel)
    assert wired.channels.asked == []
    await wired.command("list", CARL, ELSEWHERE)
    assert wired.channels.asked == [(CARL.id, frozenset({SECRET}))]


async def test_a_hidden_request_blocks_its_code(wired: Wired) -> None:
    """The code stays with the request that holds it (I6), and nothing new is opened."""
    answer = await wired.command(CODE, CARL, ELSEWHERE)
    assert isinstance(answer, Taken)
    assert not answer.told
    assert len(await wired.store.open_requests(9)) == 1


async def test_the_form_names_no_hidden_request(wired: Wired) -> None:
    """The form says that a code is taken, and the number of a request only to who may be told of it."""
    opened = await wired.command(OTHER_CODE, RIKA, CHANNEL)
    assert isinstance(opened, Accepted)
    open_to_all = opened.request_id
    services, dialogs = wired.services, FakeDialogs()
    form = Form(services.submit(TEAM), wired.store, dialogs, FakeFiles(), lambda _: {}, lambda _: {})
    command = SlashCommand(user=CARL.id, team=TEAM, channel=ELSEWHERE, text="")
    sent = Filled(
        command=command,
        pasted=f"{CODE} {OTHER_CODE}",
        file=None,
        ground=Ground.LEAKED,
        words="",
        incident="",
    )
    wrong = await form(sent)
    assert wrong == WrongCodes((), {CODE: None, OTHER_CODE: open_to_all})
    assert isinstance(wrong, WrongCodes)
    said = fields.errors(replace(wrong, taken=dict(sorted(wrong.taken.items()))), sent)["codes"]
    assert said == (
        f"Already in an open request: {OTHER_CODE} ({open_to_all}); {CODE}. Ask an approver about those"
        " without a number. Take them out, and send again."
    )
    assert await form(replace(sent, command=replace(command, user=BEA.id))) != wrong


async def test_a_code_that_is_taken_meanwhile_names_no_hidden_request(wired: Wired) -> None:
    """The database's own refusal, which comes after the form's look, is told in the same way."""
    answer = await wired.command(f"{OTHER_CODE},{CODE.lower()}", CARL, ELSEWHERE)
    assert isinstance(answer, Taken)
    assert WORDS.text(answer).startswith(f"`{CODE.lower()}` is already in an open request, so nothing new")


async def test_show_all_stays_in_its_channel(wired: Wired) -> None:
    """Every coupon of a request is shown where its card is, and nowhere else."""
    (found,) = await wired.store.open_requests(1)
    dialogs = FakeDialogs()
    show_all = wired.services.show_all(TEAM, dialogs, lambda shown, *_: {"shown": shown})
    look = Look(user=CARL.id, team=TEAM, channel=ELSEWHERE, request_id=found.request.origin.id)
    assert await show_all(look, "trigger") is Verdict.NO_SUCH_REQUEST
    assert dialogs.opened == [("trigger", {"shown": Verdict.NO_SUCH_REQUEST})]


async def test_a_channel_that_got_another_id_is_the_same_place(wired: Wired) -> None:
    """Once the card was seen under a channel's new id, its request is there for all who are in there."""
    (found,) = await wired.store.open_requests(1)
    request_id = found.request.origin.id

    async def moved(sent: Sent) -> None:
        if sent.channel == SECRET:
            raise SlackRefused("channel_not_found")

    wired.messenger.during = moved
    wired.channels.private[MOVED] = wired.channels.private.pop(SECRET)
    await wired.click(Action.APPROVE, BEA, request_id, channel=MOVED)
    await wired.drain()
    assert (await wired.delivery(request_id)).moved_to == MOVED
    show_all = wired.services.show_all(TEAM, FakeDialogs(), lambda shown, *_: {"shown": shown})
    look = Look(user=CARL.id, team=TEAM, channel=MOVED, request_id=request_id)
    assert await show_all(look, "trigger") is Verdict.ALLOWED
    assert await show_all(replace(look, channel=ELSEWHERE), "trigger") is Verdict.NO_SUCH_REQUEST
    for text, said in (("list", CODE), (f"show {CODE}", request_id), (f"{CODE} mine", "step")):
        assert said in await _told(wired, text, CARL, MOVED)
        assert said not in (await _told(wired, text, CARL, ELSEWHERE)).replace(f"`{CODE}`", "")


@pytest.fixture
async def restorable(tmp_path: Path) -> AsyncIterator[Wired]:
    """Rika had a coupon deleted in a private channel, and what it held is kept."""
    async with wired_on(tmp_path, restore=True) as wired:
        seal = Seal([new_key()])
        wired.coupons.seal, wired.coupons.unseal = seal.close, seal.open
        wired.channels.private[SECRET] = {RIKA.id}
        answer = await wired.command(f"{CODE} leaked by a customer", RIKA, SECRET)
        assert isinstance(answer, Accepted)
        await wired.drain()
        for person in (AMIR, BEA):
            await wired.click(Action.APPROVE, person, answer.request_id, channel=SECRET)
        await wired.run(5, step=1)
        yield wired


async def _deleted_by(wired: Wired) -> str:
    """Return the request that deleted the coupon: the first one about it."""
    return (await wired.store.history(CODE, 9))[-1].request.origin.id


@pytest.mark.parametrize(("channel", "told"), [(SECRET, True), (ELSEWHERE, False)])
async def test_a_card_names_no_hidden_deletion(restorable: Wired, channel: str, told: bool) -> None:
    """Everyone in a channel reads its cards: of a private deletion not when, by which request, by whom."""
    wired, source = restorable, await _deleted_by(restorable)
    await wired.command(f"restore {CODE} by mistake", RIKA, channel)
    await wired.drain()
    sent = wired.messenger.of("post")[-1].message
    card = f"{sent.text}{sent.blocks}"
    assert "Restore" in card
    assert [part in card for part in (source, "approved by")] == [told, told]
    assert ("An approver can tell more." in card) is not told


async def test_a_card_names_a_deletion_that_everyone_can_see(restorable: Wired) -> None:
    """What was asked in a public channel is no secret in another one."""
    del restorable.channels.private[SECRET]
    await restorable.command(f"restore {CODE} by mistake", RIKA, ELSEWHERE)
    await restorable.drain()
    assert await _deleted_by(restorable) in str(restorable.messenger.of("post")[-1].message.blocks)


@pytest.mark.parametrize(("by", "told"), [(RIKA, True), (BEA, True), (CARL, False)])
async def test_a_failure_names_no_hidden_deletion(restorable: Wired, by: Person, told: bool) -> None:
    """Who is told why nothing can be restored reads of the deletion only what they may be told."""
    wired, source = restorable, await _deleted_by(restorable)
    other = Seal([new_key()])
    wired.coupons.seal, wired.coupons.unseal = other.close, other.open
    await wired.command(f"restore {CODE} by mistake", by, ELSEWHERE)
    await wired.drain()
    text = wired.messenger.told[-1].text
    assert "none of the keys" in text
    assert (source in text) is told
