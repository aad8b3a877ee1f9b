"""Receipts for decisions, and the keys with which they can be checked."""

from typing import Any, Final

from services.consent.ledger import content_of, decision_id
from services.consent.store import trails
from services.consent.store.rows import columns_of
from services.consent.store.trails import Trace
from services.consent.workflow.effective import NO_DECISION, entry_of
from services.consent.workflow.office import Office
from services.consent.workflow.trail import keep_trail
from shared.contracts.consent import Receipt, ReceiptKeys
from shared.kit.problems import NotFound
from shared.kit.signing import Signer, jwk_of, key_id

ACTION: Final = "receipt-key"  # in the trail: which keys have ever signed
SERVICE: Final = "consent"
FORMAT: Final = "candour receipt 1"
NONE_YET: Final = "There are no receipts yet: the secret consent-receipts has not been made."


def receipt_of(office: Office, signer: Signer | None, decision: str, own: str | None = None) -> Receipt:
    """The entry with all that its hash is over, signed. `own` is the number of whoever asks for themselves: another's
    decision is not there for them. Raises NotFound."""
    if signer is None:
        raise NotFound(NONE_YET)
    entry = entry_of(office, decision)
    with office.reading() as tx:
        if own is not None and office.alias_of(tx, own) != entry.subject:
            raise NotFound(NO_DECISION)
        store_id, known = tx.end().store_id, trails.details(tx.session, ACTION)
    if signer.public not in known:
        with office.writing() as tx:
            keep_trail(tx, office.clock(), Trace(SERVICE, ACTION, detail=signer.public))
    claims: dict[str, Any] = {
        "receipt": FORMAT, "store_id": store_id, "decision": decision_id(entry.hash),
        "entry": content_of(columns_of(entry)), "hash": entry.hash,
    }  # fmt: skip
    return Receipt(**claims, key=key_id(signer.public), jws=signer.sign(claims))


def keys(office: Office, signer: Signer | None) -> ReceiptKeys:
    """Every key that has ever signed a receipt, and the one that signs now."""
    with office.reading() as tx:
        known = trails.details(tx.session, ACTION)
    now = [signer.public] if signer else []
    return ReceiptKeys(keys=[jwk_of(public) for public in dict.fromkeys([*known, *now])])
