"""A wall clock that can be moved under a running process: the calls of the C library that tell the date are answered
with an offset, which stands in a file. Monotonic clocks are left alone; no privilege is needed, a C compiler is."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

DAY: Final = 86_400
SOURCE: Final = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
static volatile long long *offset(void) {
    static volatile long long *kept, none;
    if (!kept) {
        const char *name = getenv("CANDOUR_TEST_CLOCK");
        int file = name ? open(name, O_RDONLY) : -1;
        void *at = file < 0 ? MAP_FAILED : mmap(0, sizeof none, PROT_READ, MAP_SHARED, file, 0);
        kept = at == MAP_FAILED ? &none : at;
    }
    return kept;
}
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, at);
    if (!code && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI)) at->tv_sec += *offset();
    return code;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


class Clock:
    """The wall clock of whoever is started with `environment`."""

    def __init__(self, folder: Path, name: str, library: Path | None) -> None:
        self.file, self.library = folder / f"clock-{name}", library
        self.file.write_bytes(struct.pack("q", 0))

    @property
    def environment(self) -> dict[str, str]:
        if self.library is None:
            return {}
        return {"LD_PRELOAD": str(self.library), "CANDOUR_TEST_CLOCK": str(self.file)}

    def step(self, seconds: int) -> None:
        """From now on it is `seconds` later than it is."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", seconds))


def build_clock(folder: Path) -> Path | None:
    """The library to start processes with; None where there is no compiler: then no clock can be moved here."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
