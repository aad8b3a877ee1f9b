"""`python -m services.gateway migrate | serve`."""

import sys

import uvicorn

from services.gateway.app import create_app
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from shared.kit.logs import configure_logs


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        Settings()  # the gateway has no database of its own; its settings are checked all the same
        return 0
    if arguments == ["serve"]:
        settings = Settings()
        configure_logs("gateway", settings.log_level)
        app = create_app(settings, over_http(settings))
        uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None, server_header=False)
        return 0
    sys.stderr.write("usage: python -m services.gateway migrate | serve\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
