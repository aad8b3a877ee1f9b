"""Tokens that nobody gave out, each wrong in one way. All are made for one pair of services, and refused there."""

import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any, Final

LIVES: Final = 300


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, claims: Any, secret: bytes, digest: str = "sha256") -> str:
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(hmac.new(secret, text.encode(), digest).digest())}"


def good(caller: str, service: str, secret: bytes, now: int) -> str:
    """As `ServiceToken` makes them: so that the others are wrong for the reason that their name says."""
    return signed({"alg": "HS256", "typ": "JWT"}, _claims(caller, service, now), secret)


def _claims(caller: str, service: str, now: int) -> dict[str, Any]:
    return {"iss": caller, "aud": service, "iat": now, "exp": now + LIVES}


def forged(caller: str, service: str, secret: bytes, now: int) -> Iterator[tuple[str, str]]:
    """(what is wrong, token). `secret` is the right one of the pair."""
    header, claims = {"alg": "HS256", "typ": "JWT"}, _claims(caller, service, now)
    yield from _headers(header, claims, secret)
    yield from _claimed(header, claims, secret, now)
    yield from _texts(good(caller, service, secret, now), header, claims, secret)


def _headers(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> Iterator[tuple[str, str]]:
    for alg in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {alg!r}, no signature", f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}."
        yield f"alg {alg!r}, signed all the same", signed({"alg": alg, "typ": "JWT"}, claims, secret)
    for alg, digest in (("HS384", "sha384"), ("HS512", "sha512")):
        yield f"alg {alg}", signed({"alg": alg, "typ": "JWT"}, claims, secret, digest)
        yield f"alg HS256 said, {alg} signed", signed(header, claims, secret, digest)
    for alg in ("RS256", "ES256", "PS256", "EdDSA", "A256KW", "hs256"):
        yield f"alg {alg}, signed as HS256", signed(header | {"alg": alg}, claims, secret)
    yield "no alg", signed({"typ": "JWT"}, claims, secret)
    yield "alg is a number", signed(header | {"alg": 256}, claims, secret)
    yield "kid", signed(header | {"kid": "../../dev/null"}, claims, secret)
    yield "jku", signed(header | {"jku": "https://evil.example/keys"}, claims, secret)
    yield "jwk", signed(header | {"jwk": {"kty": "oct", "k": "AAAA"}}, claims, secret)
    yield "x5u", signed(header | {"x5u": "https://evil.example/cert"}, claims, secret)
    yield "crit of something unknown", signed(header | {"crit": ["exp"], "exp": 1}, claims, secret)
    yield "crit that is empty", signed(header | {"crit": []}, claims, secret)
    yield "b64 false", signed(header | {"b64": False, "crit": ["b64"]}, claims, secret)
    yield "signed with kid's empty file", signed(header | {"kid": "../../dev/null"}, claims, b"")


def _claimed(header: dict[str, Any], claims: dict[str, Any], secret: bytes, now: int) -> Iterator[tuple[str, str]]:
    changes: dict[str, dict[str, Any]] = {
        "expired": {"iat": now - 400, "exp": now - 100}, "expired just now": {"iat": now - 301, "exp": now - 1},
        "not yet": {"nbf": now + 200}, "issued in the future": {"iat": now + 200, "exp": now + 290},
        "lives too long": {"exp": now + LIVES + 60}, "lives for ever": {"exp": 10**12},
        "lived too long before": {"iat": now - 86_400, "exp": now + 100}, "exp is infinite": {"exp": float("inf")},
        "exp is no number": {"exp": "tomorrow"}, "exp is digits in quotes": {"exp": str(now + 100)},
        "exp is true": {"exp": True},
        "exp is not a number": {"exp": float("nan")}, "exp is a list": {"exp": [now + 100]},
        "made out to another service": {"aud": "elsewhere"},
        "made out to several": {"aud": [claims["aud"], "elsewhere"]},
        "made out to a list": {"aud": [claims["aud"]]}, "made out to a prefix": {"aud": claims["aud"][:-1]},
        "made out in capitals": {"aud": claims["aud"].upper()}, "made out to everybody": {"aud": "*"},
        "made out to nobody": {"aud": ""}, "of another issuer": {"iss": "supervisor-2"},
        "issued by the service itself": {"iss": claims["aud"]},
        "of several issuers": {"iss": [claims["iss"]]}, "of no issuer": {"iss": ""},
    }  # fmt: skip
    for what, change in changes.items():
        yield what, signed(header, claims | change, secret)
    for name in claims:
        yield f"no {name}", signed(header, {key: value for key, value in claims.items() if key != name}, secret)
    yield "claims are a list", signed(header, [claims], secret)
    yield "claims are nothing", signed(header, b"", secret)


def _texts(right: str, header: Any, claims: dict[str, Any], secret: bytes) -> Iterator[tuple[str, str]]:
    head, middle, end = right.split(".")
    other = part(claims | {"iss": "officer"})
    yield "another secret", signed(header, claims, b"x" * 64)
    yield "the secret in capitals", signed(header, claims, secret.upper())
    yield "the secret and a newline", signed(header, claims, secret + b"\n")
    yield "an empty secret", signed(header, claims, b"")
    yield "payload exchanged", f"{head}.{other}.{end}"
    yield "signature of nothing", f"{head}.{middle}."
    yield "no signature", f"{head}.{middle}"
    yield "header alone", head
    yield "cut short", right[:-1]
    yield "cut at the front", right[1:]
    yield "one bit", right[:-10] + ("A" if right[-10] != "A" else "B") + right[-9:]
    yield "a dot more", right + "."
    yield "dots more", right + "..."
    yield "a part more", f"{right}.{end}"
    yield "twice", f"{right},{right}"
    yield "padded", right + "=="
    yield "in quotes", f'"{right}"'
    yield "with a space within", f"{head}. {middle}.{end}"
    yield "with a letter that is none of theirs", f"{head}.{middle}.{end[:-1]}\u00e9"
    yield "in another alphabet", "\u0435" + right[1:]
    yield "as JSON", json.dumps({"protected": head, "payload": middle, "signature": end})
    yield "empty", ""
    yield "a space", " "
    yield "dots", ".."
    yield "a number", "1"
    yield "very long", "A" * 20_000
    yield "the secret itself", secret.decode()
