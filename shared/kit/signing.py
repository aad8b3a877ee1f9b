"""Signatures that anybody can check without us, for as long as they keep what was signed.

The key is Ed25519 (RFC 8032), made from a secret of the service's own; the same words have the same signature. A new
secret is a new key: whoever publishes the earlier public halves too keeps earlier signatures checkable.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM: Final = "Ed25519"


class NotSigned(ValueError):
    """It was signed with none of the keys, or is not what was signed."""


class Signer:
    """One key, for one purpose: the same secret `made_for` another makes another key. `public` is its public half, as
    base64 without padding."""

    def __init__(self, secret: bytes, made_for: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(made_for + secret).digest())
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @cached_property
    def _key(self) -> OKPKey:
        return OKPKey.import_key(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWS (RFC 7515) in its compact form, over the claims as JSON with sorted keys."""
        header = {"alg": ALGORITHM, "kid": key_id(self.public)}
        payload = orjson.dumps(claims, option=orjson.OPT_SORT_KEYS)
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


def key_id(public: str) -> str:
    """How a signature names its key: sixteen hexadecimal digits of the SHA-256 of the public half."""
    return hashlib.sha256(public.encode()).hexdigest()[:16]


def jwk_of(public: str) -> dict[str, str]:
    """The public key in the form that every library reads (RFC 8037)."""
    return {"kty": "OKP", "crv": ALGORITHM, "alg": ALGORITHM, "use": "sig", "kid": key_id(public), "x": public}


def signed_claims(signed: str, key: str, keys: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The claims of a JWS, which the one of `keys` that is called `key` has signed. Raises NotSigned."""
    for jwk in keys:
        if jwk.get("kid") == key and jwk.get("x") is not None and key == key_id(str(jwk["x"])):
            return _claims(signed, jwk)
    raise NotSigned(f"none of the keys is {key}")


def _claims(signed: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = jws.deserialize_compact(signed, OKPKey.import_key(dict(jwk)), algorithms=[ALGORITHM])
        claims = orjson.loads(found.payload or b"")
    except (JoseError, ValueError, TypeError):
        raise NotSigned("the signature is not that of these words") from None
    if not isinstance(claims, dict):
        raise NotSigned("what was signed are no claims")
    return claims
