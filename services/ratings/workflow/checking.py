"""The gate of a release: what the computer finds, with what people have answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ratings.domain.checks import TITLES, Answered, Checked, CheckName, Evidence, Found, gate_digest, settled
from services.ratings.domain.working_days import day_zero
from services.ratings.models import GateAnswerRow, ReleaseRow, SignOffRow
from services.ratings.store import gate as kept
from services.ratings.store.answers import Told
from services.ratings.store.answers import told as told_first
from services.ratings.store.store import Transaction
from services.ratings.workflow.calendar import unannounced
from services.ratings.workflow.measuring import Looked
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions, Purpose
from shared.contracts.gate import Check, CheckAnswer, Gate, Signature
from shared.contracts.replay import Verdict


@dataclass(frozen=True)
class Standing:
    """What the gate of a release says at one moment."""

    row: ReleaseRow
    checks: list[Checked]
    digest: str
    answers: Mapping[str, GateAnswerRow]
    signatures: Mapping[str, SignOffRow]

    @property
    def unmet(self) -> dict[str, str]:
        """Name and title of every check that has not passed."""
        return {one.name.value: TITLES[one.name] for one in self.checks if one.state != "passed"}

    def signed_by(self, role: str) -> SignOffRow | None:
        """Whoever has signed what the gate says now."""
        found = self.signatures.get(role)
        return found if found is not None and found.gate_digest == self.digest else None

    def as_contract(self) -> Gate:
        return Gate(
            release=self.row.id, submission=self.row.submission, complete=not self.unmet, digest=self.digest,
            checks=[self._told(one) for one in self.checks],
            signatures=[
                Signature(role="reviewer" if role == "reviewer" else "publisher", person=one.person, at=one.at,
                          current=one.gate_digest == self.digest)
                for role, one in sorted(self.signatures.items(), key=lambda pair: pair[1].at)
            ],
        )  # fmt: skip

    def _told(self, one: Checked) -> Check:
        row = self.answers.get(one.name.value) if one.answer else None
        answer = CheckAnswer(passed=row.passed, note=row.note, person=row.person, at=row.at) if row else None
        return Check(check=one.name.value, title=TITLES[one.name], state=one.state, answerable=one.answerable,
                     evidence=dict(one.found.evidence), now=dict(one.found.now), answer=answer)  # fmt: skip


def gate_of(office: Office, tx: Transaction, row: ReleaseRow, looked: Looked) -> Standing:
    told = told_first(tx, row, looked.table)
    found = {
        CheckName.RESULTS: looked.results, CheckName.NUMBERS: looked.numbers, CheckName.DISCLOSURE: looked.disclosure,
        CheckName.CALIBRATION: looked.calibration, CheckName.REPLAY: _replay(tx, row),
        CheckName.WHO_OPERATED: looked.who_operated, CheckName.ASCERTAINMENT: looked.ascertainment,
        CheckName.SEEN_AGAIN: looked.seen_again, CheckName.DEFINITIONS: _definitions(office, row),
        CheckName.LEGAL_BASIS: _legal(office, row, looked.permissions),
        CheckName.PREVIEW: _preview(row, told, office.clock()),
        CheckName.QUERIES: _none_left("open", told.queries_open),
        CheckName.REPLIES: _none_left("waiting", told.replies_waiting), CheckName.OUTLIERS: _outliers(tx, row),
        CheckName.DPIA: Found("waiting"), CheckName.ANNOUNCED: _announced(tx, row),
    }  # fmt: skip
    answers, modes = kept.answers(tx, row), office.release_policy.answers
    checks = [
        settled(name, found[name], modes.get(name), _answered(answers.get(name.value)))
        for name in CheckName
    ]  # fmt: skip
    digest = gate_digest(row.id, row.submission, row.results_digest, checks)
    return Standing(row, checks, digest, answers, kept.signatures(tx, row))


def _answered(row: GateAnswerRow | None) -> Answered | None:
    return None if row is None else Answered(row.passed, row.note, row.person)


def _replay(tx: Transaction, row: ReleaseRow) -> Found:
    newest = kept.newest_verdict(tx, row.id)
    if newest is None:
        return Found("waiting", {"verdict": "none"})
    run, verdict = newest
    return Found("passed" if verdict == Verdict.SAME.value else "failed", {"verdict": verdict}, {"run": run})


def _definitions(office: Office, row: ReleaseRow) -> Found:
    """As of the day of the release, which does not move."""
    reviews = [office.catalogue[one].definition.review.next_review for one in row.indicators]
    past = sum(day < row.day for day in reviews)
    evidence: dict[str, int | float | str] = {"indicators": len(reviews), "past_review": past}
    return Found("failed" if past else "passed", evidence | ({"next_review": str(min(reviews))} if reviews else {}))


def _legal(office: Office, row: ReleaseRow, permissions: Permissions | None) -> Found:
    """How many may be named moves with every decision, which neither blocks a release nor unsigns it: the view is baked
    at the permissions of its publication."""
    wanted = {office.catalogue[one].definition.programme for one in row.indicators} - {None}
    if permissions is None:
        return Found("waiting", {"programmes": len(wanted)})
    known = [one for one in permissions.programmes if one.programme in wanted and one.purpose is Purpose.OWN_FIGURES]
    missing = len(wanted) - len({one.programme for one in known})
    now: dict[str, int | float | str] = {"named": sum(len(one.named) for one in known)}
    return Found(
        "failed" if missing else "passed", {"programmes": len(wanted), "unknown_to_consent": missing},
        now | {"consent_revision": permissions.revision},
    )  # fmt: skip


def _preview(row: ReleaseRow, told: Told, now: datetime) -> Found:
    looked: Evidence = {"subjects": told.subjects, "have_looked": told.looked}
    if row.submission == 0:
        return Found("waiting", {"submission": 0}, looked)
    until = "none" if row.window_until is None else str(row.window_until)
    evidence: Evidence = {"submission": row.submission, "window_until": until}
    return Found("waiting" if window_is_open(row, now) else "passed", evidence, looked)


def window_is_open(row: ReleaseRow, now: datetime) -> bool:
    """Whether those who are measured may still look and answer: until the end of the last day, in London."""
    return row.window_until is not None and day_zero(now) <= row.window_until


def _none_left(what: str, left: int) -> Found:
    return Found("waiting" if left else "passed", {what: left})


def _outliers(tx: Transaction, row: ReleaseRow) -> Found:
    """An open case holds nothing up: only that somebody has not been told of one, until a person says why."""
    known, untold = kept.cases(tx, row)
    return Found("waiting" if untold else "passed", {}, {"cases": known, "not_told": untold})


def _announced(tx: Transaction, row: ReleaseRow) -> Found:
    why = unannounced(tx, row)
    return Found("waiting" if why else "passed", {"day": str(row.day)})
