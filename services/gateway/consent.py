"""The gateway's side of consent: registered under its name, then one question before every revocable answer.

Consent answers only the newest process of a name. So a process that was replaced while it was frozen, or a second one
that was given the same name by mistake, can show nothing that depends on a person.
"""

import secrets
from typing import Final
from urllib.parse import quote

import httpx
import orjson
from pydantic import ValidationError

from services.gateway.lean import LeanConnection, LeanError, LeanRefused
from shared.contracts.consent import Changes, Confirmation, Head, Registration
from shared.kit.auth import ServiceToken
from shared.kit.logs import log
from shared.kit.peers import PeerRefused, PeerUnreachable

SUPERSEDED: Final = "incarnation_superseded"
UNKNOWN: Final = "incarnation_unknown"
TOLD_SECONDS: Final = 2.0


class Superseded(PeerRefused):
    """A newer process has registered under this gateway's name: this one is closed to revocable answers for good."""

    def __init__(self) -> None:
        super().__init__("another process has registered under this gateway's name")


class ConsentOverHttp:
    """`head` on a lean connection of its own, because it stands before every revocable answer; the rest by httpx.

    Registers before the first head, and again where consent does not know this process any more (a restored store).
    """

    def __init__(self, url: str, token: ServiceToken, name: str) -> None:
        self.name, self.key = name, secrets.token_hex(16)  # one key for the life of the process
        self.lean = LeanConnection(url, token.header)
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=5.0, trust_env=False)
        self.incarnation: str | None = None
        self.superseded = False

    async def head(self) -> Head:
        """Raises PeerUnreachable, within the lean connection's deadline once registered; Superseded, PeerRefused."""
        try:
            answer = await self._head()
            if answer is None:  # forgotten: registered anew, once
                answer = await self._head()
        except LeanError as error:
            raise PeerUnreachable(f"consent gave no head: {error}") from error
        if answer is None:
            raise PeerUnreachable("consent does not know the process that it has just registered")
        try:
            return Head.model_validate_json(answer)
        except ValidationError as error:
            raise PeerUnreachable("consent gave no head: not of the known form") from error

    async def changes(self, after: int, upto: int) -> Changes:
        answer = await ask(self.client, "/v1/changes", {"after": after, "upto": upto})
        return Changes.model_validate_json(answer)

    async def confirm(self, applied: int) -> bool:
        """Tell consent that `applied` is in force here; whether it has taken note. False where this process is not
        registered: the next head registers it. Raises Superseded, PeerUnreachable, PeerRefused."""
        if self.superseded:
            raise Superseded
        incarnation = self.incarnation
        if incarnation is None:
            return False
        confirmation = Confirmation(incarnation=incarnation, applied=applied).model_dump_json()
        response = await self._send("POST", f"/v1/gateways/{quote(self.name)}/confirmations", confirmation)
        if self._note(incarnation, response.status_code, response.content) == UNKNOWN:
            return False
        _expect(response, 204)
        return True

    async def close(self) -> None:
        self.lean.close()
        await self.client.aclose()

    async def _head(self) -> bytes | None:
        """None where consent does not know this process. Raises LeanError, Superseded."""
        incarnation = await self._registered()
        try:
            return await self.lean.get(f"/v1/head?gateway={quote(self.name)}&incarnation={quote(incarnation)}")
        except LeanRefused as refusal:
            if self._note(incarnation, refusal.status, refusal.body) != UNKNOWN:
                raise
            return None

    async def _registered(self) -> str:
        if self.superseded:
            raise Superseded
        if self.incarnation is None:
            # Under one key, since a registration that was given up may still be on its way: it must not end this one.
            response = await self._send("PUT", f"/v1/gateways/{quote(self.name)}", key=self.key)
            _expect(response, 200, 201)
            try:
                given = Registration.model_validate_json(response.content)
            except ValidationError as error:
                raise PeerUnreachable("consent gave a registration that is not of the known form") from error
            if given.gateway != self.name:
                raise PeerUnreachable("consent registered another gateway than this one")
            self.incarnation = given.incarnation
            log.info("gateway_registered", gateway=self.name, number=int(given.incarnation.partition("-")[0]))
        return self.incarnation

    def _note(self, incarnation: str, status: int, body: bytes) -> str:
        """The code of a refusal of `incarnation`, taken to heart while that is ours. Raises Superseded."""
        code = _code(body) if status == 409 else ""
        if incarnation != self.incarnation:
            return code
        if code == SUPERSEDED:
            if not self.superseded:
                log.critical("gateway_superseded", gateway=self.name)
            self.superseded = True
            raise Superseded
        if code == UNKNOWN:
            log.warning("gateway_not_known_to_consent", gateway=self.name)
            self.incarnation = None
        return code

    async def _send(self, method: str, path: str, content: str | None = None, key: str | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content is not None else {}
        headers |= {"Idempotency-Key": key} if key is not None else {}
        try:
            return await self.client.request(method, path, content=content, headers=headers, timeout=TOLD_SECONDS)
        except httpx.HTTPError as error:
            raise PeerUnreachable(f"consent gave no answer: {type(error).__name__}") from error


async def ask(client: httpx.AsyncClient, path: str, params: dict[str, int] | None = None) -> bytes:
    """The body of a 200. Raises PeerUnreachable for no answer and 5xx, PeerRefused for anything else."""
    try:
        response = await client.get(path, params=params)
    except httpx.HTTPError as error:
        raise PeerUnreachable(f"a peer gave no answer: {type(error).__name__}") from error
    return _expect(response, 200).content


def _expect(response: httpx.Response, *statuses: int) -> httpx.Response:
    if response.status_code >= 500:
        raise PeerUnreachable(f"a peer answered {response.status_code}")
    if response.status_code not in statuses:
        raise PeerRefused(f"a peer answered {response.status_code}")
    return response


def _code(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        return ""
