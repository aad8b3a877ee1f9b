"""What ratings asks of its neighbours: snapshots of ingest, permissions of consent."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from services.ratings.settings import Settings
from services.ratings.store.frames import Snapshots
from shared.contracts.consent import Changes, Head, Permissions
from shared.contracts.ingest import Snapshot, SnapshotRequest
from shared.kit.peers import PeerRefused, PeerUnreachable, ask, client_of
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken

WAIT_SECONDS: Final = 0.5
PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Peers:
    """`patience` is how long a build waits for ingest to come back, in seconds."""

    ingest: httpx.Client
    consent: httpx.Client
    patience: float = 120.0

    def freeze(self, feed: str) -> Snapshot | None:
        """A snapshot of the feed as it is now; None where it has no accepted rows. Waits while a submission is being
        checked or ingest is restarting. Raises PeerUnreachable when patience ends, PeerRefused."""
        until = time.monotonic() + self.patience
        body = SnapshotRequest(feed=feed).model_dump(mode="json")
        while True:
            response = self._try("POST", "/v1/snapshots", json=body)
            if response is not None and response.status_code < 300:
                return Snapshot.model_validate_json(response.content)
            code = _code(response)
            if code in {"nothing_accepted", "not_found"}:
                return None
            if code not in {"", "submission_pending"}:
                raise PeerRefused(f"ingest would not freeze {feed}: {code}")
            if time.monotonic() > until:
                raise PeerUnreachable(f"ingest gave no snapshot of {feed}.")
            time.sleep(WAIT_SECONDS)

    def _try(self, method: str, path: str, **options: object) -> httpx.Response | None:
        try:
            return self.ingest.request(method, path, **options)  # type: ignore[arg-type]  # httpx's own keywords
        except httpx.HTTPError:
            return None

    def fetch(self, snapshot: Snapshot, kept: Snapshots) -> None:
        """Download the files of a snapshot that are not kept yet. Raises PeerUnreachable, PeerRefused, WrongBytes."""
        for file in snapshot.files:
            until = time.monotonic() + self.patience
            while not kept.has(file.sha256):
                try:
                    kept.keep(file.sha256, self._pieces(f"/v1/snapshots/{snapshot.digest}/files/{file.name}"))
                except (httpx.HTTPError, PeerUnreachable) as error:
                    if time.monotonic() > until:
                        raise PeerUnreachable(f"ingest did not send {file.name} of {snapshot.feed}.") from error
                    time.sleep(WAIT_SECONDS)

    def _pieces(self, path: str) -> Iterator[bytes]:
        with self.ingest.stream("GET", path) as response:
            if response.status_code >= 500:
                raise PeerUnreachable(f"ingest answered {response.status_code}.")
            if response.status_code >= 400:
                raise PeerRefused(f"ingest answered {response.status_code} to a snapshot file.")
            yield from response.iter_bytes(PIECE)

    def head(self) -> Head:
        return Head.model_validate_json(ask(self.consent, "GET", "/v1/head").content)

    def ledger_head_at(self, revision: int) -> str:
        """The hash of consent's ledger up to a revision that it has."""
        path = f"/v1/changes?after={revision}&upto={revision}"
        return Changes.model_validate_json(ask(self.consent, "GET", path).content).after_head

    def permissions(self) -> Permissions:
        """All programmes, at one revision."""
        return Permissions.model_validate_json(ask(self.consent, "GET", "/v1/permissions").content)

    def changed_keys(self, after: int, upto: int) -> frozenset[str]:
        """Keys whose standing changed in (after, upto]."""
        path = f"/v1/changes?after={after}&upto={upto}"
        changes = Changes.model_validate_json(ask(self.consent, "GET", path).content)
        return frozenset(change.key for change in changes.changes if change.key is not None)

    def withdrawn(self, after: int, upto: int) -> list[str]:
        """Keys that were withheld in (after, upto], each at its first time, in that order."""
        path = f"/v1/changes?after={after}&upto={upto}"
        changes = Changes.model_validate_json(ask(self.consent, "GET", path).content)
        return list(dict.fromkeys(one.key for one in changes.changes if one.key is not None and one.now == "withheld"))

    def close(self) -> None:
        self.ingest.close()
        self.consent.close()


def _code(response: httpx.Response | None) -> str:
    """The problem code of a refusal; empty where there was no answer or the peer failed."""
    if response is None or response.status_code >= 500:
        return ""
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"status_{response.status_code}"


def over_http(settings: Settings) -> Peers:
    """Clients with the credential of each pair. Raises FileNotFoundError without one."""

    def client(name: str, url: str) -> httpx.Client:
        return client_of(url, ServiceToken("ratings", name, read_secret(settings.secrets_dir, f"ratings-{name}")))

    return Peers(
        client("ingest", settings.ingest_url), client("consent", settings.consent_url), settings.peer_patience_seconds
    )
