"""`candour consent register | returns | campaign | give | refuse | withdraw | show | participation | gateways | fence`:
what a consent officer does, and whoever watches the gateways."""

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import asof, campaigns, imports, participation, spelled
from cli.calls import Refused, Service
from cli.gateways import fence, follow, gateways
from cli.say import out, stop

app = typer.Typer(help="Record consultants and their decisions.", no_args_is_help=True)
app.command("as-of")(asof.as_of)
app.command()(participation.participation)
Gmc = Annotated[str, typer.Argument(callback=spelled.gmc, help="The consultant's GMC number.")]
Programme = Annotated[
    str,
    typer.Option(
        callback=spelled.slug, help="What the decision is about, e.g. adult-cardiac-surgery-consultant-outcomes."
    ),
]
Account = Annotated[str, typer.Option("--as")]
for command in (imports.register, imports.returns, imports.waiting, imports.approve, imports.reject):
    app.command()(command)
app.command()(campaigns.notices)
app.add_typer(campaigns.app, name="campaign")


def decide(consent: Service, gmc: str, programme: str, act: str, notice: int | None = None) -> dict[str, Any]:
    """Record asked, given or refused, on the record as it is now."""
    seen = consent.ask("GET", f"/v1/consultants/{gmc}").headers["ETag"]
    body: dict[str, Any] = {"programme": programme, "purpose": "own_figures", "act": act, "channel": "command-line"}
    if notice is not None:
        body["notice"] = {"version": notice}
    decision: dict[str, Any] = consent.json(
        "POST", f"/v1/consultants/{gmc}/decisions", json=body, headers={"If-Match": seen}
    )
    return decision


def withdrawal(consent: Service, gmc: str, programme: str) -> dict[str, Any]:
    """Record a withdrawal. When this returns, no request that begins later is answered with this person's figures."""
    decision: dict[str, Any] = consent.json(
        "POST",
        f"/v1/consultants/{gmc}/withdrawal",
        json={"programme": programme, "purpose": "own_figures", "channel": "command-line"},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    return decision


def _tell(decision: dict[str, Any]) -> None:
    out.print(f"{decision['act']}: recorded at {decision['recorded']} as revision {decision['revision']}")


@app.command()
def give(gmc: Gmc, programme: Programme, notice: int = 1, account: Account = "officer") -> None:
    """Record that consent was given, under a version of the notice."""
    try:
        _tell(decide(Service("consent", account), gmc, programme, "given", notice))
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def refuse(gmc: Gmc, programme: Programme, account: Account = "officer") -> None:
    """Record that consent was refused."""
    try:
        _tell(decide(Service("consent", account), gmc, programme, "refused"))
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def withdraw(
    gmc: Gmc,
    programme: Programme,
    wait: Annotated[float, typer.Option(min=0, max=600, help="Seconds for answers that began earlier to end.")] = 15,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for them.")] = False,
    account: Account = "officer",
) -> None:
    """Record a withdrawal: no reason, no second person, never refused."""
    consent = Service("consent", account)
    try:
        decision = withdrawal(consent, gmc, programme)
    except Refused as refused:
        stop(refused.sentence())
    _tell(decision)
    out.print(f"New readers can no longer see these figures. ({datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z)")
    if not no_wait:
        follow(consent, decision, wait)


@app.command()
def show(gmc: Gmc, account: Account = "officer") -> None:
    """One consultant's record: standing and history, as JSON."""
    try:
        out.print_json(json.dumps(Service("consent", account).json("GET", f"/v1/consultants/{gmc}")))
    except Refused as refused:
        stop(refused.sentence())


app.command()(gateways)
app.command()(fence)
