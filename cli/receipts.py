"""`candour receipt show | keys | verify`: what ingest signed for an upload, and whether a receipt holds.

Whoever has a receipt and the published keys needs no service to check it, nor this command: it is a JWS (RFC 7515).
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from cli import spelled
from cli.calls import Refused, Service
from cli.load import Account
from cli.say import out, stop
from cli.source.telling import shown
from shared.contracts.ingest import Receipt, ReceiptKeys
from shared.kit.copying import digest_of

app = typer.Typer(help="Receipts of what was sent to ingest: show one, or check one.", no_args_is_help=True)
MOST: Final = 1 << 20
SIGNATURE: Final = ("key", "jws")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The receipt, as JSON.")]
Digest = Annotated[str, typer.Argument(callback=spelled.sha256, help="The submission's digest.")]


@app.command()
def show(
    sha256: Digest,
    source: Annotated[
        str | None,
        typer.Option(callback=spelled.optional(spelled.slug), help="Which, where several sources got the same bytes."),
    ] = None,
    account: Account = "steward",
) -> None:
    """Print the receipt of a submission, as it was signed when the bytes came. Keep it, and the keys."""
    try:
        _print(receipt_of(Service("ingest", account), sha256, source))
    except Refused as refused:
        if refused.code == "several_feeds":
            stop(refused.detail.replace("the parameter feed", "--source"))
        stop(refused.sentence())


@app.command()
def keys() -> None:
    """Print every key that has ever signed a receipt: with them one can be checked without the service."""
    _print(published())


@app.command()
def verify(
    file: File,
    of: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The file that it is said to be the receipt of.")
    ] = None,
    with_keys: Annotated[
        Path | None,
        typer.Option("--keys", exists=True, dir_okay=False, help="What `receipt keys` printed; else ingest is asked."),
    ] = None,
) -> None:
    """Check that FILE is a receipt which ingest has signed, word by word. Exit code 0: it is; 1: it is not."""
    receipt = _receipt_in(file)
    trusted = published() if with_keys is None else _json_in(with_keys, "a set of keys")
    if (why := fault_in(receipt, trusted)) is not None:
        stop(f"{shown(file.name)} is no receipt of ingest: {why}.")
    if of is not None and (of.stat().st_size, digest_of(of)) != (receipt.bytes, receipt.sha256):
        stop(f"{shown(file.name)} is the receipt of another file than {shown(of.name)}.")
    out.print(sentence_of(receipt), markup=False)


def receipt_of(ingest: Service, sha256: str, source: str | None) -> dict[str, Any]:
    """Raises Refused."""
    found: dict[str, Any] = ingest.json(
        "GET", f"/v1/submissions/{sha256}/receipt", params={"feed": source} if source else {}
    )
    return found


def published() -> dict[str, Any]:
    try:
        found: dict[str, Any] = Service("ingest", None).json("GET", "/v1/receipt-keys")
    except Refused as refused:
        stop(refused.sentence())
    return found


def fault_in(receipt: Receipt, trusted: dict[str, Any]) -> str | None:
    """Why the receipt does not hold under any of the `trusted` keys; None where it holds."""
    from shared.kit.signing import NotSigned, signed_claims  # noqa: PLC0415  # a tenth of a second; only this needs it

    try:
        said = signed_claims(receipt.jws, receipt.key, ReceiptKeys.model_validate(trusted).keys)
    except ValidationError:
        return "the keys are none"
    except NotSigned as reason:
        return str(reason)
    differ = [name for name, value in _claims(receipt).items() if said.get(name) != value]
    differ += [name for name in said if name not in _claims(receipt)]
    return f"{', '.join(differ)} is not what was signed" if differ else None


def sentence_of(receipt: Receipt) -> str:
    lines = f"{receipt.lines:,} lines" if receipt.lines is not None else f"no lines to count ({receipt.no_lines})"
    received = f"{receipt.received:%Y-%m-%d %H:%M:%S}Z"
    return f"Signed: {receipt.bytes:,} bytes, {lines}, {receipt.sha256}, came for {receipt.feed} at {received}."


def _claims(receipt: Receipt) -> dict[str, Any]:
    return {name: value for name, value in receipt.model_dump(mode="json").items() if name not in SIGNATURE}


def _receipt_in(file: Path) -> Receipt:
    try:
        return Receipt.model_validate(_json_in(file, "a receipt"))
    except ValidationError:
        stop(f"{shown(file.name)} is no receipt of ingest: it has not the fields of one.")


def _json_in(file: Path, what: str) -> dict[str, Any]:
    try:
        with file.open("rb") as handle:
            found = json.loads(handle.read(MOST))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        stop(f"{shown(file.name)} is not {what}: an object of JSON is expected.")
    return found


def _print(told: dict[str, Any]) -> None:
    typer.echo(json.dumps(told, indent=2))
