"""One ingest service under test, asked through its HTTP only."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from httpx import Response
from starlette.testclient import TestClient

from services.ingest.__main__ import MIGRATIONS
from services.ingest.app import create_app
from services.ingest.settings import Settings
from shared.kit.jobs import Jobs, ThreadedJobs
from shared.kit.migrating import migrate
from shared.kit.secretfiles import make_secret, read_secret
from shared.kit.tokens import ServiceToken
from tests.people import make_quick_people
from tests.stores import Stores

NY = "ny-cardiac"
DATA = Path(__file__).parents[3] / "shared" / "data" / NY
NY_HEADER = (
    "Facility ID,Hospital Name,Detailed Region,Region,Procedure,Year of Hospital Discharge,Number of Cases,"
    "Number of Deaths,Observed Mortality Rate,Expected Mortality Rate,Risk-Adjusted Mortality Rate,"
    "Lower Limit of Confidence Interval,Upper Limit of Confidence Interval,Comparison Results"
)
VERDICT = "Rate not different than Statewide Rate"
EPISODES_HEADER = (
    "episode,provider,consultant,specialty,date,age_band,sex,urgency,comorbidity,died_30_days"  # the demonstration's
)


def ny_row(facility: str = "1001", cases: str = "100", deaths: str = "4", year: str = "2012", **other: str) -> str:
    row = {
        "name": "A Hospital", "region": "Queens", "procedure": "CABG", "observed": "4", "expected": "2.5",
        "rate": "3.1", "lower": "1.2", "upper": "8.0", "verdict": VERDICT,
    } | other  # fmt: skip
    return ",".join(
        [facility, row["name"], row["region"], row["region"], row["procedure"], year, cases, deaths, row["observed"],
         row["expected"], row["rate"], row["lower"], row["upper"], row["verdict"]]
    )  # fmt: skip


def ny_file(*rows: str) -> bytes:
    return ("\n".join([NY_HEADER, *rows]) + "\n").encode()


def episode(number: int, **other: str) -> str:
    row = {
        "episode": f"E{number:07d}", "provider": "ZZ001", "consultant": "9900001", "specialty": "vascular-surgery",
        "date": "2024-05-17", "age_band": "60-69", "sex": "female", "urgency": "urgent", "comorbidity": "1",
        "died_30_days": "0",
    } | other  # fmt: skip
    return ",".join(row.values())


def episodes_file(*rows: str) -> bytes:
    return ("\n".join([EPISODES_HEADER, *rows]) + "\n").encode()


class Ingest:
    """A running service with its own data directory, people and secret."""

    def __init__(self, client: TestClient, passwords: dict[str, str], settings: Settings) -> None:
        self.client, self.passwords, self.settings = client, passwords, settings
        secret = read_secret(settings.secrets_dir, "ratings-ingest")
        self.ratings = ServiceToken("ratings", "ingest", secret)

    def ask(self, method: str, path: str, who: str = "steward", **options: Any) -> Response:
        headers = dict(options.pop("headers", {}))
        if who == "service:ratings":
            headers["Authorization"] = self.ratings.header()
        elif who:
            options["auth"] = (who, self.passwords[who])
        answer: Response = self.client.request(method, path, headers=headers, **options)
        return answer

    def put(self, content: bytes, feed: str = NY, who: str = "steward", **parameters: str) -> Response:
        path = f"/v1/feeds/{feed}/submissions/{sha256(content)}"
        return self.ask("PUT", path, who, content=content, params=parameters)

    def send(self, content: bytes, feed: str = NY, **parameters: str) -> dict[str, Any]:
        """The submission, once every line has its fate."""
        answer = self.put(content, feed, **parameters)
        assert answer.status_code in (200, 201), answer.text
        return self.decided(content, feed)

    def decided(self, content: bytes, feed: str = NY) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found: dict[str, Any] = self.submission(content, feed)
            if found["state"] != "received":
                return found
            time.sleep(0.05)  # each look is a request: more of them take the processor from the reader
        raise AssertionError("no fates after a minute")

    def submission(self, content: bytes, feed: str = NY) -> dict[str, Any]:
        answer = self.ask("GET", f"/v1/submissions/{sha256(content)}", params={"feed": feed})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def aside(self, content: bytes, **parameters: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", f"/v1/submissions/{sha256(content)}/quarantine", params=parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def freeze(self, feed: str = NY) -> dict[str, Any]:
        answer = self.ask("POST", "/v1/snapshots", json={"feed": feed})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def rows(self, snapshot: dict[str, Any]) -> bytes:
        answer = self.ask("GET", f"/v1/snapshots/{snapshot['digest']}/files/rows.parquet")
        assert answer.status_code == 200, answer.text
        assert sha256(answer.content) == snapshot["files"][0]["sha256"]
        return answer.content


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def some(fates: dict[str, int]) -> dict[str, int]:
    return {fate: lines for fate, lines in fates.items() if lines}


def prepared(folder: Path, stores: Stores | None = None, **settings: Any) -> tuple[Settings, dict[str, str]]:
    """Settings of a service whose tables, accounts and secret exist, and the accounts' passwords; with `stores`, on
    their engine."""
    passwords = make_quick_people(folder / "people.json")
    for name in ("ratings-ingest", "ingest-receipts"):
        make_secret(folder / "secrets", name)
    kept = stores.settings("ingest", folder / "data") if stores else {}
    made = Settings(
        data_dir=folder / "data", people_file=folder / "people.json", secrets_dir=folder / "secrets", **kept | settings
    )
    migrate(made.database("ingest"), MIGRATIONS)
    return made, passwords


@contextmanager
def running(settings: Settings, passwords: dict[str, str], jobs: Jobs | None = None) -> Iterator[Ingest]:
    with TestClient(create_app(settings, jobs or ThreadedJobs()), raise_server_exceptions=False) as client:
        yield Ingest(client, passwords, settings)
