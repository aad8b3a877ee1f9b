"""What the commands that record a decision share: their words, the call, and what is said of its answer."""

import uuid
from typing import Annotated, Any

import typer

from cli import spelled
from cli.calls import Service
from cli.say import out

CHANNEL = "command-line"
Gmc = Annotated[str, typer.Argument(callback=spelled.nameable, help="A GMC number, or a practice's ODS code.")]
Programme = Annotated[
    str,
    typer.Option(
        callback=spelled.slug, help="What the decision is about, e.g. adult-cardiac-surgery-consultant-outcomes."
    ),
]
Purpose = Annotated[str, typer.Option(help="own_figures; others are decided separately, one decision each.")]
Account = Annotated[str, typer.Option("--as", "--account", help="Whose name and password.")]
Evidence = Annotated[str | None, typer.Option(help="Where the proof is kept, in words; sealed with the person's key.")]


def seen(consent: Service, gmc: str) -> dict[str, str]:
    """The record as it is now, for a step that must have seen it."""
    return {"If-Match": consent.ask("GET", f"/v1/consultants/{gmc}").headers["ETag"]}


def decide(
    consent: Service, gmc: str, programme: str, act: str, notice: int | None = None, **more: Any
) -> dict[str, Any]:
    """Record asked, given or refused, on the record as it is now. What is empty in `more` is left out."""
    body: dict[str, Any] = {"programme": programme, "purpose": "own_figures", "act": act, "channel": CHANNEL}
    if notice is not None:
        body["notice"] = {"version": notice}
    body |= {name: value for name, value in more.items() if value}
    headers = {"Idempotency-Key": uuid.uuid4().hex} | seen(consent, gmc)  # a call whose answer was lost is sent again
    decision: dict[str, Any] = consent.json("POST", f"/v1/consultants/{gmc}/decisions", json=body, headers=headers)
    return decision


def withdrawal(consent: Service, gmc: str, programme: str, purpose: str = "own_figures") -> dict[str, Any]:
    """Record a withdrawal. When this returns, no request that begins later is answered with this person's figures."""
    decision: dict[str, Any] = consent.json(
        "POST",
        f"/v1/consultants/{gmc}/withdrawal",
        json={"programme": programme, "purpose": purpose, "channel": CHANNEL},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    return decision


def tell(decision: dict[str, Any]) -> None:
    out.print(
        f"{decision['act']}: recorded at {decision['recorded']} as revision {decision['revision']}, decision "
        f"{decision['decision']}"
    )
