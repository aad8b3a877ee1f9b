"""Registers and returns as files: checked first, then taken, and large returns approved by a second officer.

No file is kept between the two steps: it is asked for again, and taken only where it is the one that was checked.
"""

from typing import Annotated, Final, cast, get_args

from fastapi import APIRouter, Depends, Path, Response

from services.consent.console.words import words_of
from services.consent.problems import SamePerson, StepNotAllowed
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import holding
from services.consent.workflow import imports as verbs
from services.consent.workflow.imports import Arrived
from services.consent.workflow.office import Office
from shared.contracts.base import Printable
from shared.contracts.consent import ImportKind, ImportReport
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.console.rendering import HEADERS
from shared.kit.downloads import csv_text, download
from shared.kit.files import sha256_of
from shared.kit.problems import TooLarge, ValueNotAllowed

router: Final = APIRouter(prefix="/console/imports", include_in_schema=False, tags=["console"])
MOST_BYTES: Final = 32 * 2**20
SHOWN: Final = 100  # lines on a page; all of them are in the file
KINDS: Final = {"register": "A register: who is in which programme", "returns": "A return: what people answered"}
ZIP: Final = b"PK\x03\x04"  # how every workbook begins, and no line of column names
CRUMBS: Final = (("Start", "/console"),)
BACK: Final = (*CRUMBS, ("Files", "/console/imports"))
HEADER: Final = ("line", "what became of it", "code", "column", "expected")
OTHER_FILE: Final = "This is not the file that was checked. Choose that one, or check this one from the beginning."
Officer = Annotated[Visitor, Depends(signed_in("officer"))]
Sender = Annotated[Visitor, Depends(signed_in("officer", upload=MOST_BYTES))]
ImportId = Annotated[Printable, Path(max_length=20)]


@router.get("")
def files(visitor: Officer, office: OfficeDep) -> Response:
    return _begin(visitor, office)


@router.post("/check")
def check(visitor: Sender, office: OfficeDep) -> Response:
    """What would become of every line; nothing is changed."""
    try:
        kind = _kind(visitor.take(optional=("kind",), files=("file",)).get("kind"))
        body = visitor.form.files["file"]
        report = verbs.import_file(office, kind, _arrived(body), True, visitor.caller.name)
    except (ValueNotAllowed, TooLarge) as refused:
        return _begin(visitor, office, refused)
    return _checked(visitor, office, report, sha256_of(body))


@router.post("")
def take(visitor: Sender, office: OfficeDep) -> Response:
    """The file that was checked, and no other."""
    given = visitor.take("kind", "sha256", "check", files=("file",) if visitor.form.files else ())
    kind, body = _kind(given["kind"]), visitor.form.files.get("file", b"")
    if sha256_of(body) != given["sha256"]:
        wrong = ValueNotAllowed(OTHER_FILE, errors=[{"pointer": "file", "hint": OTHER_FILE}])
        return _checked(visitor, office, holding.report_of(office, given["check"]), given["sha256"], wrong)
    report = verbs.import_file(office, kind, _arrived(body), False, visitor.caller.name)
    return visitor.go(f"/console/imports/{report.id}")


@router.get("/{import_id}")
def report(visitor: Officer, office: OfficeDep, import_id: ImportId) -> Response:
    return _report(visitor, office, import_id)


@router.get("/{import_id}/lines", dependencies=[Depends(signed_in("officer"))])
def lines(office: OfficeDep, import_id: ImportId) -> Response:
    """Every line that was not simply taken, as CSV; nothing of what stood in it."""
    found = holding.report_of(office, import_id).problems
    rows = [(one.line, one.fate, one.code, one.column, one.expected) for one in found]
    answer = download(csv_text(HEADER, rows), f"{import_id}-lines.csv")
    answer.headers.update(HEADERS)
    return answer


@router.post("/{import_id}/approval")
def approve(
    visitor: Annotated[Visitor, Depends(signed_in("officer", fresh=True))], office: OfficeDep, import_id: ImportId
) -> Response:
    """The second person: judged again, line by line, and taken."""
    visitor.take()
    try:
        second = holding.approve(office, import_id, visitor.caller.name)
    except (SamePerson, StepNotAllowed) as refused:
        return _report(visitor, office, import_id, refused.detail)
    visitor.say("Approved: the lines that waited were judged again, and taken where nothing stands against it.")
    return visitor.go(f"/console/imports/{second.id}")


@router.post("/{import_id}/rejection")
def reject(visitor: Officer, office: OfficeDep, import_id: ImportId) -> Response:
    """What hides was recorded at once, and stays."""
    visitor.take()
    try:
        holding.reject(office, import_id, visitor.caller.name)
    except StepNotAllowed as refused:
        return _report(visitor, office, import_id, refused.detail)
    visitor.say("Rejected: the lines that waited come to nothing.")
    return visitor.go(f"/console/imports/{import_id}")


def _kind(given: str | None) -> ImportKind:
    """Raises ValueNotAllowed."""
    if given not in get_args(ImportKind):
        raise ValueNotAllowed("No such kind of file.", errors=[{"pointer": "kind", "hint": "Choose what the file is."}])
    return cast(ImportKind, given)


def _arrived(body: bytes) -> Arrived:
    """By its first bytes: what a file is called is not read."""
    return Arrived(body, "xlsx" if body.startswith(ZIP) else "csv")


def _begin(visitor: Visitor, office: Office, refused: ValueNotAllowed | TooLarge | None = None) -> Response:
    """With what was wrong, where it was `refused`."""
    wrong = [] if refused is None else list(refused.errors) or [{"pointer": "file", "hint": refused.detail}]
    named = {"file", "kind"}
    errors = [one if one.get("pointer") in named else _of_file(refused, one) for one in wrong]
    return visitor.page(
        "imports.jinja", "Files", crumbs=CRUMBS, status=422 if refused else 200, errors=errors, kinds=KINDS,
        waiting=holding.waiting_imports(office), words=words_of(office), most=MOST_BYTES // 2**20,
    )  # fmt: skip


def _of_file(refused: ValueNotAllowed | TooLarge | None, one: dict[str, str]) -> dict[str, str]:
    said = refused.detail.rstrip(".") if refused else ""
    return {"pointer": "file", "hint": f"{said}: {one['hint']}."}


def _checked(
    visitor: Visitor, office: Office, report: ImportReport, digest: str, refused: ValueNotAllowed | None = None
) -> Response:
    return visitor.page(
        "import_check.jinja", "Check before it is taken", crumbs=BACK, status=422 if refused else 200,
        errors=refused.errors if refused else [], words=words_of(office), digest=digest, **_facts(report),
    )  # fmt: skip


def _report(visitor: Visitor, office: Office, import_id: str, wrong: str = "") -> Response:
    found = holding.report_of(office, import_id)
    errors = [{"pointer": "maincontent", "hint": wrong}] if wrong else []
    return visitor.page(
        "import_report.jinja", "What became of a file", crumbs=BACK, status=409 if wrong else 200, errors=errors,
        words=words_of(office), **_facts(found),
    )  # fmt: skip


def _facts(report: ImportReport) -> dict[str, object]:
    refused = [one for one in report.problems if one.fate == "quarantined"]
    return {"report": report, "refused": refused[:SHOWN], "more": max(0, len(refused) - SHOWN), "kinds": KINDS}
