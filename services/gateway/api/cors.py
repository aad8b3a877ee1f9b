"""Any web page may read the public API: no credentials, GET and HEAD only."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = "GET, HEAD, OPTIONS"
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Accept, If-None-Match, If-Modified-Since, If-Range, Range",
    "Access-Control-Max-Age": "86400",
    "Allow": METHODS,
    "Cache-Control": "no-store",
}
EXPOSED: Final = "Link, ETag, Content-Location, Content-Disposition, Retry-After, Deprecation, Sunset"


class OpenToPages:
    """The layer: answers OPTIONS under `/v1`, and adds the headers to every other answer there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] == "/v1" or scope["path"].startswith("/v1/")):
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = EXPOSED
                if message["status"] == 405:
                    headers["Allow"] = METHODS
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, with_headers)
        else:
            await self.app(scope, receive, with_headers)
