"""Houses with the same data, down to the draft that waits for its publication; and everything that a reader can see of
one of them, without what differs between any two answers."""

import html
import re
import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import polars as pl

from cli import imports, load, release, releasing
from cli.calls import Service
from cli.consent import withdrawal
from cli.demo import FEEDS, NOTE, TITLE
from cli.demonstration.files import write
from cli.demonstration.sizes import Sizes
from cli.demonstration.world import make_world
from tests.system.house import House

SPECIALTIES: Final = ("adult-cardiac-surgery", "colorectal-surgery", "urological-surgery", "vascular-surgery")
SIZES: Final = Sizes(hospitals=14, consultants=150, episodes=24_000, specialties=SPECIALTIES)
PATIENCE_SECONDS: Final = 90.0
NOT_NOW: Final = "Some figures cannot be shown just now"
SEEDS: Final = (
    "/",
    "/v1",
    "/v1/releases",
    "/v1/openapi.json",
    "/openapi.json",
    "/consultants",
    "/providers",
    "/sitemap.xml",
)
LINK: Final = re.compile(r"""(?:href|src)="(/[^"#]*)|"(/v1/[^"#\s]*)""")
NOT_COMPARED: Final = re.compile(r"^/v1/(changes|choices|proof)|^/choices|^/health|^/metrics")
TIMES: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?|\d\d? [A-Z][a-z]+ \d{4}(,? at)? \d\d:\d\d"
)
VARIES: Final = frozenset({"date", "x-request-id", "etag", "last-modified", "content-length", "server", "age"})
COUNTED: Final = re.compile(r'"(request_id|instance)":\s*"[^"]*"|"view":\s*\d+')


@dataclass(frozen=True)
class Person:
    gmc: str
    indicator: str

    @property
    def programme(self) -> str:
        return self.indicator.removesuffix("-mortality-30d") + "-consultant-outcomes"


def service(house: House, name: str, account: str) -> Service:
    return Service(name, account, house.accounts[account], house.url(name))


def with_a_draft(folder: Path) -> str:
    """A house, down again, in which everybody has consented and a draft waits for its submission; the draft's name."""
    house = House(folder)
    house.up()
    try:
        files = write(make_world(2013, SIZES), folder / "files", lambda _: None)
        everybody = pl.read_csv(files["returns.csv"], infer_schema=False)
        given = everybody.filter(pl.col("act") == "given").head(1).drop("gmc", "programme")
        people = pl.read_csv(files["register.csv"], infer_schema=False).select("gmc", "programme")
        people.join(given, how="cross").select(everybody.columns).write_csv(files["returns.csv"])
        for feed, name in FEEDS.items():
            load.send(service(house, "ingest", "steward"), feed, files[name])
        for kind in ("register", "returns"):
            imports.import_file(service(house, "consent", "officer"), kind, files[f"{kind}.csv"])
        day = time.strftime("%Y-%m-%d", time.gmtime())
        draft = release.new_draft(service(house, "ratings", "analyst"), "twins", day, None)
        assert draft["build"] == "done", draft
    finally:
        house.down()
    return str(draft["release"])


def copied(source: Path, folder: Path) -> House:
    """Another house of the same data, down to its secrets and accounts, that runs."""
    folder.mkdir()
    shutil.copytree(source / "data", folder / "data")
    shutil.copy(source / "accounts.json", folder / "accounts.json")
    house = House(folder)
    house.up()
    return house


def publish(house: House, name: str) -> None:
    releasing.take_through(lambda account: service(house, "ratings", account), name, TITLE, NOTE)
    house.wait_published(name)


def withdraw(house: House, people: Collection[Person]) -> int:
    """One after the other; the revision of the last withdrawal."""
    officer = service(house, "consent", "officer")
    return max(int(withdrawal(officer, one.gmc, one.programme)["revision"]) for one in people)


def cells_of(house: House, name: str) -> pl.DataFrame:
    """Who did how much where, from the frames of a release."""
    with sqlite3.connect(house.data / "ratings" / "ratings.sqlite") as connection:
        ((digest,),) = connection.execute("select json_extract(parts, '$.cells') from release where id = ?", (name,))
    return pl.read_parquet(house.data / "ratings" / "frames" / f"{digest.removeprefix('sha256:')}.parquet")


def rows_of(house: House, name: str, query: str = "") -> list[dict[str, Any]]:
    found, path = [], f"/v1/releases/{name}/results?limit=1000{query}"
    with house.reader() as reader:
        while path:
            page = reader.get(path).raise_for_status().json()
            found += page["data"]
            path = page["links"].get("next", "")
    return found


def wait_for_view(house: House, name: str, revision: int) -> None:
    """Until ratings has a view that knows this decision, and the gateway shows that."""
    until, ratings = time.monotonic() + PATIENCE_SECONDS, house.data / "ratings" / "ratings.sqlite"
    while True:
        with sqlite3.connect(ratings) as connection:
            ((known, manifest),) = connection.execute(
                "select consent_revision, manifest_sha256 from pointer where release = ?", (name,)
            )
        live = house.data / "gateway" / "views" / "index.json"
        if known >= revision and live.is_file() and manifest in live.read_text():
            return
        assert time.monotonic() < until, (revision, known, manifest)
        time.sleep(0.1)


def seen(house: House, seeds: Collection[str] = SEEDS) -> dict[str, str]:
    """By path: every answer to every address that a reader can come to by following links."""
    found: dict[str, str] = {}
    waiting = deque(seeds)
    known = set(seeds)
    origin = urlsplit(house.url())
    with house.reader() as reader:
        while waiting:
            path = waiting.popleft()
            answer = _answered(reader, path)
            found[path] = _plain(answer, f"{origin.hostname}:{origin.port}")
            for link in _links(answer):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
    return found


def _answered(reader: httpx.Client, path: str) -> httpx.Response:
    """The answer; asked for again where a gateway could not ask consent, as may happen to one of two worlds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = reader.get(path)
        if not _says_not_now(answer) or time.monotonic() > until:
            return answer
        time.sleep(0.5)


def _says_not_now(answer: httpx.Response) -> bool:
    return answer.status_code == 503 or ("html" in answer.headers.get("content-type", "") and NOT_NOW in answer.text)


def _links(answer: httpx.Response) -> Iterator[str]:
    kind = answer.headers.get("content-type", "")
    if "html" in kind or "json" in kind:
        for groups in LINK.findall(answer.text):
            link = html.unescape("".join(groups))
            if not NOT_COMPARED.search(link) and "{" not in link:
                yield link
                stem, mark, query = link.partition("?")
                if stem.endswith("/results") and stem.startswith("/v1/"):
                    yield from (f"{stem}.{form}{mark}{query}" for form in ("csv", "ndjson") if "cursor" not in query)


def _plain(answer: httpx.Response, here: str) -> str:
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARIES)
    text = answer.content.decode("latin-1").replace(here, "HERE")
    text = TIMES.sub("TIME", COUNTED.sub("COUNTED", text))
    return f"{answer.status_code} {TIMES.sub('TIME', COUNTED.sub('COUNTED', str(headers)))}\n{text}"
