"""Where tests put their files: in memory where the machine has room for it, else where the system puts such files.

What a service promises of its disk is proved by what it asks of it (flushes, full disks, kills), not by waiting for
one: on a slow or shared disk a single flush can take seconds. `TMPDIR` chooses another place, such as a real disk.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
MEMINFO: Final = Path("/proc/meminfo")
NEEDED: Final = 6 << 30  # bytes: a whole run, with room beside it


def use_quick_disk() -> None:
    """For this process and those that it starts, before anything was put anywhere."""
    if "TMPDIR" not in os.environ and is_roomy(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked for again


def is_roomy(folder: Path) -> bool:
    """Whether programs may be run there, as some tests do, and neither it nor the memory behind it will be full."""
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    return not found.f_flag & os.ST_NOEXEC and min(free, available_memory()) >= NEEDED


def available_memory() -> int:
    """Bytes; 0 where nobody says."""
    if not MEMINFO.exists():
        return 0
    told = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(told.get("MemAvailable", "0 kB").split()[0]) << 10
