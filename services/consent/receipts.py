"""Receipts: an entry of the ledger with a signature that anybody can check without us, for as long as they keep it.

The key is Ed25519, made from a secret of the service's own. A new secret is a new key: earlier public keys stay
published, so that earlier receipts can still be checked.
"""

import base64
import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.jwk import OKPKey

from shared.kit.secretfiles import read_secret

FILE: Final = "consent-receipts"
MADE_FOR: Final = b"candour consent receipts "
ALGORITHM: Final = "Ed25519"


class Signer:
    """One key. `public` is its public half, as base64 without padding."""

    def __init__(self, secret: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(MADE_FOR + secret).digest())
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @cached_property
    def _key(self) -> OKPKey:
        return OKPKey.import_key(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWS in its compact form, over the claims as JSON with sorted keys."""
        header = {"alg": ALGORITHM, "kid": key_id(self.public)}
        payload = orjson.dumps(claims, option=orjson.OPT_SORT_KEYS)
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


def signer_in(folder: Path) -> Signer | None:
    """None where the secret has not been made yet, as after an upgrade: then there are no receipts until it is."""
    return Signer(read_secret(folder, FILE)) if (folder / f"{FILE}.key").exists() else None


def key_id(public: str) -> str:
    """How a receipt names its key: sixteen hexadecimal digits of the SHA-256 of the public half."""
    return hashlib.sha256(public.encode()).hexdigest()[:16]


def jwk_of(public: str) -> dict[str, str]:
    """The public key in the form that every library reads."""
    return {"kty": "OKP", "crv": ALGORITHM, "alg": ALGORITHM, "use": "sig", "kid": key_id(public), "x": public}
