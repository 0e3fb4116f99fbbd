"""The control side of modals: who sees which, and a person who fills one in, sends it or closes it."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from sandbox.slack.api.files import Files
from sandbox.slack.api.modals import Modals, NoSuchModalError
from sandbox.slack.deliver.orders import CloseOrder, FileOrder, RefusedError, SubmitOrder, order_in

_Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes(modals: Modals, files: Files) -> Sequence[web.RouteDef]:
    """Return the routes: `GET /modals?user=`, `POST /modal/send`, `POST /modal/close` and `POST /files`."""

    async def seen(request: web.Request) -> web.Response:
        found = modals.seen_by(request.query.get("user"))
        return web.json_response({"modals": [modal.to_json() for modal in found]})

    async def send(request: web.Request) -> web.Response:
        order = await order_in(request, SubmitOrder)
        sent = await modals.send(order.user, order.modal, order.values)
        answer = {"status": sent.status, "error": sent.error, "modal": sent.modal.to_json()}
        return web.json_response(answer)

    async def close(request: web.Request) -> web.Response:
        order = await order_in(request, CloseOrder)
        return web.json_response({"modal": modals.close(order.user, order.modal).to_json()})

    async def keep(request: web.Request) -> web.Response:
        order = await order_in(request, FileOrder)
        return web.json_response({"file": files.keep(order.name, order.content, order.given)})

    return [
        web.post("/files", keep),
        web.get("/modals", seen),
        web.post("/modal/send", _known(send)),
        web.post("/modal/close", _known(close)),
    ]


def _known(handler: _Handler) -> _Handler:
    async def known(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except NoSuchModalError as error:
            raise RefusedError(str(error), 409) from error

    return known
