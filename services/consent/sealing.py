"""What names a person is kept sealed under a key of that person's own: AES-256-GCM with a random nonce.

Destroying the key is erasing what it sealed, in every copy there is.
"""

import base64
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORM: Final = "v1:"
NONCE_BYTES: Final = 12


class SealBroken(RuntimeError):
    """What is kept is not what was sealed under this key."""


def new_key() -> str:
    return AESGCM.generate_key(256).hex()


def seal(key: str, text: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(bytes.fromhex(key)).encrypt(nonce, text.encode(), FORM.encode())
    return FORM + base64.b64encode(nonce + sealed).decode()


def unseal(key: str, sealed: str) -> str:
    """Raises SealBroken."""
    if not sealed.startswith(FORM):
        raise SealBroken("a form of sealing that this version does not know")
    data = base64.b64decode(sealed.removeprefix(FORM))
    try:
        return AESGCM(bytes.fromhex(key)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], FORM.encode()).decode()
    except InvalidTag:
        raise SealBroken("the seal does not fit its key") from None
