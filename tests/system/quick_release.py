"""The smallest release there is, through the services' own doors and without a process for each step."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from cli import load, release
from cli.calls import Service
from tests.system.small_file import FEED, INDICATOR, small_file


def publish_quickly(urls: Mapping[str, str], accounts: Mapping[str, str], folder: Path, date: str) -> str:
    """Load New York's file at its smallest, build, submit, approve and publish; the release's name."""

    def service(name: str, account: str) -> Service:
        return Service(name, account, accounts[account], urls[name])

    file = folder / "hospitals.csv"
    file.write_bytes(small_file(range(1000, 1004), state=True))
    submission = load.send(service("ingest", "steward"), FEED, file)
    assert submission["state"] == "checked", submission
    load.freeze(service("ingest", "steward"), FEED)
    draft = release.new_draft(service("ratings", "analyst"), uuid.uuid4().hex, date, [INDICATOR])
    assert draft["build"] == "done", draft
    name = str(draft["release"])
    release.step(service("ratings", "analyst"), name, "submission", ("submitted",))
    release.step(service("ratings", "reviewer"), name, "approval", ("approved",))
    release.step(service("ratings", "publisher"), name, "publication", ("published",))
    return name
