"""`python -m services.ingest.reading`: begins `child`, which reads one file, and takes its arguments."""

import gc
import sys


def main() -> int:
    """Its exit code. A seventh of the start of a process so short would be the collector's, which would walk through
    modules that stay to its end."""
    gc.disable()
    from services.ingest.reading.child import main as read  # noqa: PLC0415  # this is what must not be walked through

    gc.freeze()
    gc.enable()
    return read()


if __name__ == "__main__":
    sys.exit(main())
