"""Receipts to keep: a decision, signed, as a file. It names nobody, and can be checked without us."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.consent.console.people import CONSULTANT
from services.consent.console.persons import Alias
from services.consent.console.withdrawing import DecisionId, entry_for
from services.consent.routes.parts import OfficeDep, private
from services.consent.routes.receipts import SignerDep
from services.consent.workflow import receipts as verbs
from shared.contracts.consent import Receipt
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.console.rendering import HEADERS

router: Final = APIRouter(include_in_schema=False, tags=["console"])


@router.get("/console/people/{alias}/receipt/{decision}", dependencies=[Depends(signed_in("officer"))])
def receipt(office: OfficeDep, signer: SignerDep, alias: Alias, decision: DecisionId) -> Response:
    entry_for(office, alias, decision)
    return _file(verbs.receipt_of(office, signer, decision))


@router.get("/me/receipt/{decision}")
def own_receipt(
    visitor: Annotated[Visitor, Depends(signed_in(*CONSULTANT))], office: OfficeDep, signer: SignerDep,
    decision: DecisionId,
) -> Response:  # fmt: skip
    return _file(verbs.receipt_of(office, signer, decision, visitor.subject))


def _file(found: Receipt) -> Response:
    kept = {"Content-Disposition": f'attachment; filename="receipt-{found.decision}.json"'}
    return private(found, headers=dict(HEADERS) | kept)
