"""`candour consent …`: what consent officers and stewards do, and whoever watches the gateways."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import asof, campaigns, imports, law, participation, spelled, steps
from cli.calls import Refused, Service
from cli.gateways import fence, follow, gateways
from cli.recording import Account, Evidence, Gmc, Programme, Purpose, decide, tell, withdrawal
from cli.say import out, stop

__all__ = ["app", "decide", "withdrawal"]

app = typer.Typer(help="Record consultants and their decisions.", no_args_is_help=True)
app.command("as-of")(asof.as_of)
app.command()(participation.participation)
On = Annotated[str, typer.Option("--on", callback=spelled.day, help="The day it was decided; today where left out.")]
First = Annotated[str, typer.Option("--from", callback=spelled.day, help="For care from this day on.")]
Last = Annotated[str, typer.Option("--to", callback=spelled.day, help="For care up to this day.")]
Reason = Annotated[
    str | None, typer.Option(callback=spelled.optional(spelled.slug), help="One of the policy's codes; private.")
]
Notice = Annotated[int, typer.Option(min=1, help="Which wording: `candour consent notices`.")]
for command in (imports.register, imports.returns, imports.waiting, imports.approve, imports.reject):
    app.command()(command)
app.command()(campaigns.notices)
app.add_typer(campaigns.app, name="campaign")
app.add_typer(law.app, name="law")
app.add_typer(law.naming, name="naming")
steps.add_to(app)


def _record(account: str, gmc: str, programme: str, act: str, notice: int | None = None, **more: Any) -> None:
    try:
        tell(decide(Service("consent", account), gmc, programme, act, notice, **more))
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def ask(
    gmc: Gmc,
    *,
    programme: Programme,
    notice: Notice = 1,
    purpose: Purpose = "own_figures",
    on: On = "",
    evidence: Evidence = None,
    account: Account = "officer",
) -> None:
    """Record that somebody was asked, under a version of the notice. A campaign asks many."""
    _record(account, gmc, programme, "asked", notice, purpose=purpose, decided_on=on, evidence=evidence)


@app.command()
def give(
    gmc: Gmc,
    *,
    programme: Programme,
    notice: Notice = 1,
    purpose: Purpose = "own_figures",
    on: On = "",
    first: First = "",
    last: Last = "",
    evidence: Evidence = None,
    account: Account = "officer",
) -> None:
    """Record that consent was given, under a version of the notice; for care of a time where one is said."""
    scope = {name: value for name, value in (("first", first), ("last", last)) if value}
    _record(account, gmc, programme, "given", notice, purpose=purpose, decided_on=on, scope=scope, evidence=evidence)


@app.command()
def refuse(
    gmc: Gmc,
    *,
    programme: Programme,
    purpose: Purpose = "own_figures",
    on: On = "",
    reason: Reason = None,
    evidence: Evidence = None,
    account: Account = "officer",
) -> None:
    """Record that consent was refused."""
    _record(account, gmc, programme, "refused", purpose=purpose, decided_on=on, reason=reason, evidence=evidence)


@app.command()
def receipt(
    decision: Annotated[str, typer.Argument(callback=spelled.slug, help="As the commands that record one print it.")],
    account: Account = "officer",
) -> None:
    """A decision as it stands in the ledger, signed, as JSON: whoever keeps it can check it without us."""
    try:
        out.print_json(json.dumps(Service("consent", account).json("GET", f"/v1/decisions/{decision}/receipt")))
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def withdraw(
    gmc: Gmc,
    *,
    programme: Programme,
    purpose: Purpose = "own_figures",
    wait: Annotated[float, typer.Option(min=0, max=600, help="Seconds for answers that began earlier to end.")] = 15,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for them.")] = False,
    account: Account = "officer",
) -> None:
    """Record a withdrawal: no reason, no second person, never refused."""
    consent = Service("consent", account)
    try:
        decision = withdrawal(consent, gmc, programme, purpose)
    except Refused as refused:
        stop(refused.sentence())
    tell(decision)
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
