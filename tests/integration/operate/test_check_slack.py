"""`python -m bot check`: what it tells about the Slack app, the channels and the approvers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.slack import identify, scopes, web_client, web_session
from bot.domain.errors import SlackRefused
from bot.operate.check import Level
from bot.operate.manifest import render
from bot.operate.refusals import remedy
from sandbox.stage import APP_TOKEN, SIGNING_SECRET
from tests.integration.checked import AMIR, RIKA, Rig, check_rig

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
SCOPES = sorted(scopes.ALL)


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with check_rig(tmp_path, monkeypatch) as opened:
        yield opened


def test_scopes_are_those_of_the_manifest() -> None:
    """The check asks for exactly the scopes that the manifest gives."""
    assert sorted(yaml.safe_load(render(None, socket=True))["oauth_config"]["scopes"]["bot"]) == SCOPES


@pytest.mark.parametrize(
    ("granted", "approvers", "level", "said"),
    [
        (SCOPES, "S0ONCALL00", OK, "no more"),
        (["chat:write"], "S0ONCALL00", FAILURE, "Missing: commands: "),
        (["chat:write", "commands", "users:read"], "S0ONCALL00", FAILURE, "usergroups:read: nobody counts"),
        (sorted(set(SCOPES) - {"usergroups:read"}), f"{RIKA},{AMIR}", OK, "no more"),
        (
            sorted(set(SCOPES) - {"groups:read"}),
            "S0ONCALL00",
            WARNING,
            "told to its requester privately",
        ),
        (
            sorted(set(SCOPES) - {"channels:read"}),
            "S0ONCALL00",
            WARNING,
            "in another public channel",
        ),
        (sorted(set(SCOPES) - {"files:read"}), "S0ONCALL00", WARNING, "many codes can't come as a file"),
        (sorted(scopes.NEEDED), "S0ONCALL00", WARNING, "files:write: what came of many codes"),
        (sorted(set(SCOPES) - {"files:write"}), "S0ONCALL00", WARNING, "in the audit alone"),
        (SCOPES, f"{RIKA},{AMIR}", OK, "no more"),
        ([*SCOPES, "channels:history"], "S0ONCALL00", WARNING, "More than needed: channels:history."),
        ([], "S0ONCALL00", WARNING, "did not tell"),
    ],
)
async def test_scopes(rig: Rig, granted: list[str], approvers: str, level: Level, said: str) -> None:
    """Missing scopes are a failure, more than needed a warning; groups are needed only where one is named."""
    await rig.slack.app(scopes=granted)
    finding = await rig.one("scopes", APPROVERS=approvers)
    assert finding.level is level
    assert said in finding.said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("token_expired", "token rotation"),
        ("token_revoked", "The token was revoked"),
        ("org_login_required", "the token stays as it is"),
        ("enterprise_is_restricted", "the bot works in one workspace"),
        ("team_access_not_granted", "add the app to the workspace"),
        ("invalid_arguments", "update Coupon Guard"),
        ("brand_new_refusal", "What brand_new_refusal means"),
        ("internal_error", "The trouble is Slack's own"),
    ],
)
async def test_a_token_that_slack_does_not_take(rig: Rig, error: str, said: str) -> None:
    """Slack's word is told, and what to do about it: not the same advice for everything."""
    await rig.slack.app(auth_error=error)
    finding = await rig.one("slack token")
    assert finding.level is FAILURE
    assert error in finding.said
    assert said in finding.remedy


async def test_a_group_that_can_not_be_read_names_the_scope(rig: Rig) -> None:
    """Where the token may not read the groups, the scope is named that Slack asks for."""
    await rig.slack.app(scopes=sorted(scopes.ALL - {scopes.GROUPS}))
    finding = await rig.one("APPROVERS")
    assert (finding.level, "usergroups:read" in finding.remedy) == (FAILURE, True)


async def test_the_token_of_an_organisation(rig: Rig) -> None:
    """A token that is an organisation's is refused, with what to do instead."""
    token = {"ok": True, "bot_id": "B0GUARD000", "team_id": "E0SWEETS00", "is_enterprise_install": True}

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(token)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    async with TestServer(app, host="127.0.0.1") as server, web_session() as session:
        url = str(server.make_url("/api/"))
        finding = await rig.one("slack token", SLACK_API_URL=url)
        with pytest.raises(SlackRefused) as refused:
            await identify(web_client("xoxb-1", url, session))
    assert finding.level is FAILURE
    assert remedy(refused.value) == finding.remedy
    assert "one of a whole organisation" in finding.remedy


@pytest.mark.parametrize(
    ("secret", "token", "found"),
    [
        (SIGNING_SECRET, APP_TOKEN, {"signing secret": OK, "app token": OK}),
        (SIGNING_SECRET, "", {"signing secret": OK}),
        ("", APP_TOKEN, {"app token": OK}),
        ("", "xapp-another", {"app token": FAILURE}),
        ("", "", {"transport": FAILURE}),
        ("", "xoxb-wrong", {}),
    ],
)
async def test_transport(rig: Rig, secret: str, token: str, found: dict[str, Level]) -> None:
    """A signing secret or an app-level token has to be there, and Slack has to take the token."""
    looked_for = {"signing secret", "app token", "transport"}
    findings = await rig.found(SLACK_SIGNING_SECRET=secret, SLACK_APP_TOKEN=token)
    assert {each.name: each.level for each in findings if each.name in looked_for} == found


