"""`python -m shared.kit.probe PORT`: is the service of this container ready? For health checks; 0 yes, 1 no.

Only the standard library: it is started every few seconds.
"""

import http.client
import sys
from typing import Final

SECONDS: Final = 2.0


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """2 where it was wrongly asked."""
    if len(arguments) != 1 or not arguments[0].isascii() or not arguments[0].isdecimal():
        sys.stderr.write("usage: python -m shared.kit.probe PORT\n")
        return 2
    return 0 if ready(int(arguments[0])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
