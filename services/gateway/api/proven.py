"""The record of the proof: a file of this package, written by `candour proof --record`. A test makes it again from the
publishers' files and compares, so that what is published is what this build reproduces."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from services.gateway.api.answer import About, Answer
from shared.contracts.public.parts import SelfLink
from shared.contracts.public.proof import Proof, ProofRecord

RECORD: Final = Path(__file__).with_name("proof.json")
COMMAND: Final = "candour proof"
ADDRESS: Final = "/v1/proof"


@cache
def proof_answer() -> Answer:
    """Read once. Raises OSError or ValueError (pydantic's) where the package was built without it."""
    record = ProofRecord.model_validate_json(RECORD.read_bytes())
    body = Proof(**dict(record), command=COMMAND, links=SelfLink(self=ADDRESS))
    published = datetime.fromisoformat(record.date).replace(tzinfo=UTC)
    return Answer(body.model_dump(mode="json"), About("moving", published))
