"""Receipts of what was sent, and the keys with which they can be checked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.ingest.problems import DigestMismatch, SeveralFeeds
from services.ingest.receipts import receipt_of
from services.ingest.routes.asked import ASKED, NoParameters, SignerDep, StoreDep
from services.ingest.routes.submissions import READERS, Which, found_one
from services.ingest.store.receipts import public_keys
from services.ingest.workflow.arrival import receipt_again
from shared.contracts.base import Sha256
from shared.contracts.ingest import Receipt, ReceiptKeys
from shared.kit.auth import PUBLIC, allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, problems
from shared.kit.signing import jwk_of

router = APIRouter(prefix="/v1", tags=["receipts"], dependencies=ASKED)


@router.get(
    "/submissions/{sha256}/receipt", operation_id="receipt", summary="The receipt of an upload, as it was signed",
    dependencies=[READERS], responses=problems(NotFound, SeveralFeeds, DigestMismatch, NotSignedIn, RoleNotAllowed),
)  # fmt: skip
def receipt(sha256: Sha256, asked: Annotated[Which, Query()], store: StoreDep, signer: SignerDep) -> Receipt:
    return receipt_of(receipt_again(store, found_one(store, sha256, asked.feed)[0], signer))


@router.get(
    "/receipt-keys", operation_id="receipt_keys", summary="The keys with which receipts can be checked",
    dependencies=[Depends(allow(PUBLIC))],
)  # fmt: skip
def receipt_keys(asked: Annotated[NoParameters, Query()], store: StoreDep, signer: SignerDep) -> ReceiptKeys:  # noqa: ARG001
    """Every key that has signed, and the one that signs now: an earlier receipt can be checked under a later key."""
    every = dict.fromkeys([*public_keys(store.database), signer.public])
    return ReceiptKeys(keys=[jwk_of(public) for public in every])
