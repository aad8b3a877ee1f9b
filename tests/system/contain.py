"""`python contain.py SPECIFICATION COMMAND…`: run COMMAND as a container would: its own root, mostly read-only, its own
host name, an ordinary user, no privileges. Linux, and root, or a namespace in which we are.

The specification is JSON: hostname, user, folder, mounts ([source, target, read-only], outer before inner). Only the
standard library: it is started for every process and every health check.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
MACHINE: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/proc")
WRITABLE: Final = ("/dev", "/proc")

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str | None, target: Path | str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if one is None else str(one).encode() for one in (source, target, kind, data)]
    check(libc.mount(texts[0], texts[1], texts[2], flags, texts[3]), f"mount {source} on {target}")


def bind(source: Path, target: Path, read_only: bool) -> None:
    """`source` seen as `target`, what lies below it included; links are made again as links."""
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(source), target, None, MS_BIND | MS_REC)
    if read_only:
        mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def new_root(specification: dict[str, Any]) -> Path:
    """A root of its own: the machine's programs, read-only, and the mounts."""
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    name = str(specification["hostname"]).encode()
    check(libc.sethostname(name, len(name)), "sethostname")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = Path(specification["folder"])
    root.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=755,size=1m")
    for path in MACHINE:
        if os.path.lexists(path):
            bind(Path(path), root / path[1:], path not in WRITABLE)
    for source, target, read_only in specification["mounts"]:
        bind(Path(source), root / target[1:], read_only)
    mount(None, root, None, MS_REMOUNT | MS_RDONLY)
    return root


def become(user: int) -> None:
    """An ordinary user for good, who ends when whoever started this is gone."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), "parent's death")


def main() -> None:
    specification = json.loads(sys.argv[1])
    os.umask(0o022)
    os.chroot(new_root(specification))
    os.chdir("/")
    become(int(specification["user"]))
    os.umask(0o077)
    os.environ.pop("LC_CTYPE", None)  # Python's own addition, not the specification's
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
