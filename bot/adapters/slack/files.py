"""Files in Slack: put where Slack says, and only then shown in a thread."""

from __future__ import annotations

import re
from http import HTTPStatus

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.adapters.slack.client import answered
from bot.adapters.slack.errors import FOREIGN, judge, translated
from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.services.ports.outside import File

# Bytes of a file with codes: a thousand need less than a fifth.
_LARGEST = 100_000
_PART = 16_384
_ID = re.compile(r"F[A-Z0-9]+")
_OF_FILES = URL("https://files.slack.com")


class SlackFiles:
    """Fetches files that people sent; it implements the port `Files`.

    The token goes to Slack's own hosts alone, whatever an address says. What comes back is what someone
    wrote, so no more of it is read than a list of codes may hold.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        assert client.session is not None, "web_client gives it one"
        self._client, self._session = client, client.session

    async def fetch(self, file: str) -> bytes:
        """Return what is in a file. It needs `files:read`. Raises SlackUnavailable, SlackRefused.

        file: its address, or its id if it came without one, as files of Slack Connect channels do: then
        Slack is asked for the rest.
        """
        url = await self._address(file) if _ID.fullmatch(file) else file
        address = _of_slack(url, URL(self._client.base_url).origin())
        headers = {"Authorization": f"Bearer {self._client.token}"}
        content = bytearray()
        try:
            async with self._session.get(address, headers=headers, allow_redirects=False) as answer:
                async for part in answer.content.iter_chunked(_PART):
                    content += part
                    if len(content) > _LARGEST:
                        raise SlackRefused("file_too_large")
        except FOREIGN as error:
            raise translated(error) from None
        if answer.status != HTTPStatus.OK:
            raise judge(answer.status, answer.headers, None)
        if answer.content_type == "text/html":
            # Slack's page to sign in, which it shows if the token may not read files.
            raise SlackRefused("missing_scope")
        return bytes(content)

    async def _address(self, file: str) -> str:
        """Ask where a file is. Raises SlackRefused `no_address` if Slack does not tell."""
        told = (await answered(self._client.files_info(file=file))).get("file")
        about = told if isinstance(told, dict) else {}
        for url in (about.get("url_private_download"), about.get("url_private")):
            if isinstance(url, str) and url:
                return url
        raise SlackRefused("no_address")


def _of_slack(url: str, slack: URL) -> URL:
    """Return the address. Raises SlackRefused if it is not one of Slack's."""
    try:
        parsed = URL(url)
        trusted = parsed.user is None and parsed.origin() in (slack, _OF_FILES)
    except ValueError:
        trusted = False
    if not trusted:
        raise SlackRefused("foreign_file")
    return parsed


async def attach(
    client: AsyncWebClient, session: aiohttp.ClientSession, channel: str, ts: str, file: File
) -> None:
    """Add a file to the thread of a message. It needs the scope `files:write`.

    Nobody sees a file of which only the first steps were made. Raises SlackUnavailable or SlackRefused.
    """
    answer = await answered(client.files_getUploadURLExternal(filename=file.name, length=len(file.content)))
    url, file_id = answer.get("upload_url"), answer.get("file_id")
    if not isinstance(url, str) or not isinstance(file_id, str):
        raise SlackUnavailable("Slack's answer lacks where to put a file")
    await _put(session, _trusted(url, URL(client.base_url).origin()), file)
    shown: list[dict[str, str | None]] = [{"id": file_id, "title": file.title}]
    await answered(client.files_completeUploadExternal(files=shown, channel_id=channel, thread_ts=ts))


def _trusted(url: str, slack: URL) -> URL:
    """Return the address, if it is an HTTPS one or that of the very server that the settings name."""
    try:
        parsed = URL(url)
        trusted = parsed.scheme == "https" or parsed.origin() == slack
    except ValueError:
        trusted = False
    if not trusted:
        raise SlackUnavailable("Slack's answer names a place for a file that can't be used")
    return parsed


async def _put(session: aiohttp.ClientSession, url: URL, file: File) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    try:
        async with session.post(url, data=file.content, headers=headers, allow_redirects=False) as answer:
            await answer.read()
    except FOREIGN as error:
        raise translated(error) from None
    if answer.status != HTTPStatus.OK:
        raise judge(answer.status, answer.headers, None)
