"""The smallest release there is, through the services' own doors and without a process for each step."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from cli import load, release, releasing
from cli.calls import Service
from cli.demo import NOTE, TITLE
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
    through(urls, accounts, name)
    return name


def through(urls: Mapping[str, str], accounts: Mapping[str, str], name: str) -> None:
    """A finished draft, taken to the public."""

    def account(person: str) -> Service:
        return Service("ratings", person, accounts[person], urls["ratings"])

    releasing.take_through(account, name, TITLE, NOTE)
