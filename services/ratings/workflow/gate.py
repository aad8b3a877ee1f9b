"""The gate of a release is read, answered and signed; who signs has read what it says."""

from services.ratings.domain.checks import BY_A_PERSON, CheckName
from services.ratings.models import GateAnswerRow, ReleaseRow, SignOffRow
from services.ratings.problems import (
    AnsweredByTheComputer,
    GateChanged,
    GateNotAnswered,
    NotSigned,
    SamePerson,
    StepNotAllowed,
)
from services.ratings.store import gate as kept
from services.ratings.store.store import Transaction
from services.ratings.workflow.checking import Standing, gate_of
from services.ratings.workflow.measuring import look
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions
from shared.contracts.gate import CheckAnswerRequest, Gate, SignatureRequest, SignerRole
from shared.contracts.releases import ReleaseStatus
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound

BEFORE_THE_PUBLIC = frozenset({ReleaseStatus.SUBMITTED.value, ReleaseStatus.APPROVED.value})


def checks(office: Office, release: str) -> Gate:
    """Every check of a release whose results are done, with its evidence. Raises NotFound, StepNotAllowed."""
    looked = look(office, release, _asked(office))
    with office.store.reading() as tx:
        return gate_of(office, tx, tx.release(release), looked).as_contract()


def answer(office: Office, release: str, check: str, given: CheckAnswerRequest, person: str) -> Gate:
    """A person's word on a check, in place of an earlier one of this submission; the gate as it stands then.

    Raises NotFound, StepNotAllowed, SamePerson for its author, AnsweredByTheComputer.
    """
    if check not in set(CheckName):
        raise NotFound("The gate has no check of this name.")
    looked = look(office, release, _asked(office))
    with office.store.transaction() as tx:
        row = _before_the_public(tx, release, "answer")
        _not_the_author(row, person, "answers")
        (found,) = (one for one in gate_of(office, tx, row, looked).checks if one.name == check)
        if found.name not in BY_A_PERSON or not found.answerable:
            raise AnsweredByTheComputer(check)
        kept.keep(
            tx,
            GateAnswerRow(release=release, submission=row.submission, gate=check, passed=given.passed, note=given.note,
                          person=person, at=office.clock()),
        )  # fmt: skip
        tx.record(person, "release.check_answered", release, check=check, passed=given.passed, note=given.note)
        return gate_of(office, tx, row, looked).as_contract()


def sign(office: Office, release: str, given: SignatureRequest, person: str) -> Gate:
    """The reviewer signs what the gate says, then the publisher; nobody signs twice, and no author.

    Raises NotFound, StepNotAllowed, SamePerson, GateNotAnswered, GateChanged, NotSigned where the publisher is first,
    and PeerUnreachable: a check that waits for consent to answer has not failed, and is asked again.
    """
    looked = look(office, release, office.peers.permissions())
    with office.store.transaction() as tx:
        row = _before_the_public(tx, release, "signature")
        _not_the_author(row, person, "signature")
        found = gate_of(office, tx, row, looked)
        _refuse_incomplete(found)
        if given.gate != found.digest:
            raise GateChanged(release)
        _one_each(row, found, given.role, person)
        kept.keep(
            tx,
            SignOffRow(release=release, submission=row.submission, role=given.role, person=person, at=office.clock(),
                       gate_digest=found.digest),
        )  # fmt: skip
        tx.record(person, "release.signed", release, role=given.role, gate=found.digest)
        return gate_of(office, tx, row, looked).as_contract()


def check_signed(found: Standing, signer: SignerRole, person: str) -> None:
    """That every check has passed, and that `person` has signed as `signer` what the gate says now; a publisher after
    the reviewer. Raises GateNotAnswered, NotSigned."""
    _refuse_incomplete(found)
    for role in ("reviewer", "publisher") if signer == "publisher" else ("reviewer",):
        signed = found.signed_by(role)
        if signed is None:
            raise NotSigned(found.row.id, role)
        if role == signer and signed.person != person:
            raise NotSigned(found.row.id, role, yours=True)


def _asked(office: Office) -> Permissions | None:
    try:
        return office.peers.permissions()
    except (PeerUnreachable, PeerRefused):
        return None  # said by the check


def _before_the_public(tx: Transaction, release: str, what: str) -> ReleaseRow:
    row = tx.release(release)
    if row.status not in BEFORE_THE_PUBLIC:
        raise StepNotAllowed(f"Release {release} is {row.status}: its gate takes no {what} now.")
    return row


def _not_the_author(row: ReleaseRow, person: str, what: str) -> None:
    if person == row.author:
        raise SamePerson(row.id, what)


def _refuse_incomplete(found: Standing) -> None:
    if found.unmet:
        raise GateNotAnswered(found.row.id, found.unmet)


def _one_each(row: ReleaseRow, found: Standing, role: str, person: str) -> None:
    other = "publisher" if role == "reviewer" else "reviewer"
    signed = found.signatures.get(other)
    if (signed is not None and signed.person == person) or (role == "publisher" and row.reviewer == person):
        raise SamePerson(row.id, "signature", other)
    if role == "publisher" and found.signed_by("reviewer") is None:
        raise NotSigned(row.id, "reviewer")
