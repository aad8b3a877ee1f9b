"""`candour consent object | uphold | reject-objection | restrict | release | sign-off | rectify`: a case, step by step.

What hides is sent as it is and never stale; what may show somebody again, or only notes something, is sent with the
record as it is now.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import typer

from cli.calls import Refused, Service
from cli.gateways import follow
from cli.recording import CHANNEL, Account, Evidence, Gmc, Programme, Purpose, seen, tell
from cli.say import out, stop

WAIT_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Step:
    """`act` as the API calls it."""

    act: str
    hides: bool
    help: str


STEPS: Final = {
    "object": Step("objection_raised", True, "Somebody objects: hidden at once, while it is assessed."),
    "uphold": Step("objection_upheld", True, "The open objection is right: hidden for good."),
    "reject-objection": Step("objection_rejected", False, "The open objection is not right: may be shown again."),
    "restrict": Step("restricted", True, "Keep the record and show it to nobody: hidden at once."),
    "release": Step("released", False, "End a restriction: may be shown again."),
    "sign-off": Step(
        "signed_off", False, "Lawyers agree that another ground than consent carries, for who withdrew: may be shown."
    ),
    "rectify": Step("rectified", False, "Note that something was corrected at its source."),
}


def take(consent: Service, gmc: str, step: Step, body: dict[str, str]) -> None:
    """Raises Refused. Waits, where the step hides, until nothing of ours is still sending what it hides."""
    headers = {"Idempotency-Key": uuid.uuid4().hex} | ({} if step.hides else seen(consent, gmc))
    decision = consent.json("POST", f"/v1/consultants/{gmc}/rights", json=body, headers=headers)
    tell(decision)
    if step.hides:
        out.print("New readers can no longer see what this hides.")
        follow(consent, decision, WAIT_SECONDS)


def command(step: Step) -> Callable[..., None]:
    """The command of one step."""

    def run(
        gmc: Gmc,
        programme: Programme,
        purpose: Purpose = "own_figures",
        evidence: Evidence = None,
        account: Account = "officer",
    ) -> None:
        body = {"programme": programme, "purpose": purpose, "act": step.act, "channel": CHANNEL}
        try:
            take(Service("consent", account), gmc, step, body | ({"evidence": evidence} if evidence else {}))
        except Refused as refused:
            stop(refused.sentence())

    return run


def add_to(app: typer.Typer) -> None:
    for word, step in STEPS.items():
        app.command(word, help=step.help)(command(step))
