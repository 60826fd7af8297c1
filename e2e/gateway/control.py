"""The gateway's control API: JSON over HTTP, for the suite and for curl.

GET    /state                     nodes, lanes, counters, faults
GET    /dials?node=N&lane=L       monotonic times at which the proxy connected
GET    /kinds                     the faults there are, with their attributes
GET    /faults                    those in force
POST   /faults                    {"fault": KIND, "node": N, "lane": "http"|"ws", attributes...} → 201, with its id
GET    /faults/ID/bites?at_least=1&within=5    wait until it has bitten → 200, else 408
DELETE /faults/ID                 take it away
POST   /reset                     take all away
GET    /facts?after=NUMBER        what was done to the traffic, and requests with side effects that arrived
GET    /links?node=N&lane=L&at_least=A&at_most=B&within=SECONDS    wait for a count of open links → 200, else 408
PUT    /routes/N                  {"http": URL, "ws": URL}: the node has moved
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from e2e.gateway.faults import FAULTS, FaultError
from e2e.gateway.routes import RouteError
from e2e.gateway.server import Gateway, eventually

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

_GATEWAY = web.AppKey("gateway", Gateway)


def application(gateway: Gateway) -> web.Application:
    """Return the API as an aiohttp application."""
    app = web.Application(middlewares=[_complaints])
    app[_GATEWAY] = gateway
    app.router.add_get("/", _help)
    app.router.add_get("/state", _state)
    app.router.add_get("/dials", _dials)
    app.router.add_get("/kinds", _kinds)
    app.router.add_get("/faults", _faults)
    app.router.add_post("/faults", _add)
    app.router.add_get("/faults/{id}/bites", _bites)
    app.router.add_delete("/faults/{id}", _remove)
    app.router.add_post("/reset", _reset)
    app.router.add_get("/facts", _facts)
    app.router.add_get("/links", _links)
    app.router.add_put("/routes/{node}", _retarget)
    return app


@web.middleware
async def _complaints(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a user got wrong into a 400 that says so."""
    try:
        return await handler(request)
    except json.JSONDecodeError as error:
        return _json({"error": f"the body is no JSON: {error}"}, 400)
    except (FaultError, RouteError) as error:
        return _json({"error": str(error)}, 400)
    except KeyError as error:
        return _json({"error": f"{error.args[0]} is missing"}, 400)


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    value = await request.json()
    if not isinstance(value, dict):
        raise FaultError("the body should be a JSON object")
    return value


def _number(request: web.Request, name: str, default: float) -> float:
    text = request.query.get(name)
    try:
        return default if text is None else float(text)
    except ValueError as error:
        raise FaultError(f"{name}={text} should be a number") from error


def _fault_id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isdecimal():
        raise FaultError(f"{text!r} should be the number of a fault")
    return int(text)


async def _help(request: web.Request) -> web.Response:  # noqa: ARG001 (a handler)
    return web.Response(text=__doc__)


async def _state(request: web.Request) -> web.Response:
    return _json(request.app[_GATEWAY].state())


async def _dials(request: web.Request) -> web.Response:
    lane = request.app[_GATEWAY].lane(request.query["node"], request.query["lane"])
    return _json(list(lane.counters.dials))


async def _kinds(request: web.Request) -> web.Response:  # noqa: ARG001 (a handler)
    kinds = {
        kind: {
            "what": sys.modules[type_.__module__].__doc__,
            "lanes": type_.lanes,
            "attributes": type_.attributes(),
        }
        for kind, type_ in FAULTS.items()
    }
    return _json(kinds)


async def _faults(request: web.Request) -> web.Response:
    return _json([fault.to_json() for fault in request.app[_GATEWAY].faults()])


async def _add(request: web.Request) -> web.Response:
    body = await _body(request)
    node, lane, kind = (body.pop(name) for name in ("node", "lane", "fault"))
    fault = await request.app[_GATEWAY].add(str(node), str(lane), str(kind), body)
    return _json(fault.to_json(), 201)


async def _bites(request: web.Request) -> web.Response:
    wanted, number = _number(request, "at_least", 1), _fault_id(request)
    found = [fault for fault in request.app[_GATEWAY].faults() if fault.id == number]
    if not found:
        raise FaultError(f"no fault {number} is in force")
    bitten = await eventually(lambda: found[0].bites >= wanted, _number(request, "within", 0))
    return _json(found[0].to_json(), 200 if bitten else 408)


async def _remove(request: web.Request) -> web.Response:
    await request.app[_GATEWAY].remove(_fault_id(request))
    return _json({})


async def _reset(request: web.Request) -> web.Response:
    await request.app[_GATEWAY].reset()
    return _json({})


async def _facts(request: web.Request) -> web.Response:
    after = int(_number(request, "after", 0))
    return _json([fact.to_json() for fact in request.app[_GATEWAY].log.after(after)])


async def _links(request: web.Request) -> web.Response:
    lane = request.app[_GATEWAY].lane(request.query["node"], request.query["lane"])
    least, most = _number(request, "at_least", 0), _number(request, "at_most", float("inf"))
    reached = await eventually(lambda: least <= len(lane.links) <= most, _number(request, "within", 0))
    return _json({"links": len(lane.links)}, 200 if reached else 408)


async def _retarget(request: web.Request) -> web.Response:
    body = await _body(request)
    request.app[_GATEWAY].retarget(request.match_info["node"], str(body["http"]), str(body["ws"]))
    return _json({})
