"""Keyed hashes: by one the ledger knows people, by the other views and gateways know whom they may have to hide."""

import hashlib
import hmac

from services.consent.domain.standing import Subject

KEY_HEX = 32
ALIAS = "p-"


class SubjectKeys:
    """HMAC-SHA256, first 16 bytes as hex, of texts that cannot contain the bar."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def alias(self, number: str) -> str:
        """How the ledger knows a consultant's number or a practice's code: the same again after a restore, and nothing
        to anybody without the secret."""
        return ALIAS + self._hash(f"person|{number}")

    def key(self, subject: Subject) -> str:
        return self._hash(f"{subject.programme}|{subject.purpose.value}|{subject.id}")

    def _hash(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:KEY_HEX]
