"""Guards of the calls to Vivoldi and Slack."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLIENT = "bot/adapters/vivoldi/client.py"
_DIRECTORY = "bot/adapters/slack/directory.py"
_REPLIES = "bot/adapters/slack/replies.py"
_BY_CLIENT = "tests/integration/vivoldi/test_vivoldi_client.py"
_BY_DIRECTORY = ("tests/integration/slack/test_directory.py",)
_BY_ADAPTER = ("tests/integration/slack/test_slack_adapter.py",)

_TO_VIVOLDI = (
    Guard(
        name="no keep-alive",
        keeps="I3",
        promise="Every DELETE goes over a connection of its own.",
        file=_CLIENT,
        text='{"Connection": "close"}, httpx.Limits(max_connections=None, max_keepalive_connections=0)',
        without="{}, httpx.Limits(max_connections=None, max_keepalive_connections=5)",
        tests=(f"{_BY_CLIENT}::TestDelete::test_each_on_a_fresh_connection",),
    ),
    Guard(
        name="no redirect",
        keeps="I3",
        promise="A DELETE follows no redirect.",
        file=_CLIENT,
        text="follow_redirects=False",
        without="follow_redirects=True",
        tests=(f"{_BY_CLIENT}::TestDelete::test_faults",),
    ),
    Guard(
        name="no transport retry",
        keeps="I3",
        promise="No library tries anything a second time.",
        file=_CLIENT,
        text="retries=0",
        without="retries=2",
        tests=(_BY_CLIENT,),
    ),
    Guard(
        name="no proxy from outside",
        keeps="I8",
        promise="A proxy from the environment sees neither the key nor a coupon.",
        file=_CLIENT,
        text=(
            "trust_env=False,\n                transport=httpx.AsyncHTTPTransport("
            "retries=0, limits=limits, **options),"
        ),
        without="limits=limits,",
        tests=(f"{_BY_CLIENT}::TestSurroundings",),
    ),
    Guard(
        name="a bounded call",
        keeps="I4",
        promise="An answer that trickles for ever ends with the time of the whole call.",
        file=_CLIENT,
        text='asyncio.timeout(2 * self._timeout):\n                path = f"{_COUPON}/{name}"',
        without='asyncio.timeout(None):\n                path = f"{_COUPON}/{name}"',
        tests=(f"{_BY_CLIENT}::TestDelete::test_a_trickling_answer_is_bounded",),
    ),
    Guard(
        name="a bounded read",
        keeps="I4",
        promise="A read whose answer trickles for ever ends with the time of the whole call.",
        file=_CLIENT,
        text='asyncio.timeout(2 * self._timeout):\n                path = f"{_COUPON}/validate"',
        without='asyncio.timeout(None):\n                path = f"{_COUPON}/validate"',
        tests=(f"{_BY_CLIENT}::TestDelete::test_a_trickling_answer_is_bounded",),
    ),
    Guard(
        name="a bounded answer",
        keeps="-",
        promise="An endless answer of Vivoldi does not fill the memory: it is cut off.",
        file=_CLIENT,
        text="            if len(content) > _LONGEST:\n",
        without="            if False:\n",
        tests=(f"{_BY_CLIENT}::TestDelete::test_an_endless_answer_is_not_read_to_its_end",),
    ),
    Guard(
        name="the key is in no error",
        keeps="I8",
        promise="No error holds what httpx quotes of a request.",
        file=_CLIENT,
        text="raise VivoldiUnavailable(failure(error)) from None",
        without="raise VivoldiUnavailable(failure(error)) from error",
        tests=(f"{_BY_CLIENT}::TestSurroundings::test_the_key_is_nowhere",),
    ),
    Guard(
        name="our own rate limit",
        keeps="-",
        promise="The plan's calls a minute are never exceeded.",
        file="bot/adapters/vivoldi/rate.py",
        text="while (wait := self._wait()) > 0:",
        without="while (wait := 0) > 0:",
        tests=("tests/unit/adapters/test_vivoldi_rate.py",),
    ),
    Guard(
        name="personal fields stay out",
        keeps="I8",
        promise="Of whom a coupon was issued to, only “issued” gets into a value.",
        file="bot/adapters/vivoldi/wire.py",
        text="any(is_given(result.get(field)) for field in PERSONAL)",
        without='result.get("userEml")',
        tests=("tests/unit/adapters/test_vivoldi_answers.py",),
    ),
)

_TO_SLACK = (
    Guard(
        name="no retry by Slack's SDK",
        keeps="I5",
        promise="The SDK repeats no call, which could post twice.",
        file="bot/adapters/slack/client.py",
        text="        retry_handlers=[],\n",
        without="",
        tests=_BY_ADAPTER,
    ),
    Guard(
        name="no proxy to Slack",
        keeps="I8",
        promise="A proxy from the environment sees neither the token nor a message.",
        file="bot/adapters/slack/client.py",
        text="    client.proxy = None\n",
        without="",
        tests=_BY_ADAPTER,
    ),
    Guard(
        name="people of this workspace",
        keeps="I1",
        promise="Someone of another workspace is a stranger.",
        file=_DIRECTORY,
        text=' or user.get("team_id") != team_id',
        without="",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="deactivated people",
        keeps="I1",
        promise="A deactivated account is recognised.",
        file=_DIRECTORY,
        text='if user.get("deleted"):',
        without="if False:",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="bots",
        keeps="I1",
        promise="A bot is recognised.",
        file=_DIRECTORY,
        text='if user.get("is_bot") or user_id == _SLACKBOT:',
        without="if False:",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="guests",
        keeps="I1",
        promise="A guest is recognised.",
        file=_DIRECTORY,
        text='if user.get("is_restricted") or user.get("is_ultra_restricted"):',
        without="if False:",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="the person asked for",
        keeps="I1",
        promise="An answer about someone else is no answer.",
        file=_DIRECTORY,
        text=' or user.get("id") != user_id:',
        without=":",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="fail closed",
        keeps="I1",
        promise="Where Slack does not say who someone is, nothing is granted.",
        file=_DIRECTORY,
        text="return Standing(Person(user_id, user_id), Kind.UNKNOWN)",
        without="return Standing(Person(user_id, user_id), Kind.MEMBER)",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="fresh means since",
        keeps="I1",
        promise="No answer older than was asked for counts as fresh.",
        file="bot/adapters/slack/shared.py",
        text=" or asked.at < since",
        without="",
        tests=_BY_DIRECTORY,
    ),
    Guard(
        name="reply addresses are HTTPS",
        keeps="I8",
        promise="A private answer goes over HTTPS, or to the server that the settings name.",
        file=_REPLIES,
        text='slacks = url.scheme == "https" and ',
        without="slacks = ",
        tests=_BY_ADAPTER,
    ),
    Guard(
        name="files follow no redirect",
        keeps="I8",
        promise="What people sent is fetched from Slack alone, whatever Slack's answer points to.",
        file="bot/adapters/slack/files.py",
        text="self._session.get(address, headers=headers, allow_redirects=False)",
        without="self._session.get(address, headers=headers)",
        tests=(f"{_BY_ADAPTER[0]}::TestFetch::test_a_file_is_fetched_from_no_other_place",),
    ),
    Guard(
        name="replies follow no redirect",
        keeps="I8",
        promise="A private answer goes to no other address than the one that came with the click.",
        file=_REPLIES,
        text="allow_redirects=False",
        without="allow_redirects=True",
        tests=_BY_ADAPTER,
    ),
)

GUARDS = (*_TO_VIVOLDI, *_TO_SLACK)
