"""Each step of a case follows from where the case stands, and whether erasure is owed from the ground.

What hides is possible at any time, whatever stands and under every ground: it is the safe side. What may show somebody
again must find the state that it ends.
"""

from typing import Final

from services.consent.domain.facts import Basis, Word
from services.consent.domain.standing import OBJECTIONS, Standing
from shared.contracts.consent import Act, Regime

HIDES: Final = frozenset({Act.OBJECTION_RAISED, Act.OBJECTION_UPHELD, Act.RESTRICTED})
SHOWS: Final = frozenset({Act.OBJECTION_REJECTED, Act.RELEASED, Act.SIGNED_OFF})
NEUTRAL: Final = frozenset({Act.RECTIFIED})
STEPS: Final = HIDES | SHOWS | NEUTRAL
OWN: Final = frozenset({Act.OBJECTION_RAISED, Act.RESTRICTED})  # what a person may do about their own record


def why_not(act: Act, standing: Standing) -> str | None:
    """Why this step of a case is not possible now, as a sentence that says what stands; None where it is."""
    if act in {Act.OBJECTION_UPHELD, Act.OBJECTION_REJECTED} and standing.objection != "open":
        stands = "no objection was raised" if standing.objection is None else f"the objection is {standing.objection}"
        return f"Only an open objection is upheld or rejected; {stands}."
    if act is Act.RELEASED and not standing.restricted:
        return "Only what is restricted is released; nothing is restricted for this programme and purpose."
    if act is Act.SIGNED_OFF and standing.word is not Word.WITHDRAWN:
        return f"Only a withdrawal is signed off; the decision that stands is {standing.word.value}."
    return None


def stands(act: Act, standing: Standing) -> bool:
    """Whether what this step made is still so."""
    if act in OBJECTIONS:
        return standing.objection == OBJECTIONS[act]
    if act in {Act.RESTRICTED, Act.RELEASED}:
        return standing.restricted == (act is Act.RESTRICTED)
    return act is not Act.SIGNED_OFF or standing.signed_off


def why_not_erased(basis: Basis | None, standing: Standing) -> str | None:
    """Why erasure is not owed on this ground, and what can be done instead; None where it is. `basis` is the one in
    force for the person's programme and purpose, None where there is none."""
    if basis is None:
        return None
    if basis.regime is Regime.LEGAL_OBLIGATION:
        return (
            f"{basis.id} is a legal obligation, which gives no right to erasure. Restrict the record instead: it is "
            "kept, and shown to nobody."
        )
    if basis.regime is Regime.PUBLIC_TASK and standing.objection != "upheld":
        return (
            f"{basis.id} is a public task: erasure follows an objection that was upheld. Raise the objection first: "
            "the person is hidden while it is assessed."
        )
    return None
