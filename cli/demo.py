"""`candour demo`: make the demonstration audit, and take it through the services as an audit would."""

import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli import imports, load, release, releasing
from cli.accounts import password_of
from cli.calls import PATIENCE_SECONDS, Refused, Service
from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.places import SERVICES, places
from cli.say import err, stop

FEEDS = {
    "candour-demo-providers": "providers.csv",
    "candour-demo-consultants": "consultants.csv",
    "candour-demo": "episodes.csv",
}
TITLE = "The demonstration audit (synthetic)"
NOTE = "Answered by the program that loads the demonstration: everybody in it is invented."
Say = Callable[[str], None]


def demo(
    out: Annotated[Path | None, typer.Option(help="Only write the files to this folder; load nothing.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = DEFAULT_SEED,
    small: Annotated[bool, typer.Option("--small", help="A small one: 12 hospitals, 60 consultants.")] = False,
) -> None:
    """Make the synthetic demonstration audit and publish it through the running services."""

    def say(text: str) -> None:
        err.print(text, markup=False)

    sizes = Sizes.small() if small else Sizes()
    if out is not None:
        _write(seed, sizes, out, say)
        return
    passwords = {name: password_of(name) for name in ("steward", "officer", "analyst", "reviewer", "publisher")}
    try:
        load_into({service: places().of(service) for service in SERVICES}, passwords, say, seed, sizes)
    except Refused as refused:
        stop(refused.sentence())


def load_into(
    urls: Mapping[str, str],
    passwords: Mapping[str, str],
    say: Say,
    seed: int = DEFAULT_SEED,
    sizes: Sizes | None = None,
) -> str:
    """Publish the demonstration; returns the release. Every step may be repeated after an interruption."""

    def service(name: str, account: str) -> Service:
        return Service(name, account, passwords[account], urls[name])

    with tempfile.TemporaryDirectory() as folder:
        say("making the demonstration audit (synthetic: every person and place in it is invented)")
        files = _write(seed, sizes or Sizes(), Path(folder), say)
        ingest, officer = service("ingest", "steward"), service("consent", "officer")
        for feed, name in FEEDS.items():
            say(f"loading {name}")
            submission = load.send(ingest, feed, files[name])
            if submission["state"] == "refused":
                stop(f"{name} was refused: {submission['refusal']['detail']}")
            load.freeze(ingest, feed)
        say("recording consultants and their decisions")
        imports.import_file(officer, "register", files["register.csv"])
        report = imports.import_file(officer, "returns", files["returns.csv"])
        if report["waiting"]:
            stop(f"{report['waiting']:,} answers wait for a second officer: candour consent approve {report['id']}")
    name = _publish(service, seed, say)
    _wait_shown(Service("gateway", None, base_url=urls["gateway"]), name)
    return name


def _wait_shown(gateway: Service, name: str) -> None:
    """By the release's own address: a proxy may keep the list of releases for some minutes, but never a 404."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            gateway.json("GET", f"/v1/releases/{name}")
            return
        except Refused as refused:
            if refused.status != 404 or time.monotonic() > until:
                raise
        time.sleep(0.2)


def _write(seed: int, sizes: Sizes, folder: Path, say: Say) -> dict[str, Path]:
    from cli.demonstration.files import write  # noqa: PLC0415  # 1.5 s to import; no other command needs a world
    from cli.demonstration.world import make_world  # noqa: PLC0415

    return write(make_world(seed, sizes), folder, say)


def key_of(seed: int, day: str) -> str:
    """Of the request for a draft. What was broken off on another day is begun anew: a release bears its day, and so it
    would be another request under the same key."""
    return f"demonstration-{seed}-{day}"


def _publish(service: Callable[[str, str], Service], seed: int, say: Say) -> str:
    say("computing results")
    analyst, day = service("ratings", "analyst"), datetime.now(UTC).date().isoformat()
    draft = release.new_draft(analyst, key_of(seed, day), day, None)
    name = str(draft["release"])
    if draft["build"] == "failed":
        stop(f"{name} could not be built: {draft['failure']}")
    say(f"announcing, submitting, checking, signing and publishing {name}")
    releasing.take_through(partial(service, "ratings"), name, TITLE, NOTE)
    return name
