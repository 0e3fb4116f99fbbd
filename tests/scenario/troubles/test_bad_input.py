"""Commands that can't be carried out: each is answered at once, privately, with what to type instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.judge.servers import judge
from tests.scenario.playing import (
    AMIR,
    CARL,
    DANA,
    GONE,
    GUEST,
    INCIDENT,
    ONCALL,
    OPS,
    RIKA,
    ROBOT,
    STRANGER,
    Play,
    fresh_code,
)
from tests.scenario.stages import BOTH, USUAL, Ground, a_stage
from tests.scenario.told import ACCEPTED, SAID

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=BOTH, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Two of the ways to run the bot, which differ in both respects."""
    chosen: Ground = request.param
    return chosen


async def _answered(play: Play, text: str, words: str, by: str = DANA, channel: str = INCIDENT) -> None:
    """Type a command, and check that it is answered privately, and that nothing else happens."""
    calls, cards = await play.stage.vivoldi.calls(), await play.stage.slack.cards()
    answer = await play.stage.slack.command(by, text, channel)
    assert answer.response is not None, answer
    assert answer.response.ephemeral_to == by
    assert words in answer.text
    assert await play.stage.vivoldi.calls() == calls
    assert await play.stage.slack.cards() == cards


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("help", "Delete a coupon in Vivoldi, with two approvals"),
        ("help", "`/coupon-delete CODE reason`"),
        ("HELP me", "`/coupon-delete list`"),
        ("ABCDEF7 too short", "8 to 16 letters and digits"),
        ("ABCDEFGHIJKLMNO17 too long", "8 to 16 letters and digits"),
        ("ABCD_EFGH", "“ABCD_EFGH” is not a coupon code"),
        ("ÄBCDEFGHIJ", "is not a coupon code"),
        ("١٢٣٤٥٦٧٨", "is not a coupon code"),
        ("delete ABCDEFGH1", "“delete” is not a coupon code"),
        ("<!channel>", "“@channel” is not a coupon code"),
        ("GOODCODE1,bad", "“bad” is not a coupon code"),
        (",,", "I found no coupon code"),
        (",".join(f"COUPON{n:03d}" for n in range(21)), "That is 21 codes; a command takes up to 20."),
        (" ".join(f"COUPON{n:03d}" for n in range(26)), "alone for the form, which takes up to 1,000"),
        ("GOODCODE1 DUPLICATE", "`/coupon-delete GOODCODE1 reason: DUPLICATE`"),
        ("campaign GOODCODE1 is over", "`/coupon-delete GOODCODE1 campaign is over`"),
        ("unfreeze GOODCODE1", "press *Unfreeze* on its card"),
        ("freez GOODCODE1", "Did you mean `/coupon-delete freeze GOODCODE1`?"),
        ("&lt;!channel&gt;", "“&lt;!channel&gt;” is not a coupon code"),
        ("ABCDEFGH1,abcdefgh1", "differ only in upper and lower case"),
        ("ABCDEFGH1 " + "x" * 501, "please shorten it to 500"),
    ],
)
async def test_wrong_text(play: Play, text: str, words: str) -> None:
    """What can't be read is answered with what is wrong and what to type instead, and nothing happens."""
    await _answered(play, text, words)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (GUEST, "Guests can't do this"),
        (GONE, "Your account is deactivated"),
        (ROBOT, "Bots can't do this"),
        (STRANGER, "Only members of the workspace"),
    ],
)
async def test_wrong_person(play: Play, who: str, words: str) -> None:
    """Nobody but a full member of the workspace can ask for a deletion (I1)."""
    await _answered(play, f"{fresh_code()} leaked", words, by=who)


async def test_direct_message(play: Play) -> None:
    """A deletion can't be asked for where nobody else sees it."""
    await _answered(play, f"{fresh_code()} leaked", "Please ask in a channel", channel=DANA)


async def test_same_code_in_another_case(play: Play) -> None:
    """Codes that differ in case alone are never open at the same time, since they may be one coupon (I6)."""
    code = await play.coupon()
    await play.open_card(code)
    await _answered(play, f"{code.lower()} leaked", "is already in an open request", by=CARL)


