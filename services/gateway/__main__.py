"""`python -m services.gateway serve`, with settings from `CANDOUR_GATEWAY_*`. It has no database to migrate."""

import sys

from services.gateway.app import create_app
from services.gateway.guard import GuardedProtocol
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from services.gateway.tenure import tenure_of
from shared.kit.serving import run, serve


def main(arguments: list[str] | None = None) -> int:
    return run("gateway", Settings, {"migrate": lambda _settings: 0, "serve": _serve}, arguments)


def _serve(settings: Settings) -> int:
    with tenure_of(settings.data_dir) as tenure:
        return serve(create_app(settings, over_http(settings, tenure)), settings, GuardedProtocol)


if __name__ == "__main__":
    sys.exit(main())
