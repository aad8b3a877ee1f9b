"""By which key ratings counts what hiding somebody would hide."""

from services.consent.domain.standing import Subject
from services.consent.workflow.desk import Opened
from services.consent.workflow.office import Office
from shared.contracts.consent import Purpose
from shared.kit.problems import NotFound


def key_of(office: Office, found: Opened, programme: str, purpose: Purpose) -> str:
    """Raises NotFound where this programme or purpose does not apply to the person."""
    if found.standing(programme, purpose) is None:
        raise NotFound("This programme and purpose do not apply to this person.")
    return office.keys.key(Subject(found.alias, programme, purpose))
