"""The gateway's side of consent: registered under its name, then one question before every revocable answer.

Consent answers only the newest process of a name. So a process that was replaced while it was frozen, or a second one
that was given the same name by mistake, can show nothing that depends on a person.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import httpx
import orjson
from pydantic import ValidationError

from services.gateway.deadlines import DEADLINES, Deadlines
from services.gateway.lean import LeanConnection, LeanError, LeanRefused
from services.gateway.tenure import Registered, Tenure
from shared.contracts.consent import Begin, Changes, Confirmation, Head, Incarnation, News, Registration
from shared.kit.logs import log
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.tokens import ServiceToken

SUPERSEDED: Final = "incarnation_superseded"
ENDED: Final = "incarnation_ended"
UNKNOWN: Final = "incarnation_unknown"
NEWS_SECONDS: Final = 20


class Superseded(PeerRefused):
    """A newer process has registered under this gateway's name, or this one is held to have ended: it is closed to
    revocable answers for good."""

    def __init__(self) -> None:
        super().__init__("another process has registered under this gateway's name, or this one is held to have ended")


class ConsentOverHttp:
    """`head` on a lean connection of its own, because it stands before every revocable answer; the rest by httpx.

    Registers before the first head, and again where consent does not know this process any more (a restored store).
    """

    def __init__(
        self, url: str, token: ServiceToken, name: str, tenure: Tenure, deadlines: Deadlines = DEADLINES
    ) -> None:
        self.name, self.tenure, self.deadlines = name, tenure, deadlines
        self.lean = LeanConnection(url, token.header, deadlines.head)
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=deadlines.changes, trust_env=False)
        self.incarnation: str | None = None
        self.superseded = False
        self.on_superseded: Callable[[], None] = lambda: None

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

    async def news(self, after: int) -> int | None:
        """The newest revision, as soon as it is later than `after` or a good while is over: only a hint. None where
        this process is not registered. Raises Superseded, PeerUnreachable, PeerRefused, ValidationError."""
        incarnation = self._mine()
        if incarnation is None:
            return None
        path = f"/v1/news?gateway={quote(self.name)}&incarnation={quote(incarnation)}&after={after}&wait={NEWS_SECONDS}"
        response = await self._send("GET", path, seconds=NEWS_SECONDS)
        if self._note(incarnation, response.status_code, response.content) == UNKNOWN:
            return None
        return News.model_validate_json(_expect(response, 200).content).revision

    async def confirm(self, applied: int, *, leaving: bool = False) -> bool:
        """Tell consent that `applied` is in force here and nothing older that it hides is going out; whether it has
        taken note. `leaving`: nothing goes out any more, which a process that was replaced may say, too. False where
        this process is not registered: the next head registers it. Raises Superseded, PeerUnreachable, PeerRefused."""
        self.tenure.write_down()
        incarnation = self.incarnation if leaving else self._mine()
        if incarnation is None:
            return False
        confirmation = Confirmation(incarnation=incarnation, applied=applied, leaving=leaving).model_dump_json()
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
        known = self._mine()
        if known is not None:
            return known
        given = await self._register(self.tenure.begins(await self._ended_before()))
        self.tenure.is_now(given)
        self.incarnation = given
        log.info("gateway_registered", gateway=self.name, number=int(given.partition("-")[0]))
        return given

    async def _ended_before(self) -> Incarnation | None:
        """The incarnation that held this process's lock before it. A question that got no answer is asked again under
        its own key: that gives the one it may have been given, or one that nobody ever used."""
        before = self.tenure.before
        if before is None:
            return self.tenure.mine.ended
        if before.incarnation is not None:
            return before.incarnation
        try:
            return await self._register(before)
        except _ReplacedAlready:
            return before.ended

    async def _register(self, process: Registered) -> Incarnation:
        # Under one key, since a registration that was given up may still be on its way: it must not end this one.
        begin = Begin(ended=process.ended).model_dump_json()
        response = await self._send("PUT", f"/v1/gateways/{quote(self.name)}", begin, process.key)
        if response.status_code == 422 and process.ended is not None:  # a store from before that process: say less
            log.warning("process_before_not_known_to_consent", gateway=self.name)
            return await self._register(process.model_copy(update={"ended": None}))
        if response.status_code == 409 and _code(response.content) in (SUPERSEDED, ENDED):
            raise _ReplacedAlready("another process has registered since under this gateway's name")
        _expect(response, 200, 201)
        try:
            given = Registration.model_validate_json(response.content)
        except ValidationError as error:
            raise PeerUnreachable("consent gave a registration that is not of the known form") from error
        if given.gateway != self.name:
            raise PeerUnreachable("consent registered another gateway than this one")
        return given.incarnation

    def _mine(self) -> Incarnation | None:
        """Raises Superseded."""
        if self.superseded:
            raise Superseded
        return self.incarnation

    def _note(self, incarnation: str, status: int, body: bytes) -> str:
        """The code of a refusal of `incarnation`, taken to heart while that is ours. Raises Superseded."""
        code = _code(body) if status == 409 else ""
        if incarnation != self.incarnation:
            return code
        if code in (SUPERSEDED, ENDED):
            if not self.superseded:
                log.critical("gateway_superseded", gateway=self.name, code=code)
                self.superseded = True
                self.on_superseded()
            raise Superseded
        if code == UNKNOWN:
            log.warning("gateway_not_known_to_consent", gateway=self.name)
            self.incarnation = None
        return code

    async def _send(
        self, method: str, path: str, content: str | None = None, key: str | None = None, seconds: float = 0.0
    ) -> httpx.Response:
        """`seconds`: that consent may take on purpose, beside the deadline."""
        patience = self.deadlines.told + seconds
        headers = {"Content-Type": "application/json"} if content is not None else {}
        headers |= {"Idempotency-Key": key} if key is not None else {}
        try:
            return await self.client.request(method, path, content=content, headers=headers, timeout=patience)
        except httpx.HTTPError as error:
            raise PeerUnreachable(f"consent gave no answer: {type(error).__name__}") from error


class _ReplacedAlready(PeerRefused):
    """The key is that of a process which another one has replaced, or which has ended."""


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
