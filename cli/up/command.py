"""The command itself: prepare, migrate, start, load the demonstration if asked, say where things are, watch, stop."""

import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Annotated

import typer
from rich.table import Table

from cli import demo
from cli.say import err, out, stop
from cli.up.children import Family
from cli.up.first_start import FirstStart
from cli.up.layout import Layout
from cli.up.supervising import Supervisor
from shared.kit.files import write_durably

WHAT = {
    "gateway": "public site and API",
    "ingest": "uploads, for the steward",
    "ratings": "releases, for analyst, reviewer and publisher",
    "consent": "decisions: /console for the office, /me for a consultant",
}


class _Stop(Exception):
    pass


def up(
    data: Annotated[Path, typer.Option(envvar="CANDOUR_DATA", help="Where everything is kept.")] = Path(".candour"),
    port: Annotated[int, typer.Option(envvar="CANDOUR_PORT", help="First of four ports: gateway, ingest, …")] = 8000,
    gateways: Annotated[int, typer.Option(min=1, max=9, help="Gateway processes; the second listens 10 higher.")] = 1,
    with_demo: Annotated[bool, typer.Option("--demo", help="Load the demonstration into an empty directory.")] = False,
    accounts: Annotated[Path | None, typer.Option(help="Also write the accounts, when made, to this file.")] = None,
) -> None:
    """Start the four services on loopback, and keep them running until Ctrl-C."""
    layout = Layout(data.resolve(), port, gateways)
    signal.signal(signal.SIGTERM, _raise_stop)
    signal.signal(signal.SIGINT, _raise_stop)
    try:
        with only_one(layout):
            _run(layout, with_demo, accounts)
    except _Stop:
        out.print("stopped")
    except RuntimeError as failed:
        stop(str(failed))


def _raise_stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one stop is enough; the second must not interrupt the tidying
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise _Stop


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """Hold the data directory for this process alone. Raises RuntimeError where another has it."""
    layout.prepare()
    with (layout.data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"Another `candour up` is using {layout.data}. Stop it, or give --data.") from None
        yield


def _run(layout: Layout, with_demo: bool, accounts: Path | None) -> None:
    _refuse_taken_ports(layout)
    first = FirstStart(layout)
    passwords = first.accounts(accounts)
    family = Family(layout, _say, Supervisor(layout))
    noted = layout.data / "running.json"
    try:
        err.print("starting the services")
        family.start()
        urls = {name: layout.url(name) for name in layout.ports()}
        _note(noted, family)
        if with_demo and passwords and first.wants_demo():
            _load_demonstration(family, noted, urls, passwords)
            first.demo_loaded()
        _tell(layout, passwords)
        first.shown()
        out.print("ready")
        _watch(family, noted)
    finally:
        noted.unlink(missing_ok=True)
        family.stop()


def _say(text: str) -> None:
    err.print(text, markup=False)


def _load_demonstration(family: Family, noted: Path, urls: dict[str, str], passwords: dict[str, str]) -> None:
    """In a thread of its own, left behind on Ctrl-C; this one goes on tending the services (only it may start them)."""
    outcome: Future[str] = Future()

    def work() -> None:
        try:
            outcome.set_result(demo.load_into(urls, passwords, _say))
        except BaseException as failed:  # handed to the thread that waits
            outcome.set_exception(failed)

    Thread(target=work, name="demonstration", daemon=True).start()
    while not outcome.done():
        _tend(family, noted)
        time.sleep(0.3)
    try:
        outcome.result()
    except SystemExit:
        raise RuntimeError("The demonstration could not be loaded; see the lines above.") from None


def _watch(family: Family, noted: Path) -> None:
    while True:
        time.sleep(0.3)
        _tend(family, noted)


def _tend(family: Family, noted: Path) -> None:
    if family.tend():
        _note(noted, family)


def _note(noted: Path, family: Family) -> None:
    """Addresses and process ids, for `candour` commands that are given only the data directory."""
    pids = {name: child.process.pid for name, child in family.children.items() if child.process}
    urls = {name: family.layout.url(name) for name in family.children}
    write_durably(noted, json.dumps({"urls": urls, "pids": pids, "supervisor": os.getpid()}).encode())


def _refuse_taken_ports(layout: Layout) -> None:
    for name, port in layout.ports().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise RuntimeError(f"Port {port}, for {name}, is in use. Give another with --port.") from None


def _tell(layout: Layout, passwords: dict[str, str]) -> None:
    table = Table("what", "where", title="Candour")
    for name in layout.ports():
        table.add_row(f"{name}: {WHAT[name.partition('-')[0]]}", layout.url(name))
    out.print(table)
    if passwords:
        people = Table("account", "password", title="Demonstration accounts (shown this once)")
        for name, password in passwords.items():
            people.add_row(name, password)
        out.print(people)
