"""Asks every service for all it has about one person, and keeps the answers as they come."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from cli.calls import Refused, Service
from cli.say import err

SERVICES: Final = ("consent", "ingest", "ratings")
PATIENCE: Final = httpx.Timeout(60.0, read=None)  # a large store says nothing while it reads
EVERY: Final = 5_000  # pieces between two words about progress
Piece = dict[str, Any]
Keep = Callable[[str], None]


class NotWhole(RuntimeError):
    """An answer ended before its last line: it must not be taken for all there is."""


@dataclass
class Found:
    """What was searched, by service and place, with the number of pieces found in each. `unknown`: services that never
    had anybody of this number."""

    searched: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @property
    def pieces(self) -> int:
        return sum(sum(places.values()) for places in self.searched.values())


def ask_service(service: Service, number: str, keep: Keep) -> dict[str, int]:
    """Every piece that the service has, given to `keep` as a line; the places it has searched.

    Raises Refused, NotWhole, and httpx.HTTPError where the service goes away meanwhile."""
    told: Counter[str] = Counter()
    searched: dict[str, int] | None = None
    with service.http.stream("GET", f"/v1/subject-access/{number}", timeout=PATIENCE) as answer:
        if answer.status_code >= 400:
            answer.read()
            raise Refused(answer)
        for line in filter(None, answer.iter_lines()):
            piece = json.loads(line)
            if "searched" in piece:
                searched = piece["searched"]
                break
            told[piece["place"]] += 1
            keep(line)
            if told.total() % EVERY == 0:
                err.print(f"{service.name}: {told.total():,} found so far")
    if searched is None or +Counter(searched) != told:
        raise NotWhole(f"The answer of {service.name} ended before its last line. Ask again.")
    return searched


def ask_public(gateway: Service, number: str, keep: Keep) -> dict[str, int]:
    """What anybody can read about the person now, in every release."""
    counts = {"consultants": 0, "results": 0}
    for release in gateway.json("GET", "/v1/releases")["data"]:
        base = f"/v1/releases/{release['release']}/consultants/{number}"
        try:
            keep(_piece("consultants", gateway.json("GET", base)))
            rows = gateway.ask("GET", f"{base}/results.ndjson").text.splitlines()
        except Refused as refused:
            if refused.status != 404:
                raise
            continue
        counts["consultants"] += 1
        for row in filter(None, rows):
            keep(_piece("results", json.loads(row)))
            counts["results"] += 1
    return counts


def search_logs(folder: Path, number: str, keep: Keep) -> dict[str, int]:
    """Lines of logs in which the number stands; there should be none."""
    token = re.compile(rf"(?<![0-9A-Za-z]){number}(?![0-9A-Za-z])")
    counts = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        counts[file.relative_to(folder).as_posix()] = 0
        with file.open(encoding="utf-8", errors="replace") as lines:
            for place, line in enumerate(lines, 1):
                if token.search(line):
                    counts[file.relative_to(folder).as_posix()] += 1
                    keep(_piece(file.name, {"line": place, "text": line.rstrip("\n")}))
    return counts


def search(number: str, services: dict[str, Service], logs: Path | None, folder: Path | None) -> Found:
    """Everything, in `folder` where one is given: a file of lines for each service. Consent comes first: it writes down
    who asked. Raises what the others raise."""
    found = Found()
    with ExitStack() as stack:
        for name in SERVICES:
            keep = _keeper(stack, folder, name)
            try:
                found.searched[name] = ask_service(services[name], number, keep)
            except Refused as refused:
                if refused.status != 404:
                    raise
                found.unknown.append(name)
        found.searched["public"] = ask_public(services["gateway"], number, _keeper(stack, folder, "public"))
        if logs is not None:
            found.searched["logs"] = search_logs(logs, number, _keeper(stack, folder, "logs"))
    return found


def _keeper(stack: ExitStack, folder: Path | None, name: str) -> Keep:
    if folder is None:
        return lambda line: None  # noqa: ARG005
    file = stack.enter_context((folder / f"{name}.ndjson").open("x", encoding="utf-8"))
    return lambda line: print(line, file=file)


def _piece(place: str, found: Any) -> str:
    return json.dumps({"place": place, "found": found}, ensure_ascii=False)


def every(found: Found) -> Iterator[tuple[str, str, int]]:
    for service, places in found.searched.items():
        yield from ((service, place, number) for place, number in places.items())
