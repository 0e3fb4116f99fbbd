"""Files: put at an address that Slack gives, and shown in a thread only once the upload is completed.

As strict as Slack about the order of the steps, the length, and the place. Error names are those of Slack's
references of files.getUploadURLExternal and files.completeUploadExternal.
"""

import json
import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal

from aiohttp import web

from sandbox.slack.api.methods import Method, thread_of, writable_channel
from sandbox.slack.api.wire import ApiError
from sandbox.slack.world import BOT_USER_ID, Json, Message, World

Given = Literal["whole", "stub", "private"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way; content is None until it was put at its address."""

    id: str
    name: str
    length: int
    secret: str
    content: bytes | None = None
    is_shown: bool = False


class Files:
    """The files of one local Slack. `base_url` is set before the first call."""

    def __init__(self, world: World, bot_token: str) -> None:
        self._world = world
        self._bot_token = bot_token
        self._uploads: dict[str, Upload] = {}
        self.base_url = ""

    def methods(self) -> dict[str, Method]:
        """Return the Web API's methods for files."""
        return {
            "files.getUploadURLExternal": self._begin,
            "files.completeUploadExternal": self._complete,
            "files.info": _info,
        }

    async def put(self, request: web.Request) -> web.Response:
        """Take a file's bytes; what has another length than announced is refused, as a second try is."""
        upload = self._uploads.get(request.match_info["file"])
        content = await request.read()
        if upload is None or upload.secret != request.match_info["secret"] or upload.content is not None:
            return web.Response(status=404)
        if len(content) != upload.length:
            return web.Response(status=400, text="The file has another length.")
        self._uploads[upload.id] = replace(upload, content=content)
        return web.Response(text=f"OK - {len(content)}")

    def keep(self, name: str, content: str, given: Given = "whole") -> Json:
        """Keep a file that a person has chosen for a form, and return it as payloads show it.

        given: what a payload tells of it. stub: its id alone, with a word to ask files.info, as in Slack
        Connect. private: an address to look at it, and none to download it.
        """
        file: Json = {"id": f"F0LOCAL{self._world.number():04d}", "name": name, "title": name}
        kind = name.rpartition(".")[2].lower()
        file |= {
            "mimetype": f"text/{kind}",
            "filetype": kind,
            "size": len(content.encode()),
            "mode": "hosted",
        }
        file["url_private"] = f"{self.base_url}files-pri/{file['id']}/{name}"
        file["url_private_download"] = f"{self.base_url}files-pri/{file['id']}/download/{name}"
        shown = _shown_in_payloads(file, given)
        self._world.files[file["id"]] = {"content": content, "info": file, "payload": shown}
        return shown

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Hand a file over to the bot; to anyone else, or without the scope, the page to sign in is shown."""
        file = self._world.files.get(request.match_info["file"])
        is_bot = request.headers.get("Authorization") == f"Bearer {self._bot_token}"
        if file is None:
            return web.Response(status=404)
        if not is_bot or "files:read" not in self._world.scopes:
            return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
        return web.Response(body=str(file["content"]).encode(), content_type="text/csv")

    def _begin(self, world: World, args: Json) -> Json:
        name, length = str(args["filename"]), int(args["length"])
        upload = Upload(f"F0LOCAL{world.number():04d}", name, length, secrets.token_hex(8))
        self._uploads[upload.id] = upload
        return {
            "upload_url": f"{self.base_url}upload/v1/{upload.id}/{upload.secret}",
            "file_id": upload.id,
        }

    def _complete(self, world: World, args: Json) -> Json:
        chosen = [self._shown(each) for each in _listed(args.get("files"))]
        if args.get("channel_id"):
            place: Json = {**args, "channel": args["channel_id"]}
            channel, thread = writable_channel(world, place), thread_of(place)
            if thread is not None and world.message(channel.id, thread) is None:
                raise ApiError("invalid_thread_ts")
            shown = tuple(chosen)
            world.post(Message(channel.id, world.new_ts(), BOT_USER_ID, "", thread_ts=thread, files=shown))
        return {"files": [{"id": file["id"], "title": file["title"]} for file in chosen]}

    def _shown(self, asked: Json) -> Json:
        upload = self._uploads.get(str(asked.get("id")))
        if upload is None or upload.content is None or upload.is_shown:
            raise ApiError("file_not_found")
        self._uploads[upload.id] = replace(upload, is_shown=True)
        return {
            "id": upload.id,
            "name": upload.name,
            "title": str(asked.get("title") or upload.name),
            "size": upload.length,
            "content": upload.content.decode("utf-8", "replace"),
        }


def _info(world: World, args: Json) -> Json:
    file = world.files.get(str(args.get("file")))
    if file is None:
        raise ApiError("file_not_found")
    return {"file": file["info"], "comments": [], "response_metadata": {"next_cursor": ""}}


def _shown_in_payloads(file: Json, given: Given) -> Json:
    match given:
        case "stub":
            unsaid: Json = {"created": 0, "timestamp": 0, "user": ""}
            return {"id": file["id"], "mode": "file_access", "file_access": "check_file_info", **unsaid}
        case "private":
            return {name: value for name, value in file.items() if name != "url_private_download"}
        case "whole":
            return file


def _listed(files: Any) -> list[Json]:
    if isinstance(files, str):
        try:
            files = json.loads(files)
        except ValueError as error:
            raise ApiError("invalid_arguments") from error
    if not isinstance(files, list) or not files or not all(isinstance(each, dict) for each in files):
        raise ApiError("invalid_arguments")
    return files