@pytest.mark.parametrize(
    ("approver", "level", "said"),
    [
        (RIKA, OK, "Rika (U0RIKA0000) is eligible"),
        ("U0GUEST000", WARNING, "is a guest"),
        ("U0GONE0000", WARNING, "is deactivated"),
        ("U0ROBOT000", WARNING, "is a bot"),
        ("W0STRANGER", FAILURE, "no member of this workspace"),
        ("U0NOBODY00", FAILURE, "nobody of that id"),
        ("S0ONCALL00", OK, "@oncall (S0ONCALL00): 3 of 3 members are eligible"),
        ("S0EMPTY000", WARNING, "0 of 0 members"),
        ("S0NOGROUP0", FAILURE, "no user group S0NOGROUP0"),
    ],
)
async def test_approvers(rig: Rig, approver: str, level: Level, said: str) -> None:
    """Each user and group of both settings is told: whether it exists, is active, and counts."""
    finding = await rig.one("FINAL_APPROVERS", FINAL_APPROVERS=approver)
    assert finding.level is level
    assert said in finding.said


async def test_members_who_do_not_count(rig: Rig) -> None:
    """Of a group, those are counted who may really approve."""
    await rig.slack.group("S0ONCALL00", add=["U0GUEST000", "U0GONE0000"])
    assert "3 of 5 members are eligible" in (await rig.one("APPROVERS")).said


async def test_disabled_group(rig: Rig) -> None:
    """A user group that was disabled is a failure, and its members don't count."""
    group = {"id": "S0ONCALL00", "handle": "oncall", "date_delete": 1446747568, "users": [RIKA, AMIR]}
    answers = {
        "auth.test": {"ok": True, "bot_id": "B0GUARD000", "team_id": "T0GUARD000"},
        "usergroups.list": {"ok": True, "usergroups": [group]},
    }

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(answers.get(request.match_info["method"], {"ok": False, "error": "other"}))

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        found = await rig.found(SLACK_API_URL=str(server.make_url("/api/")))
    said = {finding.name: finding for finding in found}
    assert said["APPROVERS"].level is FAILURE
    assert "@oncall (S0ONCALL00) is disabled" in said["APPROVERS"].said
    assert "Fewer than two" in said["two steps"].said


@pytest.mark.parametrize(
    ("approvers", "final", "requester_may", "level", "said"),
    [
        ("S0ONCALL00", "", "first", OK, "3 can give step 1, and 3 step 2"),
        (f"{RIKA},{AMIR}", "", "first", OK, "2 can give step 1, and 2 step 2"),
        (f"{RIKA},{AMIR}", "", "never", WARNING, "asked for by Amir or Rika"),
        (f"{RIKA},{AMIR}", RIKA, "first", WARNING, "asked for by Rika"),
        (RIKA, "", "first", FAILURE, "Fewer than two"),
        (f"{RIKA},U0GUEST000", "", "first", FAILURE, "Fewer than two"),
    ],
)
async def test_two_steps(
    rig: Rig, approvers: str, final: str, requester_may: str, level: Level, said: str
) -> None:
    """Fewer than two people who can complete the steps are a failure; for some requests a warning."""
    finding = await rig.one(
        "two steps", APPROVERS=approvers, FINAL_APPROVERS=final, REQUESTER_MAY_APPROVE=requester_may
    )
    assert finding.level is level
    assert said in finding.said


async def test_people_who_could_not_be_asked_for(rig: Rig) -> None:
    """Where Slack does not tell who someone is, it is not said that they can't approve."""
    await rig.slack.fault("users.info", "error", times=100, error="internal_error")
    levels = {finding.name: finding for finding in await rig.found()}
    assert "3 could not be asked for" in levels["APPROVERS"].said
    assert "Not looked at" in levels["two steps"].said


async def test_channels_can_not_be_seen(rig: Rig) -> None:
    """Without the scope a channel can't be seen, which is told with what to type instead."""
    await rig.slack.app(scopes=["commands", "chat:write", "users:read"])
    finding = await rig.one("channels", CHANNELS="C0INCIDENT,C0OPS00000")
    assert finding.level is WARNING
    assert finding.said.startswith("C0INCIDENT, C0OPS00000: ")
    assert "channels:read" in finding.said
    assert "/invite" in finding.remedy


async def test_channels_that_can_be_seen(rig: Rig) -> None:
    """A token that may look at channels shows where the bot can't post."""
    ids = "C0INCIDENT,C0NOBOT000,C0ARCHIVED,C0NOWHERE0"
    found = [each for each in await rig.found(CHANNELS=ids) if each.name == "channels"]
    assert [(each.level, each.said) for each in found] == [
        (FAILURE, "#archived (C0ARCHIVED) is archived."),
        (OK, "The bot is in #incident (C0INCIDENT)."),
        (FAILURE, "The bot is not in #no-bot (C0NOBOT000)."),
        (FAILURE, "C0NOWHERE0: there is no such channel, or it is private and the bot is not in it."),
    ]
