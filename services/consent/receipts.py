"""Receipts: an entry of the ledger with a signature that anybody can check without us, for as long as they keep it.

The key is made from a secret of the service's own. A new secret is a new key: earlier public keys stay published, so
that earlier receipts can still be checked.
"""

from pathlib import Path
from typing import Final

from shared.kit.secretfiles import read_secret
from shared.kit.signing import Signer

FILE: Final = "consent-receipts"
MADE_FOR: Final = b"candour consent receipts "


def signer_in(folder: Path) -> Signer | None:
    """None where the secret has not been made yet, as after an upgrade: then there are no receipts until it is."""
    return Signer(read_secret(folder, FILE), MADE_FOR) if (folder / f"{FILE}.key").exists() else None
