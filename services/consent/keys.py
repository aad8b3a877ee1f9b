"""The keyed hash by which views and gateways know people whom they may have to hide."""

import hashlib
import hmac

from services.consent.domain.standing import Subject

KEY_HEX = 32


class SubjectKeys:
    """HMAC-SHA256 of `programme|purpose|gmc`, first 16 bytes as hex. None of the three can contain the bar."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self, subject: Subject) -> str:
        message = f"{subject.programme}|{subject.purpose.value}|{subject.gmc}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:KEY_HEX]
