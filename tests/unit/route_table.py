"""Who may ask what: every route of the consent service, one row each. `test_consent_roles.py` tests every cell of it.

How to add a row
----------------
Put `("POST", "/v1/things/{thing}"): Row("officer steward", ok=(202,), options={"json": {...}})` into `ROUTES`; a page,
under /console or /me, into `PAGES`. The first words are who may: accounts' roles and the names of services (`ratings`,
`gateway`, `supervisor`). A caller who may is answered with one of `ok`; every other with 403, and nobody with 401; so
what is sent must be what the route takes. A route that is missing here fails the build.

- `{gmc}` and `{alias}` are asked twice: with the person whom the account `consultant` is bound to, and with another.
  Both are on the register. Other parameters come from `FILL`; add yours there.
- `options` are those of a request (`json`, `params`, `content`, `headers`), or a function of (rig, caller) that gives
  them where they cannot be known before.
- A page that changes something has `form={...}`: a valid form without its token. The page is then asked, for everybody,
  without a token, with a wrong one, and as another site would ask: 403 each.
- `own=True` for what concerns the caller's own record (/v1/me, /me): it is asked by two consultants, and nothing that
  one of them does may change or show the other's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.unit.test_consent_rig import CARDIAC, OWN, Rig

Options = Mapping[str, Any]
ACCOUNTS: Final = (
    "steward", "analyst", "reviewer", "publisher", "officer", "consultant", "lead", "practice", "auditor", "regulator",
)  # fmt: skip
SERVICES: Final = ("ratings", "gateway", "supervisor")
MINE: Final = "9900002"  # of the account `consultant`
OTHERS: Final = "9900003"  # of the account `consultant-b`
FILL: Final = {
    "import_id": "i-none",
    "name": "elm",
    "campaign": "c-none",
    "decision": "d-aaaaaaaaaaaa",
    "basis": "no-basis",
    "number": "q-000000000000",
    "switch": "naming_refusers",
    "programme": CARDIAC,
}
ANYBODY: Final = "anybody"


@dataclass(frozen=True)
class Row:
    who: str
    ok: tuple[int, ...] = (200,)
    options: Options | Callable[[Rig, str], Options] | None = None
    form: Mapping[str, str] | None = None
    own: bool = False

    @property
    def roles(self) -> set[str]:
        return set(self.who.split())

    def asked(self, rig: Rig, caller: str) -> Options:
        return self.options(rig, caller) if callable(self.options) else self.options or {}


def of_process(rig: Rig, caller: str) -> dict[str, str]:
    """What a gateway says of itself; nothing for others."""
    if caller != "gateway":
        return {}
    given = rig.client.put("/v1/gateways/elm", auth=rig.house.service("gateway")).json()
    return {"gateway": "elm", "incarnation": given["incarnation"]}


def head_options(rig: Rig, caller: str) -> Options:
    return {"params": of_process(rig, caller)}


def news_options(rig: Rig, caller: str) -> Options:
    nobody = {"gateway": "elm", "incarnation": "1-" + "0" * 32}
    return {"params": {"after": 0, "wait": 0} | (of_process(rig, caller) or nobody)}


def register_options(rig: Rig, caller: str) -> Options:
    content = b"gmc,name,programme\n"
    return {"params": {"kind": "register"}, "headers": {"Content-Type": "text/csv"}, "content": content}


DECISION: Final = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
NO_DIGEST: Final = "sha256:" + "0" * 64
BASIS: Final = {
    "id": "b-1", "regime": "public_task", "instrument": "A direction (invented)", "instrument_kind": "direction",
    "programmes": [CARDIAC], "purposes": [OWN], "valid_from": "2030-01-01", "notice_version": 1, "dpia": "DPIA-1",
}  # fmt: skip
SWITCH: Final = {"switch": "naming_refusers", "programme": CARDIAC, "dpia": "DPIA-1", "warning_sha256": "0" * 64}
CAMPAIGN: Final = DECISION | {"notice": 1}
REPEATABLE: Final = {"Idempotency-Key": "0" * 32}
BY_SELF: Final = {"programme": CARDIAC, "purpose": OWN}
ROUTES: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/health/live"): Row(ANYBODY),
    ("GET", "/health/ready"): Row(ANYBODY),
    ("GET", "/v1/audit"): Row("auditor"),
    ("GET", "/v1/head"): Row("gateway ratings", options=head_options),
    ("GET", "/v1/news"): Row("gateway", options=news_options),
    ("GET", "/v1/changes"): Row("gateway ratings", options={"params": {"after": 0, "upto": 0}}),
    ("GET", "/v1/permissions"): Row("ratings"),
    ("GET", "/v1/programmes"): Row("officer ratings"),
    ("PUT", "/v1/gateways/{name}"): Row("gateway"),
    ("POST", "/v1/gateways/{name}/confirmations"): Row(
        "gateway", ok=(409,), options={"json": {"incarnation": "1-" + "0" * 32, "applied": 0}}
    ),
    ("POST", "/v1/gateways/{name}/fence"): Row(
        "supervisor", ok=(404,), options={"json": {"number": 1, "proof": "process_ended"}}
    ),
    ("GET", "/v1/gateways"): Row("officer auditor supervisor"),
    ("POST", "/v1/consultants/{gmc}/decisions"): Row(
        "officer", ok=(202,), options={"json": DECISION | {"act": "asked"}}
    ),
    ("POST", "/v1/consultants/{gmc}/withdrawal"): Row("officer", ok=(202,), options={"json": DECISION}),
    ("GET", "/v1/decisions/{decision}"): Row("officer consultant", ok=(404,)),
    ("GET", "/v1/consultants"): Row("officer"),
    ("GET", "/v1/consultants/{gmc}/impact"): Row("officer auditor", ok=(503,), options={"params": BY_SELF}),
    ("GET", "/v1/consultants/{gmc}"): Row("officer auditor"),
    ("POST", "/v1/imports"): Row("officer", options=register_options),
    ("GET", "/v1/imports/{import_id}"): Row("officer", ok=(404,)),
    ("GET", "/v1/imports"): Row("officer"),
    ("POST", "/v1/imports/{import_id}/approval"): Row("officer", ok=(404,)),
    ("POST", "/v1/imports/{import_id}/rejection"): Row("officer", ok=(404,)),
    ("POST", "/v1/campaigns"): Row("officer", ok=(201,), options={"json": CAMPAIGN}),
    ("GET", "/v1/campaigns"): Row("officer auditor"),
    ("GET", "/v1/campaigns/{campaign}"): Row("officer auditor", ok=(404,)),
    ("POST", "/v1/campaigns/{campaign}/requests"): Row("officer", ok=(404,), options={"headers": REPEATABLE}),
    ("POST", "/v1/campaigns/{campaign}/reminders"): Row("officer", ok=(404,), options={"headers": REPEATABLE}),
    ("GET", "/v1/campaigns/{campaign}/non-responders"): Row("officer", ok=(404,)),
    ("POST", "/v1/campaigns/{campaign}/members"): Row("officer", ok=(404,)),
    ("POST", "/v1/campaigns/{campaign}/closure"): Row("officer", ok=(404,)),
    ("POST", "/v1/consultants/{gmc}/requests"): Row("officer", ok=(202, 409), options={"json": DECISION}),
    ("GET", "/v1/notices"): Row("officer consultant steward auditor"),
    ("POST", "/v1/consultants/{gmc}/rights"): Row(
        "officer", ok=(202,), options={"json": DECISION | {"act": "restricted"}}
    ),
    ("GET", "/v1/subject-access/{gmc}"): Row("auditor"),
    ("GET", "/v1/as-of"): Row("officer auditor", options={"params": {"valid": "2013-07-01", "known": "2013-07-01"}}),
    ("GET", "/v1/decisions/{decision}/receipt"): Row("officer", ok=(404,)),
    ("GET", "/v1/me/decisions/{decision}/receipt"): Row("consultant", ok=(404,), own=True),
    ("GET", "/v1/receipt-keys"): Row(ANYBODY),
    ("GET", "/v1/me"): Row("consultant", own=True),
    ("POST", "/v1/me/decisions"): Row(
        "consultant", ok=(202,), options={"json": BY_SELF | {"act": "refused"}}, own=True
    ),
    ("POST", "/v1/me/withdrawal"): Row("consultant", ok=(202,), options={"json": BY_SELF}, own=True),
    ("POST", "/v1/me/rights"): Row(
        "consultant", ok=(202,), options={"json": BY_SELF | {"act": "restricted"}}, own=True
    ),
    ("GET", "/v1/refusals"): Row("gateway auditor", ok=(404,)),
    ("GET", "/v1/participation"): Row("officer auditor gateway"),
    ("GET", "/v1/legal-bases"): Row("officer steward auditor"),
    ("POST", "/v1/legal-bases"): Row("steward", ok=(422,), options={"json": BASIS}),
    ("POST", "/v1/legal-bases/{basis}/end"): Row(
        "steward", ok=(404,), options={"json": {"last": "2026-12-31", "reason": "Its time is up"}}
    ),
    ("GET", "/v1/proposals"): Row("steward auditor"),
    ("POST", "/v1/proposals/{number}/approval"): Row("steward", ok=(404,), options={"json": {"digest": NO_DIGEST}}),
    ("POST", "/v1/proposals/{number}/rejection"): Row("steward", ok=(404,), options={"json": {"digest": NO_DIGEST}}),
    ("GET", "/v1/switches"): Row("officer steward auditor"),
    ("POST", "/v1/switches"): Row("steward", ok=(422,), options={"json": SWITCH}),
    ("DELETE", "/v1/switches/{switch}/{programme}"): Row("officer steward"),
    ("POST", "/v1/consultants/{gmc}/erasure"): Row("officer", options={"json": {"channel": "letter"}}),  # the last
}
ABOUT: Final = {"programme": CARDIAC, "purpose": OWN}
ASKED: Final = ABOUT | {"seen": "0", "act": "asked", "channel": "letter"}
CHOICE: Final = ABOUT | {"act": "withdrawn", "seen": "0"}
PAGES: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/console"): Row("officer steward auditor"),
    ("GET", "/me"): Row("consultant", own=True),
    ("GET", "/me/history"): Row("consultant", own=True),
    ("POST", "/me/choice"): Row("consultant", ok=(303,), form=CHOICE, own=True),
    ("POST", "/me/objection"): Row("consultant", ok=(303,), form=ABOUT | {"key": "k"}, own=True),
    ("GET", "/me/receipt/{decision}"): Row("consultant", ok=(404,), own=True),
    ("GET", "/me/saved/{decision}"): Row("consultant", ok=(404,), own=True),
    ("GET", "/console/law"): Row("officer steward auditor"),
    ("GET", "/console/law/basis"): Row("steward"),
    ("POST", "/console/law/basis"): Row("steward", ok=(422,), form={"id": "x"}),
    ("POST", "/console/law/end"): Row(
        "steward", ok=(422,), form={"basis": "no-basis", "last": "2999-01-01", "reason": "r"}
    ),
    ("POST", "/console/law/on"): Row(
        "steward", ok=(422,), form={"programme": CARDIAC, "warning": "0" * 64, "dpia": "D-1"}
    ),
    ("POST", "/console/law/off"): Row("steward", ok=(303,), form={"programme": CARDIAC}),
    ("POST", "/console/law/approval"): Row("steward", ok=(404,), form={"number": "q-000000000000", "digest": "d"}),
    ("POST", "/console/law/rejection"): Row("steward", ok=(404,), form={"number": "q-000000000000", "digest": "d"}),
    ("GET", "/console/audit"): Row("auditor"),
    ("POST", "/console/audit/check"): Row("auditor", ok=(303,), form={}),
    ("GET", "/console/queue"): Row("officer auditor"),
    ("POST", "/console/queue/outcome"): Row(
        "officer", ok=(422,), form=ABOUT | {"alias": "p-" + "0" * 32, "seen": "0", "act": "released"}
    ),
    ("GET", "/console/imports"): Row("officer"),
    ("POST", "/console/imports/check"): Row("officer", ok=(422,), form={"kind": "register"}),
    ("POST", "/console/imports"): Row(
        "officer", ok=(404,), form={"kind": "register", "sha256": "0" * 64, "check": "i-none"}
    ),
    ("GET", "/console/imports/{import_id}"): Row("officer", ok=(404,)),
    ("GET", "/console/imports/{import_id}/lines"): Row("officer", ok=(404,)),
    ("POST", "/console/imports/{import_id}/approval"): Row("officer", ok=(404,), form={}),
    ("POST", "/console/imports/{import_id}/rejection"): Row("officer", ok=(404,), form={}),
    ("GET", "/console/campaigns"): Row("officer auditor"),
    ("POST", "/console/campaigns"): Row(
        "officer", ok=(422,), form={"notice": "no-programme.1", "purpose": OWN, "channel": "letter"}
    ),
    ("GET", "/console/campaigns/{campaign}"): Row("officer auditor", ok=(404,)),
    ("POST", "/console/campaigns/{campaign}/requests"): Row("officer", ok=(404,), form={"key": "0" * 32}),
    ("POST", "/console/campaigns/{campaign}/reminders"): Row("officer", ok=(404,), form={"key": "0" * 32}),
    ("POST", "/console/campaigns/{campaign}/non-responders"): Row("officer", ok=(404,), form={}),
    ("POST", "/console/campaigns/{campaign}/members"): Row("officer", ok=(404,), form={}),
    ("POST", "/console/campaigns/{campaign}/closure"): Row("officer", ok=(404,), form={}),
    ("GET", "/console/notices"): Row("officer steward auditor"),
    ("GET", "/console/people"): Row("officer auditor"),
    ("POST", "/console/people/find"): Row("officer auditor", ok=(303,), form={"number": MINE}),
    ("GET", "/console/people/{alias}"): Row("officer auditor"),
    ("GET", "/console/people/{alias}/impact"): Row("officer auditor", options={"params": ABOUT}),
    ("GET", "/console/people/{alias}/decision"): Row("officer", options={"params": ABOUT}),
    ("POST", "/console/people/{alias}/decision/check"): Row("officer", form=ASKED),
    ("POST", "/console/people/{alias}/decision/change"): Row("officer", form=ASKED),
    ("POST", "/console/people/{alias}/decision"): Row("officer", ok=(303,), form=ASKED),
    ("GET", "/console/people/{alias}/withdrawal"): Row("officer", options={"params": ABOUT}),
    ("POST", "/console/people/{alias}/withdrawal"): Row("officer", ok=(303,), form=ABOUT | {"key": "k"}),
    ("GET", "/console/people/{alias}/saved/{decision}"): Row("officer", ok=(404,)),
    ("GET", "/console/people/{alias}/receipt/{decision}"): Row("officer", ok=(404,)),
    ("POST", "/console/sign-out"): Row("officer steward auditor consultant", ok=(303,), form={}),
    ("POST", "/me/sign-out"): Row("officer steward auditor consultant", ok=(303,), form={}),
}
# Open to anybody, and tested in test_console_doors.py.
DOORS: Final = {
    *((method, f"{area}/sign-in") for method in ("GET", "POST") for area in ("/console", "/me")),
    *(("GET", f"{area}/signed-out") for area in ("/console", "/me")),
    ("GET", "/console/static/{name}"),
}


def filled(rig: Rig, path: str, gmc: str = MINE) -> str:
    """The address with its parameters. Raises KeyError for one that `FILL` does not have."""
    alias = rig.client.app.state.office.keys.alias(gmc)  # type: ignore[attr-defined]  # a FastAPI application
    return path.format_map(FILL | {"gmc": gmc, "alias": alias})


def addresses(rig: Rig, path: str) -> list[str]:
    """The address with its parameters, once for each person where it is about one."""
    about_somebody = "{gmc}" in path or "{alias}" in path
    return [filled(rig, path, gmc) for gmc in ((MINE, OTHERS) if about_somebody else (MINE,))]
