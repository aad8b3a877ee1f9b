"""The gate of a release, check by check, and who has signed what it says."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Prose, ReleaseId

Note = Annotated[Prose, Field(max_length=2000)]
SignerRole = Literal["reviewer", "publisher"]


class CheckAnswerRequest(Contract):
    """A person's word on a check that only a person can answer, or that the computer did not find met."""

    passed: bool
    note: Note


class CheckAnswer(Contract):
    passed: bool
    note: str
    person: str
    at: datetime


class Check(Contract):
    """`answerable`: a person's word is asked for, or was given. `evidence` is what a signature stands for; `now` moves
    by itself (decisions of consent, people who look), and is not signed. Counts, dates and digests, never a person."""

    check: str
    title: str
    state: Literal["passed", "failed", "waiting"]
    answerable: bool
    evidence: dict[str, int | float | str]
    now: dict[str, int | float | str]
    answer: CheckAnswer | None = None


class Signature(Contract):
    """`current`: the gate says today what it said when it was signed."""

    role: SignerRole
    person: str
    at: datetime
    current: bool


class Gate(Contract):
    """`complete`: every check has passed, so it can be signed. `digest`: what a signature names."""

    release: ReleaseId
    submission: Count
    complete: bool
    digest: Digest
    checks: list[Check]
    signatures: list[Signature]


class SignatureRequest(Contract):
    """`gate`: the digest of the gate that the signer has read."""

    role: SignerRole
    gate: Digest
