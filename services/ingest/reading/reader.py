"""The process that reads one file, seen from outside: what it says, what it takes, and how it ended."""

import errno
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from services.ingest.reading.batches import Told
from services.ingest.reading.limits import MOST_MEMORY, WALL_SECONDS, cpu_seconds
from services.ingest.reading.orders import LONGEST_SAYING, OUT_OF_MEMORY, Order, Said
from services.ingest.reading.resident import peak_of
from services.ingest.refusals import Refused
from shared.contracts.ingest import Refusal

COMMAND: Final = (sys.executable, "-m", "services.ingest.reading")
PASSED_ON: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
WATCHED_EVERY: Final = 0.02
"""Seconds between two looks at its memory."""


SECONDS_TO_END: Final = 30
"""That a process may take from its last word to its end."""
TOLD_TO_END: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)
"""What somebody says to a process, and no limit does."""


class Died(Refused):
    """A limit, or a crash, ended the process over this file. Once may be chance: a machine short of memory."""


class ReaderFailed(RuntimeError):
    """The reader met an error of its own, and said only of which kind: nothing about the file follows from it."""


class Reader:
    """One process that reads. `peak`: the most resident bytes that the last one was seen with; `processor`: seconds of
    processor time that all of them took that have ended."""

    def __init__(self, order: Order, told: Told, most_memory: int = MOST_MEMORY) -> None:
        self.order, self.told, self.most_memory, self.peak, self.processor = order, told, most_memory, 0, 0.0
        self.seconds = cpu_seconds(order.path.stat().st_size)

    def result(self) -> Said:
        """Its last word. Raises Refused, also where a limit or a crash ended two of them; OSError (ENOSPC)."""
        try:
            return self._once()
        except Died:
            _empty(self.order.folder)
            self.peak = 0
            return self._once()

    def _once(self) -> Said:
        with subprocess.Popen(  # noqa: S603  # our own module; what is a stranger's goes in as data
            [*COMMAND, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=_environment(), start_new_session=True,
        ) as process:  # fmt: skip
            try:
                self._tell(process)
                last = self._listen(process)
                code = self._code(process) if last is None else 0
            finally:
                self._end(process)
        if last is None:
            raise self._ended(code)
        if last.refused is not None:
            raise _refused(last.refused)
        if last.failed == "no-space":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if last.failed is not None:
            raise ReaderFailed(last.kind)
        return last

    def _tell(self, process: "subprocess.Popen[bytes]") -> None:
        """The order is smaller than what the process reads before anything else, so it cannot block for long."""
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(self.order.model_dump_json(by_alias=True).encode())
            process.stdin.close()

    def _listen(self, process: "subprocess.Popen[bytes]") -> Said | None:
        """Its last word that is not about progress; None where it ended without. Raises Refused."""
        assert process.stdout is not None
        heard, until = b"", time.monotonic() + self.seconds * WALL_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                ready = selector.select(WATCHED_EVERY)
                self._watch(process.pid, until)
                if not ready:
                    continue
                piece = os.read(process.stdout.fileno(), 1 << 16)
                *said, heard = (heard + piece).split(b"\n")
                if not piece:
                    return None
                if len(heard) > LONGEST_SAYING:
                    raise ReaderFailed("it said what no reader says")
                for line in said:
                    if (last := self._heard(line)) is not None:
                        return last

    def _code(self, process: "subprocess.Popen[bytes]") -> int:
        """How it ended, once it says nothing more. Raises Refused where it does not end."""
        until = time.monotonic() + SECONDS_TO_END
        while not self._has_ended(process, os.WNOHANG):
            if time.monotonic() > until:
                raise self._too_much_time()
            time.sleep(WATCHED_EVERY)
        return int(process.returncode)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Not by `Popen.kill`, which may hear of its end itself, and not what it took."""
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            self._has_ended(process)

    def _has_ended(self, process: "subprocess.Popen[bytes]", how: int = 0) -> bool:
        """`how`: os.WNOHANG not to wait for it."""
        try:
            pid, status, used = os.wait4(process.pid, how)
        except ChildProcessError:  # whoever started us does not want to hear of ends, and so nobody does
            process.returncode = 0
            return True
        if not pid:
            return False
        process.returncode = os.waitstatus_to_exitcode(status)
        self.processor += used.ru_utime + used.ru_stime
        return True

    def _heard(self, line: bytes) -> Said | None:
        try:
            said = Said.model_validate_json(line)
        except ValidationError:
            raise ReaderFailed("it said what no reader says") from None
        self.peak = max(self.peak, said.peak)
        if said.done is None or said.total is None:
            return said
        self.told(said.done, said.total)
        return None

    def _watch(self, pid: int, until: float) -> None:
        self.peak = max(self.peak, peak_of(pid))
        if self.peak > self.most_memory:
            raise self._too_much_memory()
        if time.monotonic() > until:
            raise self._too_much_time()

    def _ended(self, code: int) -> Exception:
        """It said nothing. What Python gives as the code of an error of its own says nothing of the file either."""
        if code == OUT_OF_MEMORY:
            return self._too_much_memory()
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return self._too_much_time()
        if code >= 0 or -code in TOLD_TO_END:
            return ReaderFailed(f"it ended with {code}")
        detail = (
            "The process that reads files came to its end over this one, so it is not what it says it is, or broken. "
            "Save it again, or send it as CSV. Nothing was taken from it."
        )
        return Died("reader-died", detail, "a file that cannot be read to its end", "a file of this source")

    def _too_much_memory(self) -> Died:
        most = f"{self.most_memory >> 20} MB"
        detail = f"Reading the file takes more than {most} of memory. Split it, or send it as CSV. Nothing was taken."
        return Died("too-much-memory", detail, f"a file that takes more than {most}", f"at most {most} to read it")

    def _too_much_time(self) -> Died:
        detail = "Reading the file takes more time than files of its size do. Split it, or send it as CSV."
        most = f"{self.seconds} s"
        return Died("too-much-time", detail, f"a file that takes more than {most}", f"at most {most} to read it")


def _refused(refusal: Refusal) -> Refused:
    return Refused(refusal.code, refusal.detail, refusal.found, refusal.expected, refusal.line)


def _empty(folder: Path) -> None:
    """Of what a process left that came to its end."""
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _environment() -> dict[str, str]:
    """What Python needs to start, and nothing of the service's settings. One thread checks a piece while another reads
    the next; more would take more memory."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {
        **passed,
        "POLARS_MAX_THREADS": "2",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
    }
