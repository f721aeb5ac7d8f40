"""The server: ASGI around the routes, with the limit, the scenario and the control."""

import asyncio
import gzip
import html
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

from deploy.local.police_api.answers import NOT_FOUND, Answer
from deploy.local.police_api.limits import Meter, make_limiter
from deploy.local.police_api.months import Months
from deploy.local.police_api.routes import Published, respond, route_of
from deploy.local.police_api.scenarios import Course, Fault
from deploy.local.police_api.settings import Settings, changed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTROL = "/_control"
MAX_REQUEST_LINE = 4_094
MIN_GZIP_BYTES = 500
TOO_LARGE = """<html>
  <head>
    <title>Bad Request</title>
  </head>
  <body>
    <h1><p>Bad Request</p></h1>
    Request Line is too large ({} &gt; 4094)
  </body>
</html>
"""


class App:
    """The sample police API below `/api/`, its control at `/_control`."""

    def __init__(self, months: Months, settings: Settings) -> None:
        self._months = months
        # More threads than a polite client has requests in flight: while some wait for a month to be read,
        # others still answer.
        self._threads = ThreadPoolExecutor(max_workers=32)
        self._use(settings)
        self._meter = Meter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == CONTROL:
            await send_whole(send, await self._control(scope["method"], receive))
        elif scope["path"].startswith("/api/"):
            await self._api(scope, receive, send)
        else:
            await send_whole(send, NOT_FOUND)

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.monotonic()
        meter, course = self._meter, self._course
        meter.arrive(now)
        admitted = self._limiter.admits(now)
        route = route_of(scope["path"].removeprefix("/api/"))
        status = "cut"
        try:
            body = await read_body(receive)
            await asyncio.sleep(self._settings.latency)
            request = (
                f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} {body.decode('latin-1')}"
            )
            fault = course.next_fault(request, now) if admitted else Fault("answer", Answer(429))
            if fault is not None and fault.answer is not None:
                answer = fault.answer
            else:
                data = self._published(course)
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, answer_request, data, route, scope, body)
            if fault is not None and fault.kind == "hang":
                await asyncio.sleep(self._settings.hang)
                await send_start(send, answer)  # and nothing more: the server then closes the connection
            elif fault is not None and fault.kind == "cut":
                await send_start(send, answer)
                half = answer.body[: len(answer.body) // 2]
                await send({"type": "http.response.body", "body": half, "more_body": True})
            else:
                status = str(answer.status)
                await send_whole(send, answer)
        finally:
            meter.leave(route, status)

    def _published(self, course: Course) -> Published:
        settings, months = self._settings, self._months.archive.months
        shown = [month for month in months if not settings.latest or month <= settings.latest]
        return Published(self._months, course.release(), shown[-settings.window :], settings.cap)

    async def _control(self, method: str, receive: Receive) -> Answer:
        """GET: settings and counters. POST: settings to change; `"reset": true` clears the counters, too."""
        if method == "POST":
            try:
                changes = json.loads(await read_body(receive))
                if changes.pop("reset", False):
                    self._meter = Meter()
                self._use(changed(self._settings, changes, self._months.archive.months))
            except (ValueError, AttributeError) as error:
                return Answer(400, str(error).encode(), "text/plain")
        report = {
            "pid": os.getpid(),
            "months": self._months.archive.months,
            "settings": {name: getattr(self._settings, name) for name in self._settings.__struct_fields__},
            **self._meter.report(),
        }
        return Answer(200, json.dumps(report).encode())

    def _use(self, settings: Settings) -> None:
        """Begin a scenario, and the limit, from the start."""
        self._settings = settings
        self._course = Course(settings, time.monotonic())
        self._limiter = make_limiter(settings)


def answer_request(data: Published, route: str, scope: Mapping[str, Any], body: bytes) -> Answer:
    """From the request to the answer as it is sent, gzip included."""
    query = scope["query_string"]
    line = (
        len(scope["method"]) + len(scope["raw_path"]) + (1 + len(query) if query else 0) + len("  HTTP/1.1")
    )
    if line > MAX_REQUEST_LINE:
        return Answer(400, TOO_LARGE.format(html.escape(str(line))).encode(), "text/html")
    headers = dict(scope["headers"])
    params = dict(parse_qsl(query.decode("latin-1")))
    if scope["method"] == "POST":
        if not headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
            return Answer(400)
        params |= dict(parse_qsl(body.decode("latin-1")))
    path = scope["path"].removeprefix("/api/")
    answer = respond(data, route, scope["method"], path, params)
    if len(answer.body) < MIN_GZIP_BYTES or b"gzip" not in headers.get(b"accept-encoding", b""):
        return answer
    packed = gzip.compress(answer.body, compresslevel=1)
    return Answer(
        answer.status, packed, answer.content_type, (*answer.headers, (b"content-encoding", b"gzip"))
    )


async def read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def send_start(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def send_whole(send: Send, answer: Answer) -> None:
    await send_start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})
