"""`python -m services.gateway serve`, with settings from `CANDOUR_GATEWAY_*`. It has no database to migrate."""

import sys

from services.gateway.app import create_app
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from shared.kit.serving import run, serve


def main(arguments: list[str] | None = None) -> int:
    return run("gateway", Settings, {"migrate": lambda _settings: 0, "serve": _serve}, arguments)


def _serve(settings: Settings) -> int:
    return serve(create_app(settings, over_http(settings)), settings)


if __name__ == "__main__":
    sys.exit(main())
