"""Receipts: signed entries of the ledger, for the officer and for the person; and the public keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes.own import own_number
from services.consent.routes.parts import OfficeDep, private
from services.consent.routes.waiting import DecisionId
from services.consent.workflow import receipts as verbs
from shared.contracts.consent import Receipt, ReceiptKeys
from shared.kit.auth import PUBLIC, allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems
from shared.kit.signing import Signer

router = APIRouter(prefix="/v1", tags=["receipts"])
COMMON = (NotFound, ValueNotAllowed, NotSignedIn, RoleNotAllowed, ConsentClosed, JournalUnavailable)


def signer_of(request: Request) -> Signer | None:
    signer: Signer | None = request.app.state.signer
    return signer


SignerDep = Annotated[Signer | None, Depends(signer_of)]


@router.get(
    "/decisions/{decision}/receipt", operation_id="receipt", summary="A decision, signed", response_model=Receipt,
    responses=problems(*COMMON), dependencies=[Depends(allow("officer"))],
)  # fmt: skip
def receipt(office: OfficeDep, signer: SignerDep, decision: DecisionId) -> Response:
    return private(verbs.receipt_of(office, signer, decision))


@router.get(
    "/me/decisions/{decision}/receipt", operation_id="own_receipt", summary="A decision of mine, signed",
    response_model=Receipt, responses=problems(*COMMON), dependencies=[Depends(allow("consultant"))],
)  # fmt: skip
def own_receipt(
    office: OfficeDep, signer: SignerDep, decision: DecisionId, number: Annotated[str, Depends(own_number)]
) -> Response:
    """Another's decision is answered like one that there never was."""
    return private(verbs.receipt_of(office, signer, decision, number))


@router.get(
    "/receipt-keys", operation_id="receipt_keys", summary="The keys with which receipts can be checked",
    response_model=ReceiptKeys, responses=problems(ConsentClosed, JournalUnavailable),
    dependencies=[Depends(allow(PUBLIC))],
)  # fmt: skip
def receipt_keys(office: OfficeDep, signer: SignerDep) -> Response:
    return private(verbs.keys(office, signer))