async def test_as_people_write_codes(play: Play) -> None:
    """Hyphens and backticks are dropped, the case is kept, and a code that is repeated counts once."""
    code = await play.coupon("Ab" + fresh_code())
    written = f"`{code[:4]}-{code[4:]}`,{code}"
    after = await play.stage.slack.last_seq()
    answer = await play.stage.slack.command(DANA, written)
    assert f"Reading `{code}` from Vivoldi" in answer.text
    assert (await play.next_card(code, after=after)).contains(f"Delete coupon {code}?")


async def test_a_reason_is_shown_as_it_was_typed(play: Play) -> None:
    """What Slack writes as entities is what was typed: on the card it is read, and does nothing."""
    code, after = await play.coupon(), await play.stage.slack.last_seq()
    await play.stage.slack.command(DANA, f"“{code}” R&amp;D, &lt;5 and &lt;!channel&gt;")
    card = await play.next_card(code, after=after)
    assert card.contains("R&amp;D, &lt;5 and &lt;!channel&gt;")
    assert not card.contains("&amp;amp;")
    assert not card.contains("<!channel>")


async def test_one_taken_code_among_several(play: Play) -> None:
    """A command is carried out as a whole or not at all: one code that is taken refuses all (I6)."""
    taken, free = await play.coupon(), await play.coupon()
    await play.open_card(taken)
    await _answered(play, f"{free},{taken} leaked", f"`{taken}` is already in an open request")
    assert await play.open_card(free)


async def test_two_people_ask_at_once(play: Play) -> None:
    """Of several people who ask for one code at the same time one gets a card (I6)."""
    code = await play.coupon()
    answers = await asyncio.gather(*(play.ask(code, by=who) for who in (AMIR, CARL, DANA, RIKA)))
    accepted = [answer for answer in answers if ACCEPTED in answer.text]
    assert len(accepted) == 1
    assert all("is already in an open request" in a.text for a in answers if a not in accepted)


# ---------------------------------------------------------------- what the settings forbid


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Play]:
    """A play where the settings forbid all that they can."""
    forbidding = {
        "CHANNELS": OPS,
        "REQUESTERS": ONCALL,
        "REASON_REQUIRED": "true",
        "REQUESTER_MAY_APPROVE": "never",
    }
    async with a_stage(USUAL, tmp_path_factory.mktemp("strict"), **forbidding) as stage:
        play = Play(stage)
        yield play
        await judge(stage, play.codes)


async def test_wrong_channel(strict: Play) -> None:
    """Where the settings name channels, a deletion can't be asked for in any other."""
    await _answered(strict, f"{fresh_code()} leaked", "can't be asked for in this channel", by=RIKA)


async def test_not_a_requester(strict: Play) -> None:
    """Where the settings name who may ask, nobody else can."""
    await _answered(strict, f"{fresh_code()} leaked", "add you to the setting `REQUESTERS`", channel=OPS)


async def test_no_reason(strict: Play) -> None:
    """Where the settings want a reason, a command without one is answered with an example."""
    code = fresh_code()
    await _answered(strict, code, f"Please say why, after the code: `/coupon-delete {code}", RIKA, OPS)


async def test_requester_may_not_review(strict: Play) -> None:
    """Where the settings say never, the requester can't give step 1 either (I1)."""
    code = await strict.coupon()
    after = await strict.stage.slack.last_seq()
    await strict.ask(code, by=RIKA, channel=OPS)
    card = await strict.next_card(code, after=after)
    await strict.stage.slack.click(RIKA, card, "approve")
    assert await strict.privately(RIKA, "You asked for this", card.seq)
    assert SAID in (await strict.deleted_story(card)).text


async def test_too_few_people(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where no two people could give the approvals, a request is refused at once instead of running out."""
    async with a_stage(USUAL, tmp_path_factory.mktemp("few"), APPROVERS=AMIR) as stage:
        await _answered(Play(stage), f"{fresh_code()} leaked", "Fewer than two people")
