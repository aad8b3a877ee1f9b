"""`python -m tests.histories.baker PORT CONSENT_URL SECRETS PEOPLE`: stands where ratings stands, and bakes nothing but
views: as soon as consent has something newer, both releases anew, as ratings does, from one reading of permissions."""

import hashlib
import sys
import threading
import time
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.responses import Response

from shared.contracts.consent import Head, Permissions
from shared.contracts.releases import ReadableView, ReadableViews
from shared.kit.auth import Identity, allow
from shared.kit.people import People
from shared.kit.problems import NotFound, add_problem_handlers
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.histories.town import PROGRAMME, RELEASES, Town, manifest

EVERY: Final = 0.1
GAP: Final = 0.8  # seconds between two bakes, as ratings leaves some
KEPT: Final = 3  # earlier views of each release that may still be fetched


class Baker:
    """`live` changes in one step, for both releases together."""

    def __init__(self, town: Town, consent: httpx.Client) -> None:
        self.town, self.consent = town, consent
        self.live: list[ReadableView] = []
        self.files: dict[tuple[str, int], dict[str, bytes]] = {}
        self.revision, self.view = -1, 0

    def run(self) -> None:
        while True:
            time.sleep(EVERY)
            try:
                head = Head.model_validate_json(self.consent.get("/v1/head").raise_for_status().content)
                if head.revision != self.revision:
                    self.bake()
                    time.sleep(GAP)
            except httpx.HTTPError:  # consent is away; what was baked stands
                continue

    def bake(self) -> None:
        answer = self.consent.get("/v1/permissions", params={"programme": PROGRAMME}).raise_for_status()
        found = Permissions.model_validate_json(answer.content)
        named = {one.subject: one.key for part in found.programmes for one in part.named}
        self.view += 1
        entries = []
        for release in RELEASES:
            files = self.town.files(release, named)
            described = manifest(release, self.view, found.store_id, found.revision, files)
            self.files[release, self.view] = {**files, "manifest.json": described}
            entries.append(ReadableView(
                release=release, view=self.view, status="published" if release == RELEASES[0] else "superseded",
                consent_revision=found.revision, manifest_sha256=hashlib.sha256(described).hexdigest(),
            ))  # fmt: skip
        self.live, self.revision = entries, found.revision
        self.files = {key: files for key, files in list(self.files.items()) if key[1] > self.view - KEPT}


def create_app(baker: Baker, identity: Identity) -> FastAPI:
    app = FastAPI()
    app.state.identity = identity
    gateway = [Depends(allow("service:gateway"))]

    @app.get("/v1/views", dependencies=gateway)
    def views() -> Response:
        return Response(ReadableViews(views=baker.live).model_dump_json(), media_type="application/json")

    @app.get("/v1/releases/{release}/views/{view}/files/{name}", dependencies=gateway)
    def file(release: str, view: int, name: str) -> Response:
        files = baker.files.get((release, view), {})
        if name not in files:
            raise NotFound
        return Response(files[name], media_type="application/octet-stream")

    return add_problem_handlers(app)


def main(port: str, consent_url: str, secrets: str, people: str) -> None:
    folder = Path(secrets)
    token = ServiceToken("ratings", "consent", read_secret(folder, "ratings-consent"))
    baker = Baker(Town(int(people)), httpx.Client(base_url=consent_url, auth=token, trust_env=False, timeout=3))
    accounts = People(folder / "people.json")
    identity = Identity("ratings", accounts, {"gateway": [read_secret(folder, "gateway-ratings")]})
    threading.Thread(target=baker.run, daemon=True).start()
    uvicorn.run(create_app(baker, identity), host="127.0.0.1", port=int(port), log_level="critical", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
